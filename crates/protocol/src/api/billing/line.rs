//! One settlement of an agreement on chain.

use crate::{
    money::{Amount, ChainHash},
    unit::UnixMillis,
};
use serde::{Deserialize, Serialize};

/// One agreement in one batch on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettlementLine {
    /// Number of the batch.
    pub batch: u64,
    /// Settled in all after it.
    pub cumulative: Amount,
    /// The transaction.
    pub transaction: ChainHash,
    /// Its block.
    pub block: u64,
    /// When the coordinator sent it; absent for a claim that the provider sent itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<UnixMillis>,
}
