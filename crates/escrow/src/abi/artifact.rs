//! The committed output of the Solidity compiler, and what is sent to bring a contract onto a chain.

use super::bindings::TtalkakEscrow;
use crate::address::inner;
use alloy_sol_types::SolConstructor as _;
use ttalkak_protocol::money::EvmAddress;

/// `{"abi": [...], "bytecode": "0x..."}` of the escrow.
pub const ESCROW_ARTIFACT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/artifacts/TtalkakEscrow.json"));
/// The same of the development token.
pub const TOKEN_ARTIFACT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contracts/artifacts/DevToken.json"));

/// Input of the transaction that creates the escrow (its `to` is absent).
/// `guardian`: zero when nobody shall ever replace the meter or pause. `fee_bps`: 1000 at most, or it reverts.
pub fn deploy_escrow(meter: EvmAddress, guardian: EvmAddress, fee_to: EvmAddress, fee_bps: u16) -> Vec<u8> {
    let arguments = TtalkakEscrow::constructorCall {
        meter: inner(meter),
        guardian: inner(guardian),
        feeTo: inner(fee_to),
        feeBps: fee_bps,
    };
    [bytecode(ESCROW_ARTIFACT), arguments.abi_encode()].concat()
}

/// Input of the transaction that creates the development token.
pub fn deploy_token() -> Vec<u8> {
    bytecode(TOKEN_ARTIFACT)
}

fn bytecode(artifact: &str) -> Vec<u8> {
    let artifact: serde_json::Value = serde_json::from_str(artifact).expect("committed artifacts are JSON");
    let digits = artifact["bytecode"].as_str().and_then(|text| text.strip_prefix("0x"));
    let code = digits.and_then(|digits| hex::decode(digits).ok());
    code.expect("committed artifacts have their bytecode in hex")
}
