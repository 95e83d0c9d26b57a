//! Keeps the promise that what was earned comes onto the chain: at its time, when a provider claims, and when an agreement
//! is over; and that what was not used goes back. Deliberately absent: choosing (`logic::settling`), sending.

use crate::{
    chain::{Chain, ChainError},
    clock,
    logic::{
        outbox::OutboxKind,
        settling::{Due, Line, Occasion, plan},
    },
    money::Money,
    store::{
        Store, StoreError,
        outbox::{outbox_add, outbox_next_batch},
        settlement::{CLOSES, DueRow, ENDING, SETTLES, add_lines},
    },
};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use ttalkak_escrow::{
    abi::{SignedTotal, encode_close, encode_settle},
    batch::SettleItem,
    ceiling::ceiling,
};
use ttalkak_protocol::{
    api::billing::AgreementState,
    id::AgreementId,
    money::{Amount, EvmAddress, EvmSignature},
    unit::{Millis, UnixMillis},
};

/// Agreements that are over are looked at again after this, also when nothing was said.
const LOOK: Duration = Duration::from_secs(5);
/// The contract's notice: after it an agreement closes without its provider's word. And a little more, for its clock.
const NOTICE: Millis = Millis((24 * 3600 + 60) * 1000);
/// Closes of one call; each may carry a signature, so they are larger than lines of a batch.
const CLOSES_MAX: usize = 100;

/// Settling could not be tried; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The store failed.
    #[error("use the store")]
    Store(#[from] StoreError),
    /// The chain did not answer.
    #[error("ask the chain")]
    Chain(#[from] ChainError),
}

/// Runs until shutdown.
pub async fn run(store: Store, money: Arc<Money>, chain: Arc<dyn Chain>, shutdown: CancellationToken) {
    let mut next = money.next_settlement();
    // Kept until it is done: a claim is not lost because the chain was away.
    let (mut due, mut claims) = (false, Vec::new());
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            payees = money.claims_wanted() => claims.extend(payees),
            () = money.agreement_end_noted() => {}
            () = tokio::time::sleep(LOOK.min(until(next))) => {}
        }
        if clock::now() >= next {
            (due, next) = (true, money.next_settlement());
        }
        match look(&store, &money, &*chain, due, &claims).await {
            Ok(()) => (due, claims) = (false, Vec::new()),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "settling is tried again");
            }
        }
    }
}

fn until(next: UnixMillis) -> Duration {
    Duration::from_millis(next.since(clock::now()).0)
}

async fn look(
    store: &Store,
    money: &Money,
    chain: &dyn Chain,
    due: bool,
    claims: &[EvmAddress],
) -> Result<(), SettleError> {
    let now = clock::now();
    if !claims.is_empty() {
        settle(store, money.token(), chain, &Occasion::Claimed(claims.to_vec()), now).await?;
    }
    let occasion = if due { Occasion::Scheduled } else { Occasion::Ends };
    settle(store, money.token(), chain, &occasion, now).await?;
    close(store, chain, now).await
}

/// Plans batches for an occasion and puts them into the outbox, all in one commit. Returns how many.
pub(super) async fn settle(
    store: &Store,
    token: EvmAddress,
    chain: &dyn Chain,
    occasion: &Occasion,
    now: UnixMillis,
) -> Result<usize, SettleError> {
    let mut rows = store.dues(now).await?;
    // A failed batch is heard again at the next proper occasion, or after a while.
    rows.retain(|row| !row.failed || *occasion != Occasion::Ends);
    bound(&mut rows, chain, occasion, now).await?;
    let dues: Vec<Due> = rows.iter().map(|row| row.due).collect();
    let batches = plan(&dues, occasion, now);
    if batches.is_empty() {
        return Ok(0);
    }
    let last = chain.last_batch(None).await?;
    let rows: BTreeMap<AgreementId, &DueRow> = rows.iter().map(|row| (row.due.agreement, row)).collect();
    let mut tx = store.begin().await?;
    for lines in &batches {
        let number = outbox_next_batch(&mut tx, last).await?;
        let input = encode_settle(number, token, &items(&rows, lines));
        let ids = |lines: &mut dyn Iterator<Item = &Line>| -> Vec<AgreementId> {
            lines.map(|line| line.agreement).collect()
        };
        let refs = json!({
            SETTLES: ids(&mut lines.iter()),
            ENDING: ids(&mut lines.iter().filter(|line| line.ending)),
        });
        let id = outbox_add(&mut tx, OutboxKind::Settle, &input, &refs, now).await?;
        let totals: Vec<_> = lines.iter().map(|line| (line.agreement, line.cumulative)).collect();
        add_lines(&mut tx, id, &totals).await?;
        tracing::info!(outbox.id = %id, batch = number, agreements = lines.len(), "batch {number} settles {} agreements", lines.len());
    }
    tx.commit().await?;
    Ok(batches.len())
}

