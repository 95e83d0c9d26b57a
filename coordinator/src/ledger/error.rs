//! What is refused by the books. None of it is a matter of trying again.

use super::{Account, Reason};

/// An entry that cannot stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Money would be made or lost.
    #[error("the postings of a {reason} come to {sum} instead of zero")]
    Unbalanced {
        /// Of which kind of entry.
        reason: Reason,
        /// What they come to.
        sum: i128,
    },
    /// Such an entry does not touch that account in this direction.
    #[error("a {reason} does not move {amount} on {account}")]
    Misplaced {
        /// Of which kind of entry.
        reason: Reason,
        /// Where.
        account: Account,
        /// How much, with its sign.
        amount: i128,
    },
    /// No contract holds so much.
    #[error("an amount is beyond what a contract can hold")]
    TooMuch,
    /// The account has less than would be taken.
    #[error("{account} is {short} short of what a {reason} takes")]
    Overdrawn {
        /// Which account.
        account: Account,
        /// By how much.
        short: u128,
        /// What for.
        reason: Reason,
    },
    /// The key stands for another entry already.
    #[error("the key {key} was used for another entry")]
    KeyReused {
        /// Which key.
        key: String,
    },
}
