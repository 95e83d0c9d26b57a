//! The chain, as this program uses it: one trait, its client over JSON-RPC, and the operator's deployment. Nothing else
//! imports the library beneath. What the seed product calls `sendSignedTransaction` is [`Chain::send_raw`]; its
//! `signTransaction` is `ttalkak_escrow::tx`. Deliberately absent: when and what to send (`logic::outbox`,
//! `jobs::send`), and what events mean for money.

mod call;
mod decode;
pub mod deploy;
mod endpoint;
mod error;
mod rpc;
mod wire;

pub use crate::logic::chain::{
    AgreementState, ChainFacts, EscrowEvent, EscrowLog, Fees, Head, MandateState, Receipt,
};
pub use error::{ChainError, Retry};
pub use rpc::{Rpc, RpcConfig};

use futures_util::future::BoxFuture;
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress};

/// What calls of this room return. Each has a deadline of its own.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ChainError>>;

/// A chain with the escrow contract on it. `at`: a block's number, or `None` for the newest.
pub trait Chain: Send + Sync {
    /// The newest block that the nodes agree on.
    fn head(&self) -> Answer<'_, Head>;
    /// What must not change. Errors: `Mismatch` when the chain, the contract or its meter is not the one configured.
    fn check(&self) -> Answer<'_, ChainFacts>;
    /// All events of the contract in the blocks `from..=to`, in order. Errors: `NotFound` when `to` is not there yet.
    fn events(&self, from: u64, to: u64) -> Answer<'_, Vec<EscrowLog>>;
    /// A tenant's free balance of the configured token.
    fn free(&self, tenant: EvmAddress, at: Option<u64>) -> Answer<'_, Amount>;
    /// An agreement.
    fn agreement(&self, key: ChainHash, at: Option<u64>) -> Answer<'_, AgreementState>;
    /// What somebody has earned and was not paid yet, of the configured token.
    fn credit(&self, payee: EvmAddress, at: Option<u64>) -> Answer<'_, Amount>;
    /// Number of the batch settled last.
    fn last_batch(&self, at: Option<u64>) -> Answer<'_, u64>;
    /// How far a mandate is used.
    fn mandate_used(&self, id: ChainHash, at: Option<u64>) -> Answer<'_, MandateState>;
    /// Runs a call to the contract and forgets it; the gas it needs. Errors: `Reverted`.
    fn simulate<'a>(&'a self, from: EvmAddress, input: &'a [u8]) -> Answer<'a, u64>;
    /// How many transactions of this sender are in blocks; the next one's nonce.
    fn nonce(&self, sender: EvmAddress, at: Option<u64>) -> Answer<'_, u64>;
    /// What gas costs now.
    fn fees(&self) -> Answer<'_, Fees>;
    /// Coin for gas, wei.
    fn gas_balance(&self, of: EvmAddress) -> Answer<'_, u128>;
    /// Hands a signed transaction to every node that listens; its hash. Errors: `Refused` with the node's words.
    fn send_raw<'a>(&'a self, raw: &'a [u8]) -> Answer<'a, ChainHash>;
    /// The receipt of a transaction in a block; `None` while it is in none.
    fn receipt(&self, tx: ChainHash) -> Answer<'_, Option<Receipt>>;
    /// Name of the block at this height; `None` above the head.
    fn block_hash(&self, number: u64) -> Answer<'_, Option<ChainHash>>;
}