fn items(rows: &BTreeMap<AgreementId, &DueRow>, lines: &[Line]) -> Vec<SettleItem> {
    let item = |line: &Line| {
        let row = rows.get(&line.agreement)?;
        Some(SettleItem { terms: row.agreement.terms, cumulative: line.cumulative, ending: line.ending })
    };
    lines.iter().filter_map(item).collect()
}

/// One line over the contract's bound would undo its whole batch, so none goes beyond it. Only an end that somebody else
/// asked for can bring that about: the time bound froze before it was heard of here.
async fn bound(
    rows: &mut [DueRow],
    chain: &dyn Chain,
    occasion: &Occasion,
    now: UnixMillis,
) -> Result<(), SettleError> {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    for row in rows {
        let (agreement, due) = (&row.agreement, &mut row.due);
        let nothing = due.vouchered <= due.settled || (*occasion == Occasion::Ends && due.ended_at.is_none());
        let ended_at = match due.ended_at {
            Some(_) if !nothing => chain.agreement(agreement.key, None).await?.ended_at,
            Some(_) | None => None,
        };
        let most = ceiling(&agreement.terms, agreement.cap, seconds, ended_at);
        if due.vouchered > most && !nothing {
            tracing::warn!(agreement.id = %agreement.id, vouchered = %due.vouchered, %most, "agreement {} earned more than the contract allows", agreement.id);
            due.vouchered = most.max(due.settled);
        }
    }
    Ok(())
}

/// Gives back what is left of agreements that are over and settled: with the provider's word at once, else after the
/// contract's notice.
pub(super) async fn close(store: &Store, chain: &dyn Chain, now: UnixMillis) -> Result<(), SettleError> {
    let mut ready: Vec<(AgreementId, SignedTotal)> = Vec::new();
    for row in store.dues(now).await? {
        let agreement = &row.agreement;
        let over = agreement.state == AgreementState::Ending && !row.closing;
        if !over || agreement.settled < row.due.vouchered {
            continue;
        }
        let signature = agreement.close_signature;
        if signature.is_some() || notice_is_over(chain, &row, now).await? {
            ready.push((agreement.id, total(&row, signature)));
        }
    }
    for closes in ready.chunks(CLOSES_MAX) {
        let (ids, totals): (Vec<AgreementId>, Vec<SignedTotal>) = closes.iter().copied().unzip();
        let mut tx = store.begin().await?;
        let input = encode_close(&totals);
        outbox_add(&mut tx, OutboxKind::Close, &input, &json!({ CLOSES: ids }), now).await?;
        tx.commit().await?;
        tracing::info!(agreements = ids.len(), "closing {} agreements", ids.len());
    }
    Ok(())
}

fn total(row: &DueRow, signature: Option<EvmSignature>) -> SignedTotal {
    let cumulative = if signature.is_some() { row.agreement.charged } else { Amount::ZERO };
    SignedTotal { terms: row.agreement.terms, cumulative, signature }
}

async fn notice_is_over(chain: &dyn Chain, row: &DueRow, now: UnixMillis) -> Result<bool, SettleError> {
    // By our clock first: asking the chain about each would be many calls for a day.
    if row.due.ended_at.is_none_or(|at| now.since(at) < NOTICE) {
        return Ok(false);
    }
    let head = chain.head().await?;
    let ended_at = chain.agreement(row.agreement.key, None).await?.ended_at;
    let notice = NOTICE.0 / 1000;
    Ok(ended_at.is_some_and(|at| at.saturating_add(notice) <= head.timestamp_secs))
}

#[cfg(test)]
mod tests;
