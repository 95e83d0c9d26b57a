//! An entry of the journal: postings that sum to zero, and why.

use super::{Account, LedgerError, Reason};
use std::collections::BTreeMap;
use ttalkak_protocol::money::Amount;

/// A signed amount on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// Base units: above zero adds, below takes. Never zero in an [`Entry`].
    pub amount: i128,
}

/// Money that moves at once. Only [`Entry::new`] makes one, so every entry is balanced and fits its reason. The
/// functions of [`super::write`] are the ones to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    reason: Reason,
    postings: Vec<Posting>,
}

impl Entry {
    /// Postings on one account are joined, those of nothing left out, the rest ordered by account; so equal facts make
    /// equal entries. None at all is a proper entry: a charge of nothing uses its key up like any other.
    /// Errors: `TooMuch`, `Misplaced`, `Unbalanced`.
    pub fn new(reason: Reason, postings: impl IntoIterator<Item = Posting>) -> Result<Self, LedgerError> {
        let mut joined: BTreeMap<Account, i128> = BTreeMap::new();
        for Posting { account, amount } in postings {
            let sum = joined.entry(account).or_default();
            *sum = sum.checked_add(amount).ok_or(LedgerError::TooMuch)?;
        }
        joined.retain(|_, amount| *amount != 0);
        let mut sum = 0_i128;
        for (&account, &amount) in &joined {
            if amount.unsigned_abs() > Amount::MAX.0 {
                return Err(LedgerError::TooMuch);
            }
            let fits = if amount > 0 { reason.adds_to(account) } else { reason.takes_from(account) };
            if !fits {
                return Err(LedgerError::Misplaced { reason, account, amount });
            }
            sum = sum.checked_add(amount).ok_or(LedgerError::TooMuch)?;
        }
        if sum != 0 {
            return Err(LedgerError::Unbalanced { reason, sum });
        }
        let postings = joined.into_iter().map(|(account, amount)| Posting { account, amount }).collect();
        Ok(Self { reason, postings })
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What moves, ordered by account, each account once.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }
}
