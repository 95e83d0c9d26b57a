//! The few fields that are read of a node's JSON answers. Fewer than the library's own types have, so that a chain with
//! other kinds of transactions is read all the same.

use alloy::primitives::{Address, B256, Bytes, U64, U128};
use serde::Deserialize;

/// A block's header.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Block {
    pub(super) number: U64,
    pub(super) hash: B256,
    pub(super) timestamp: U64,
    pub(super) base_fee_per_gas: Option<U128>,
}

/// A receipt.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawReceipt {
    pub(super) status: U64,
    pub(super) block_number: U64,
    pub(super) block_hash: B256,
    pub(super) gas_used: U64,
    #[serde(default)]
    pub(super) effective_gas_price: U128,
    pub(super) contract_address: Option<Address>,
}

/// A log entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawLog {
    pub(super) address: Address,
    pub(super) topics: Vec<B256>,
    pub(super) data: Bytes,
    pub(super) block_number: U64,
    pub(super) block_hash: B256,
    pub(super) log_index: U64,
    pub(super) transaction_hash: B256,
    #[serde(default)]
    pub(super) removed: bool,
}
