//! The books: who has how much money, as a double-entry journal. Every entry moves money between accounts and sums to
//! zero; a balance is a replay of all entries, and none but the chain's own goes below zero. Deliberately absent: SQL,
//! the chain, clocks, prices, and any entry that corrects another by hand.

pub mod account;
pub mod entry;
pub mod error;
pub mod hold;
pub mod key;
pub mod reason;
pub mod reconcile;
pub mod replay;
pub mod write;

pub use account::Account;
pub use entry::{Entry, Posting};
pub use error::LedgerError;
pub use key::EntryKey;
pub use reason::Reason;
pub use replay::Ledger;

#[cfg(test)]
pub(crate) mod tests;
