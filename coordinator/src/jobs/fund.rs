//! Keeps the caps of running deployments high enough, out of their tenants' free money and within their mandates; and
//! gives back what was set aside for locks that will not come. Deliberately absent: deciding how much (`logic::funding`).

use super::settle::SettleError;
use crate::{
    chain::Chain,
    clock,
    ledger::{Account, EntryKey, LedgerError, write},
    logic::funding::{InUse, Raise, allowed, is_current, permits, raises},
    money::Money,
    store::{
        Store, StoreError, agreement,
        hold::{self, HoldState},
        journal::journal_append,
        mandate::MandateRow,
        opening::{set_aside, want_lock},
        purse::PurseRow,
    },
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    api::billing::AgreementState,
    id::{AccountId, AgreementId},
    money::Amount,
    unit::UnixMillis,
};

/// How often caps are looked at: often enough for the shortest lock that can be set.
const LOOK: Duration = Duration::from_secs(5);
/// A raise that failed is tried again after this, ms.
const TRY_AGAIN: i64 = 60_000;

/// Runs until shutdown.
pub async fn run(store: Store, money: Arc<Money>, chain: Arc<dyn Chain>, shutdown: CancellationToken) {
    loop {
        if let Err(error) = look(&store, &money, &*chain, clock::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "raising caps is tried again");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// One look at all of it.
pub(super) async fn look(
    store: &Store,
    money: &Money,
    chain: &dyn Chain,
    now: UnixMillis,
) -> Result<(), SettleError> {
    give_back(store, now).await?;
    let failed = store.failed_opens(UnixMillis(now.0.saturating_sub(TRY_AGAIN))).await?;
    for (account, purses) in store.purses().await? {
        let Some(mandate) = store.mandate_in_force(account).await? else { continue };
        if is_current(&mandate.mandate, now) {
            raise_for(store, money, chain, (account, &mandate, &purses, &failed), now).await?;
        }
    }
    Ok(())
}

async fn raise_for(
    store: &Store,
    money: &Money,
    chain: &dyn Chain,
    (account, mandate, purses, failed): (AccountId, &MandateRow, &[PurseRow], &BTreeSet<AgreementId>),
    now: UnixMillis,
) -> Result<(), SettleError> {
    let mut in_use: Vec<InUse> = purses.iter().filter_map(|purse| in_use(purse, mandate)).collect();
    in_use.retain(|one| !failed.contains(&one.agreement));
    let free = store.balance(Account::Free(account)).await?;
    let wanted = |allowed| raises(&in_use, free, allowed, money.config.lock_for, now);
    // The contract is asked only when there is something to raise.
    if wanted(Amount::MAX).is_empty() {
        return Ok(());
    }
    let used = chain.mandate_used(mandate.id, None).await?;
    if used.revoked {
        return Ok(());
    }
    let pending = store.pending_holds(account).await?;
    let pending = pending.iter().fold(0_u128, |sum, hold| sum.saturating_add(hold.amount.0));
    let raises = wanted(allowed(&mandate.mandate, (used.used, used.window), Amount(pending), now));
    if raises.is_empty() {
        return Ok(());
    }
    match raise(store, (account, mandate), &raises, now).await {
        // Somebody spent it in the same moment.
        Err(StoreError::Ledger(LedgerError::Overdrawn { .. })) => Ok(()),
        other => Ok(other?),
    }
}

fn in_use(purse: &PurseRow, mandate: &MandateRow) -> Option<InUse> {
    let row = purse.agreement.as_ref().filter(|_| purse.runs())?;
    let open = row.state == AgreementState::Open && permits(&mandate.mandate, &row.terms);
    open.then_some(InUse {
        agreement: row.id,
        cap: row.cap,
        pending: purse.pending,
        charged: row.charged,
        rate_per_hour: row.terms.rate_per_hour,
        expiry: row.terms.expiry,
    })
}

/// Sets the money aside and wants the calls, in one commit.
async fn raise(
    store: &Store,
    (account, mandate): (AccountId, &MandateRow),
    raises: &[Raise],
    now: UnixMillis,
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    for raise in raises {
        let Some(row) = agreement::find(&mut tx, raise.agreement).await? else { continue };
        if row.state != AgreementState::Open {
            continue;
        }
        let hold = set_aside(&mut tx, (account, Some(row.id), None), raise.by, now).await?;
        want_lock(&mut tx, (row.id, hold), &row.terms, raise.cap, mandate, now).await?;
        tracing::info!(agreement.id = %row.id, by = %raise.by, cap = %raise.cap, "raising the cap of agreement {}", row.id);
    }
    tx.commit().await
}

/// Gives back what was set aside for calls that failed, and gives up agreements that no call is left for.
async fn give_back(store: &Store, now: UnixMillis) -> Result<(), StoreError> {
    store.void_failed_openings(now).await?;
    for id in store.never_opened().await? {
        let mut tx = store.begin().await?;
        for held in hold::pending_of_agreement(&mut tx, id).await? {
            if hold::end(&mut tx, held.id, HoldState::Voided, now).await? {
                let entry = write::hold_void(held.id, held.account, held.amount)?;
                journal_append(&mut tx, &entry, EntryKey::HoldVoid(held.id), now).await?;
            }
        }
        agreement::set_over(&mut tx, id, AgreementState::Void, now).await?;
        tx.commit().await?;
        tracing::info!(agreement.id = %id, "agreement {id} never came onto the chain");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
