//! Why a call was refused, in one word for logs and decisions.

use super::bindings::{DevToken::DevTokenErrors, TtalkakEscrow::TtalkakEscrowErrors};
use alloy_sol_types::{Panic, Revert, SolError as _, SolInterface as _};

/// The name of what a contract reverted with: a custom error with its arguments (`OverBound { id: 0x… }`), the text of a
/// `require`, `Panic(0x11)`, or the first four bytes when it is none of ours. Empty data (out of gas, no contract, a bare
/// revert) is `no reason`.
pub fn revert_name(data: &[u8]) -> String {
    if let Ok(error) = TtalkakEscrowErrors::abi_decode(data) {
        return inside(&format!("{error:?}"));
    }
    if let Ok(error) = DevTokenErrors::abi_decode(data) {
        return inside(&format!("{error:?}"));
    }
    if let Ok(revert) = Revert::abi_decode(data) {
        return revert.reason;
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return format!("Panic({:#x})", panic.code);
    }
    data.get(..4).map_or_else(|| "no reason".to_owned(), |selector| format!("0x{}", hex::encode(selector)))
}

/// `OverBound(OverBound { id: … })` names the error twice.
fn inside(debug: &str) -> String {
    let inner = debug.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(debug).to_owned()
}
