//! Locks: money of a tenant that stands for one agreement, from its opening to its close.

use super::{
    books::{alarm, append},
    key, tenant,
};
use crate::{
    ledger::{Account, EntryKey, write},
    logic::chain::{EscrowEvent, EscrowLog},
    store::{
        StoreResult, Tx,
        agreement::{self, AgreementRow},
        balance_end, chain_money,
        hold::{self, HoldState},
        journal::balance_in,
        settlement,
    },
};
use ttalkak_protocol::{
    api::billing::AgreementState,
    money::{Amount, ChainHash, EvmAddress},
    unit::UnixMillis,
};

pub(super) async fn opened(
    tx: &mut Tx,
    log: &EscrowLog,
    (id, payer): (ChainHash, EvmAddress),
    cap: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    let Some(row) = agreement::find_by_key(tx, id).await? else {
        return foreign_opened(tx, log, (id, payer), cap, now).await;
    };
    if cap <= row.cap {
        // Told again.
        return Ok(());
    }
    let mut grown = cap.saturating_sub(row.cap);
    for held in hold::pending_of_agreement(tx, row.id).await? {
        let posted = held.amount.min(grown);
        if posted == Amount::ZERO {
            break;
        }
        grown = grown.saturating_sub(posted);
        hold::end(tx, held.id, HoldState::Posted, now).await?;
        let post = write::hold_post(held.id, row.id, posted);
        append(tx, log, post, EntryKey::HoldPost(held.id), now).await?;
        let rest = held.amount.saturating_sub(posted);
        if rest > Amount::ZERO {
            let void = write::hold_void(held.id, row.account, rest);
            append(tx, log, void, EntryKey::HoldVoid(held.id), now).await?;
        }
    }
    if grown > Amount::ZERO {
        // The tenant locked it directly, or its hold was void by then.
        tenant::make_free(tx, log, row.account, grown, now).await?;
        append(tx, log, write::lock(row.account, row.id, grown), key(log), now).await?;
    }
    agreement::set_open(tx, row.id, cap, now).await?;
    if row.state == AgreementState::Void {
        tracing::warn!(agreement.id = %row.id, "agreement {} was given up and stands on chain after all; it is ended", row.id);
        settlement::note_closing(tx, row.id, now).await?;
    }
    tracing::info!(agreement.id = %row.id, %cap, "agreement {} stands on chain", row.id);
    Ok(())
}

/// An agreement that this coordinator did not make: the tenant's money leaves what is seen here, as if withdrawn.
async fn foreign_opened(
    tx: &mut Tx,
    log: &EscrowLog,
    (id, payer): (ChainHash, EvmAddress),
    cap: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    let Some(account) = chain_money::account_of(tx, payer).await? else { return Ok(()) };
    let before = caps_before(tx, log, id).await?;
    tracing::warn!(agreement = %id, "a tenant locked money for an agreement that is not known here");
    tenant::take(tx, log, account, cap.saturating_sub(before), now).await
}

async fn caps_before(tx: &mut Tx, log: &EscrowLog, id: ChainHash) -> StoreResult<Amount> {
    let earlier = chain_money::naming(tx, &id.to_string()).await?;
    let caps = earlier.iter().filter(|one| (one.block, one.log_index) < (log.block, log.log_index));
    Ok(caps.filter_map(|one| opening(one, id)).map(|(_, cap)| cap).max().unwrap_or_default())
}

/// Who locked how much for an agreement, when that is what the event says.
fn opening(log: &EscrowLog, id: ChainHash) -> Option<(EvmAddress, Amount)> {
    let EscrowEvent::Opened { agreement, tenant, cap, .. } = log.event else { return None };
    (agreement == id).then_some((tenant, cap))
}

/// Whoever asked for the end, nothing is earned from then on: what runs under it is stopped.
pub(super) async fn closing(tx: &mut Tx, id: ChainHash, ended_at: u64, now: UnixMillis) -> StoreResult<()> {
    let Some(row) = agreement::find_by_key(tx, id).await? else { return Ok(()) };
    let at = UnixMillis(i64::try_from(ended_at.saturating_mul(1000)).unwrap_or(i64::MAX));
    settlement::note_closing(tx, row.id, at).await?;
    stop_what_runs(tx, &row, now).await
}

pub(super) async fn closed(
    tx: &mut Tx,
    log: &EscrowLog,
    id: ChainHash,
    refund: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    let Some(row) = agreement::find_by_key(tx, id).await? else {
        return foreign_closed(tx, log, id, refund, now).await;
    };
    if row.state == AgreementState::Closed {
        return Ok(());
    }
    let locked = balance_in(tx, Account::Locked(row.id)).await?;
    let accrued = balance_in(tx, Account::Accrued(row.id)).await?;
    if locked.checked_add(accrued) != Some(refund) {
        alarm(log, "the refund is not what was left in the books");
    }
    append(tx, log, write::release(row.id, row.account, locked), key(log), now).await?;
    if accrued > Amount::ZERO {
        alarm(log, "the agreement closed before its last use was settled; the provider has lost it");
        append(tx, log, write::lost(row.id, row.account, accrued), EntryKey::Lost(row.id), now).await?;
    }
    agreement::set_over(tx, row.id, AgreementState::Closed, now).await?;
    tracing::info!(agreement.id = %row.id, %refund, "agreement {} is closed", row.id);
    stop_what_runs(tx, &row, now).await
}

async fn foreign_closed(
    tx: &mut Tx,
    log: &EscrowLog,
    id: ChainHash,
    refund: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    let earlier = chain_money::naming(tx, &id.to_string()).await?;
    let Some((payer, _)) = earlier.iter().find_map(|one| opening(one, id)) else { return Ok(()) };
    match chain_money::account_of(tx, payer).await? {
        Some(account) => tenant::add(tx, log, account, refund, now).await,
        None => Ok(()),
    }
}

/// A workload that nobody can be charged for does not go on. It comes back by itself, under a new agreement, while its
/// tenant has the money.
async fn stop_what_runs(tx: &mut Tx, row: &AgreementRow, now: UnixMillis) -> StoreResult<()> {
    let Some(deployment) = chain_money::running_under(tx, row.id).await? else { return Ok(()) };
    if balance_end::stop(tx, deployment, now).await? {
        tracing::warn!(deployment.id = %deployment, "deployment {deployment} is stopped: its agreement ended on chain");
    }
    Ok(())
}
