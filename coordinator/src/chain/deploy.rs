//! The operator's deployment of the contracts, from the artifacts that are part of this program. Deliberately absent:
//! upgrades (a new version is a new address) and verification at block explorers.

use super::{ChainError, Fees, Receipt, Rpc, RpcConfig, rpc::not_found};
use crate::logic::outbox::max_fee;
use alloy::{
    primitives::{Address, U64},
    sol_types::SolConstructor as _,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;
use ttalkak_escrow::{Key, abi::TtalkakEscrow, tx::Eip1559};
use ttalkak_protocol::money::{ChainHash, EvmAddress};
use url::Url;

const ESCROW: &str = include_str!("../../../contracts/artifacts/TtalkakEscrow.json");
const TOKEN: &str = include_str!("../../../contracts/artifacts/DevToken.json");
/// A chain makes a block in seconds; who waits longer than this has offered too little.
const MINED: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(250);

/// What to deploy.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Replaces the meter and pauses; zero: nobody ever.
    pub guardian: EvmAddress,
    /// Whose credit the fee is.
    pub fee_to: EvmAddress,
    /// In 1/10000, 1000 at most.
    pub fee_bps: u16,
    /// Also deploy the worthless token of development chains.
    pub with_dev_token: bool,
}

/// What stands on the chain now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployed {
    /// The contract.
    pub escrow: EvmAddress,
    /// The development token, when one was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<EvmAddress>,
    /// EIP-155 id.
    pub chain_id: u64,
    /// Whose key deployed, signs vouchers and settles.
    pub meter: EvmAddress,
    /// The block of the contract: nothing before it needs to be read.
    pub block: u64,
}

/// Why a deployment did not come about.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The chain.
    #[error("ask the chain")]
    Chain(#[from] ChainError),
    /// The chain undid it.
    #[error("the chain refused to create {what} in {tx}")]
    Undone {
        /// Which contract.
        what: &'static str,
        /// The transaction.
        tx: ChainHash,
    },
    /// It was sent and is in no block yet.
    #[error("{what} was sent as {tx} and is in no block yet; look again later")]
    Waiting {
        /// Which contract.
        what: &'static str,
        /// The transaction.
        tx: ChainHash,
    },
}

#[derive(Deserialize)]
struct Artifact {
    bytecode: String,
}

/// Deploys with the key that will be the meter; waits until all is in blocks.
pub async fn deploy(url: Url, key: &Key, wanted: Wanted) -> Result<Deployed, DeployError> {
    let chain_id = chain_id(&url).await?;
    let rpc = Rpc::new(RpcConfig::new(vec![url], chain_id, EvmAddress::ZERO, EvmAddress::ZERO));
    let meter = key.address();
    let address = |address: EvmAddress| Address::from(address.0);
    let arguments = TtalkakEscrow::constructorCall {
        meter: address(meter),
        guardian: address(wanted.guardian),
        feeTo: address(wanted.fee_to),
        feeBps: wanted.fee_bps,
    };
    let code = [code(ESCROW), arguments.abi_encode()].concat();
    let (escrow, receipt) = create(&rpc, key, "TtalkakEscrow", code).await?;
    let token = if wanted.with_dev_token {
        Some(create(&rpc, key, "DevToken", code_of_token()).await?.0)
    } else {
        None
    };
    Ok(Deployed { escrow, token, chain_id, meter, block: receipt.block })
}

/// The id that a node tells.
pub async fn chain_id(url: &Url) -> Result<u64, ChainError> {
    let config = RpcConfig::new(vec![url.clone()], 0, EvmAddress::ZERO, EvmAddress::ZERO);
    let endpoint = super::endpoint::Endpoint::new(url, config.deadline);
    let id: U64 = endpoint.call("eth_chainId", json!([])).await?;
    Ok(id.to())
}

async fn create(
    rpc: &Rpc,
    key: &Key,
    what: &'static str,
    input: Vec<u8>,
) -> Result<(EvmAddress, Receipt), DeployError> {
    use super::Chain as _;
    let sender = key.address();
    let gas = rpc.estimate(sender, None, &input).await?;
    let fees: Fees = rpc.fees().await?;
    let tx = Eip1559 {
        chain_id: rpc.config.chain_id,
        nonce: rpc.nonce(sender, None).await?,
        gas_limit: gas + gas / 5,
        max_fee: max_fee(&fees),
        tip: fees.tip,
        to: None,
        value: 0,
        input,
    };
    let hash = rpc.send_raw(&tx.sign(key).raw).await?;
    let deadline = tokio::time::Instant::now() + MINED;
    while tokio::time::Instant::now() < deadline {
        match rpc.raw_receipt(hash).await? {
            Some((receipt, Some(address))) if receipt.succeeded => return Ok((address, receipt)),
            Some((receipt, _)) if !receipt.succeeded => return Err(DeployError::Undone { what, tx: hash }),
            Some(_) => return Err(not_found("address of what was created").into()),
            None => tokio::time::sleep(LOOK).await,
        }
    }
    Err(DeployError::Waiting { what, tx: hash })
}

fn code_of_token() -> Vec<u8> {
    code(TOKEN)
}

fn code(artifact: &str) -> Vec<u8> {
    let artifact: Artifact =
        serde_json::from_str(artifact).expect("our artifacts have bytecode; a test reads them");
    let digits = artifact.bytecode.trim_start_matches("0x");
    hex::decode(digits).expect("bytecode is hex; a test reads it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_artifacts_within_the_program_hold_code() {
        for artifact in [ESCROW, TOKEN] {
            let code = code(artifact);
            // EIP-3860: code that creates may have 49,152 bytes.
            assert!((1_000..49_152).contains(&code.len()), "{} bytes", code.len());
        }
    }
}
