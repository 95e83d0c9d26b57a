//! Books against contract, place by place, as they both stood after one final block. A report, not a mend: the books are
//! made of the contract's events, so a difference is a fault to be found.

use super::{Account, Ledger};
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    id::{AccountId, AgreementId, HoldId},
    money::{Amount, EvmAddress},
};

/// A sum that both sides keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A tenant's `free` on chain; in the books its free money and its open holds.
    Free(AccountId),
    /// `cap - claimed` on chain, nothing once closed; in the books what is locked and what is accrued.
    Agreement(AgreementId),
    /// `credit` on chain; in the books credit, and the platform's share for whoever collects it.
    Credit(EvmAddress),
    /// The contract's token balance.
    Holdings,
    /// A hold that belongs to no tenant.
    Stray(HoldId),
}

/// One side's sums; a place that is absent has nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View(pub BTreeMap<Place, Amount>);

/// A place where the sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub place: Place,
    /// In the books.
    pub ledger: Amount,
    /// On chain.
    pub chain: Amount,
}

impl View {
    /// The books' side. `holds`: whose each open hold is; `fee_to`: who collects the platform's share.
    pub fn of_ledger(ledger: &Ledger, holds: &BTreeMap<HoldId, AccountId>, fee_to: EvmAddress) -> Self {
        let mut sums: BTreeMap<Place, Amount> = BTreeMap::new();
        for (account, balance) in ledger.balances() {
            let place = match account {
                Account::Free(tenant) => Place::Free(tenant),
                Account::Hold(hold) => {
                    holds.get(&hold).map_or(Place::Stray(hold), |tenant| Place::Free(*tenant))
                }
                Account::Locked(agreement) | Account::Accrued(agreement) => Place::Agreement(agreement),
                Account::Credit(payee) => Place::Credit(payee),
                Account::FeeCredit => Place::Credit(fee_to),
                Account::Chain => Place::Holdings,
            };
            let sum = sums.entry(place).or_default();
            *sum = Amount(sum.0.saturating_add(balance.unsigned_abs()));
        }
        Self(sums)
    }

    /// What a place has.
    pub fn at(&self, place: Place) -> Amount {
        self.0.get(&place).copied().unwrap_or_default()
    }
}

/// Where books and contract differ, ordered by place. The contract may hold more than the books know: anybody can send
/// it tokens, and deposit for a wallet that no account has. It may never hold less.
pub fn compare(ledger: &View, chain: &View) -> Vec<Difference> {
    let places: BTreeSet<Place> = ledger.0.keys().chain(chain.0.keys()).copied().collect();
    let sides = places.into_iter().map(|place| Difference {
        place,
        ledger: ledger.at(place),
        chain: chain.at(place),
    });
    sides
        .filter(|Difference { place, ledger, chain }| match place {
            Place::Holdings => chain < ledger,
            Place::Free(_) | Place::Agreement(_) | Place::Credit(_) | Place::Stray(_) => chain != ledger,
        })
        .collect()
}

#[cfg(test)]
mod tests;
