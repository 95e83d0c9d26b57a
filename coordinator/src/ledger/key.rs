//! Keys of entries. One fact has one key, whoever tells it and however often; a key is used once, for ever.

use std::fmt;
use ttalkak_protocol::id::{AgreementId, HoldId};

/// What an entry is the record of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKey {
    /// A final event of the contract: a deposit, a withdrawal, a lock that the tenant sent, a claim, a payout, a close.
    Chain {
        /// Its block.
        block: u64,
        /// Its place among the logs of the block.
        log: u64,
    },
    /// A hold is made.
    Hold(HoldId),
    /// A hold's lock stands on chain.
    HoldPost(HoldId),
    /// A hold, or what is left of it after its lock, is undone.
    HoldVoid(HoldId),
    /// The charge of one reading.
    Charge {
        /// Under which agreement.
        agreement: AgreementId,
        /// The reading's number there.
        seq: u64,
    },
    /// What one batch paid for one agreement, or, in one entry, for this and others of the same payee.
    Settle {
        /// Number of the batch on chain.
        batch: u64,
        /// The agreement; of several, the first.
        agreement: AgreementId,
    },
    /// What an agreement's close left unpaid.
    Lost(AgreementId),
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain { block, log } => write!(f, "chain:{block}:{log}"),
            Self::Hold(hold) => write!(f, "hold:{hold}"),
            Self::HoldPost(hold) => write!(f, "hold_post:{hold}"),
            Self::HoldVoid(hold) => write!(f, "hold_void:{hold}"),
            Self::Charge { agreement, seq } => write!(f, "charge:{agreement}:{seq}"),
            Self::Settle { batch, agreement } => write!(f, "settle:{batch}:{agreement}"),
            Self::Lost(agreement) => write!(f, "lost:{agreement}"),
        }
    }
}
