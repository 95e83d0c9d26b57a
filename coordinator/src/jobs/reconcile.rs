//! Compares what should be equal: kept balances with a replay of the journal, and the books with the contract as it
//! stood at the block up to which its events were read. Reports and changes nothing: a difference is a fault that a
//! person must find. Deliberately absent: the contract's whole holdings, which anybody may add to.

use super::settle::SettleError;
use crate::{
    chain::Chain,
    ledger::{
        Account, Ledger,
        reconcile::{Difference, Place, View, compare},
    },
    money::Money,
    store::{Store, journal::Unbalanced},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    money::{Amount, EvmAddress},
};

/// Compared again after this. Each comparison asks the chain about every tenant, agreement and payee.
const EVERY: Duration = Duration::from_secs(3600);
/// Looked again when nothing of the chain was read yet, or it moved on meanwhile.
const SOON: Duration = Duration::from_secs(5);

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Kept balances that are no replay of the journal.
    pub unbalanced: Vec<Unbalanced>,
    /// Where books and contract differ.
    pub differences: Vec<Difference>,
}

impl Findings {
    /// As people who ask for the coordinator's health read it.
    pub fn problems(&self) -> Vec<Problem> {
        let told = |count: usize, what: &str| {
            let next =
                "The coordinator's log names each one; compare them before anything is settled by hand.";
            (count > 0).then(|| {
                Problem::new(ErrorCode::Internal, what.replace('#', &count.to_string())).with_next(next)
            })
        };
        let unbalanced = told(self.unbalanced.len(), "# balance(s) are not what the journal comes to.");
        let differences = told(self.differences.len(), "Books and contract differ at # place(s).");
        unbalanced.into_iter().chain(differences).collect()
    }
}

/// Runs until shutdown: at the start, and then at times.
pub async fn run(store: Store, money: Arc<Money>, chain: Arc<dyn Chain>, shutdown: CancellationToken) {
    loop {
        let wait = match look(&store, &*chain, money.facts.fee_to).await {
            Ok(Some(findings)) => {
                report(&findings);
                money.note_findings(findings.problems());
                EVERY
            }
            Ok(None) => SOON,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "books and chain are compared later"
                );
                SOON * 12
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Compares once. `None`: nothing was read of the chain yet, or its events moved on in the middle.
pub(super) async fn look(
    store: &Store,
    chain: &dyn Chain,
    fee_to: EvmAddress,
) -> Result<Option<Findings>, SettleError> {
    let unbalanced = store.unbalanced().await?;
    let Some(mark) = store.chain_mark().await? else { return Ok(None) };
    let ledger = Ledger::of(store.balances_like("").await?);
    let (holds, wallets) = (store.owners_of_holds().await?, store.wallets().await?);
    let keys = store.keys_on_chain().await?;
    let mut there = BTreeMap::new();
    for (account, wallet) in wallets {
        there.insert(Place::Free(account), chain.free(wallet, Some(mark.block)).await?);
    }
    for (agreement, key) in keys {
        let state = chain.agreement(key, Some(mark.block)).await?;
        there.insert(Place::Agreement(agreement), state.cap.saturating_sub(state.claimed));
    }
    let payees = ledger.balances().filter_map(|(account, _)| payee(account)).chain([fee_to]);
    for payee in payees.collect::<std::collections::BTreeSet<_>>() {
        there.insert(Place::Credit(payee), chain.credit(payee, Some(mark.block)).await?);
    }
    if store.chain_mark().await? != Some(mark) {
        return Ok(None);
    }
    let mut here = View::of_ledger(&ledger, &holds, fee_to);
    here.0.remove(&Place::Holdings);
    there.retain(|_, amount| *amount > Amount::ZERO);
    Ok(Some(Findings { unbalanced, differences: compare(&here, &View(there)) }))
}

fn payee(account: Account) -> Option<EvmAddress> {
    match account {
        Account::Credit(payee) => Some(payee),
        Account::Free(_)
        | Account::Hold(_)
        | Account::Locked(_)
        | Account::Accrued(_)
        | Account::FeeCredit
        | Account::Chain => None,
    }
}

fn report(findings: &Findings) {
    let Findings { unbalanced, differences } = findings;
    for Unbalanced { account, kept, replayed } in unbalanced {
        tracing::error!(code = "balance_unreplayed", %account, kept, replayed, "the balance of {account} is {kept}, and its replay {replayed}");
    }
    for Difference { place, ledger, chain } in differences {
        tracing::error!(code = "books_differ", ?place, %ledger, %chain, "books and contract differ at {place:?}: {ledger} here, {chain} there");
    }
    if unbalanced.is_empty() && differences.is_empty() {
        tracing::info!("books and contract agree");
    }
}

#[cfg(test)]
mod tests;
