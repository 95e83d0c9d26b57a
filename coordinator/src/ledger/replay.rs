//! Balances as what they are: all entries, one after the other.

use super::{Account, Entry, LedgerError, entry::Posting};
use std::collections::BTreeMap;
use ttalkak_protocol::money::Amount;

/// Every account's balance. An account that is not named has nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    balances: BTreeMap<Account, i128>,
}

impl Ledger {
    /// Books with these balances, such as a few accounts that an entry is about.
    pub fn of(balances: impl IntoIterator<Item = (Account, i128)>) -> Self {
        Self { balances: balances.into_iter().filter(|(_, amount)| *amount != 0).collect() }
    }

    /// Adds an entry. On an error nothing has changed.
    /// Errors: `Overdrawn` when an account other than the chain's would be below zero, `TooMuch`.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        let after = entry.postings().iter().map(|posting| self.after(posting, entry));
        let after: Vec<(Account, i128)> = after.collect::<Result<_, _>>()?;
        for (account, balance) in after {
            // Accounts of finished holds and agreements are many, and nobody asks for them again.
            if balance == 0 {
                self.balances.remove(&account);
            } else {
                self.balances.insert(account, balance);
            }
        }
        Ok(())
    }

    fn after(&self, posting: &Posting, entry: &Entry) -> Result<(Account, i128), LedgerError> {
        let Posting { account, amount } = *posting;
        let balance = self.balance(account).checked_add(amount).ok_or(LedgerError::TooMuch)?;
        if balance < 0 && !account.may_be_negative() {
            let (short, reason) = (balance.unsigned_abs(), entry.reason());
            return Err(LedgerError::Overdrawn { account, short, reason });
        }
        Ok((account, balance))
    }

    /// With its sign.
    pub fn balance(&self, account: Account) -> i128 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    /// Without its sign: what the account has; of the chain's, what the contract holds.
    pub fn amount(&self, account: Account) -> Amount {
        Amount(self.balance(account).unsigned_abs())
    }

    /// All accounts that have something, ordered.
    pub fn balances(&self) -> impl Iterator<Item = (Account, i128)> + '_ {
        self.balances.iter().map(|(account, amount)| (*account, *amount))
    }

    /// All balances together: zero, or the books are wrong.
    pub fn sum(&self) -> i128 {
        self.balances.values().sum()
    }
}
