//! A transaction from wish to receipt: prepared (nonce, gas, fees), shown, signed here, sent, waited for.

use super::{Chain, ChainFault, Fees, Receipt, wire};
use crate::wire::{Head, Quantity};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;
use ttalkak_escrow::{Key, tx::Eip1559};
use ttalkak_protocol::money::{ChainHash, EvmAddress};

/// How long to look for a receipt. Chains that this is for make a block every 2 to 12 s.
const RECEIPT_WITHIN: Duration = Duration::from_secs(300);
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LOOK_MAX: Duration = Duration::from_secs(2);
/// The state may change between estimate and block: a fifth more gas may be used, and only what is used is paid.
const GAS_ROOM_PERCENT: u64 = 120;

/// What a transaction is to do.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Which contract.
    pub to: EvmAddress,
    /// The chain's own coin, in wei.
    pub value: u128,
    /// Call data.
    pub input: Vec<u8>,
}

/// A transaction that only needs its signature.
#[derive(Debug, Clone)]
pub struct Prepared {
    transaction: Eip1559,
}

impl Prepared {
    /// The most that it can cost in fees, in wei.
    pub fn fee_max(&self) -> u128 {
        u128::from(self.transaction.gas_limit).saturating_mul(self.transaction.max_fee)
    }

    /// The same for a sender that sends `by` others first: they were prepared against one state.
    #[must_use]
    pub fn later(&self, by: u64) -> Self {
        let transaction = Eip1559 { nonce: self.transaction.nonce + by, ..self.transaction.clone() };
        Self { transaction }
    }
}

impl Chain {
    /// Asks what a transaction needs. Errors: the contract would refuse it, or the chain does not answer.
    pub async fn prepare(
        &self,
        chain_id: u64,
        from: EvmAddress,
        intent: &Intent,
    ) -> Result<Prepared, ChainFault> {
        let Intent { to, value, input } = intent;
        let call =
            json!({ "from": from, "to": to, "value": wire::quantity(*value), "input": wire::hex(input) });
        let nonce: Quantity = self.ask("eth_getTransactionCount", json!([from, "pending"])).await?;
        let gas: Quantity = self.ask("eth_estimateGas", json!([call])).await?;
        let fees = self.fees().await?;
        let transaction = Eip1559 {
            chain_id,
            nonce: nonce.small()?,
            gas_limit: gas.small()?.saturating_mul(GAS_ROOM_PERCENT) / 100,
            max_fee: fees.max,
            tip: fees.tip,
            to: Some(*to),
            value: *value,
            input: input.clone(),
        };
        Ok(Prepared { transaction })
    }

    /// What to offer for gas now.
    pub async fn fees(&self) -> Result<Fees, ChainFault> {
        let head: Head = self.ask("eth_getBlockByNumber", json!(["latest", false])).await?;
        let base = head.base_fee_per_gas.map_or(0, |base| base.0);
        // An endpoint that has no opinion about tips gets by without one.
        let tip = match self.ask::<Quantity>("eth_maxPriorityFeePerGas", json!([])).await {
            Ok(tip) => tip.0,
            Err(_) => 0,
        };
        Ok(Fees::over(base, tip))
    }

    /// Signs and sends. Returns the hash. Errors: the endpoint refuses.
    pub async fn send(&self, prepared: &Prepared, key: &Key) -> Result<ChainHash, ChainFault> {
        let signed = prepared.transaction.sign(key);
        match self.ask::<ChainHash>("eth_sendRawTransaction", json!([wire::hex(&signed.raw)])).await {
            Ok(_) => Ok(signed.hash),
            // The first try arrived and its answer was lost.
            Err(ChainFault::Refused { message }) if message.contains("already known") => Ok(signed.hash),
            Err(error) => Err(error),
        }
    }

    /// Waits until it is in a block and did what it was to do.
    /// Errors: `Waiting` when it takes too long, `Failed` when it failed there.
    pub async fn mined(&self, hash: ChainHash) -> Result<Receipt, ChainFault> {
        let begin = Instant::now();
        let mut pause = FIRST_LOOK;
        while begin.elapsed() < RECEIPT_WITHIN {
            match self.receipt(hash).await {
                Ok(Some(receipt)) if receipt.succeeded() => return Ok(receipt),
                Ok(Some(_)) => return Err(ChainFault::Failed { hash }),
                // An endpoint that is away for a moment does not undo what was sent.
                Ok(None) | Err(ChainFault::Unreachable { .. }) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_MAX);
        }
        Err(ChainFault::Waiting { hash })
    }
}
