//! What providers earned: by a batch of ours or by claims of their own, and what they collected of it.

use super::{
    books::{alarm, append},
    key,
};
use crate::{
    ledger::{
        Account, EntryKey,
        write::{self, Paid, Settled},
    },
    logic::chain::{EscrowEvent, EscrowLog},
    store::{
        StoreResult, Tx,
        agreement::{self, AgreementRow},
        chain_money,
        journal::balance_in,
        settlement,
    },
};
use ttalkak_protocol::{
    money::{Amount, EvmAddress},
    unit::UnixMillis,
};

/// A payee was paid: the entry covers every agreement of the same transaction that it was paid for.
pub(super) async fn paid(
    tx: &mut Tx,
    log: &EscrowLog,
    paid: Paid,
    fee_bps: u16,
    now: UnixMillis,
) -> StoreResult<()> {
    let (totals, key) = match settlement::batch_of(tx, log.tx).await? {
        Some(batch) => {
            let mut totals = Vec::with_capacity(batch.lines.len());
            for (id, cumulative) in batch.lines {
                let row = agreement::find(tx, id).await?.filter(|row| row.terms.provider == paid.payee);
                totals.extend(row.map(|row| (row, cumulative)));
            }
            let first = totals.first().map(|(row, _)| row.id);
            (totals, first.map(|agreement| EntryKey::Settle { batch: batch.batch, agreement }))
        }
        None => (claims(tx, log, &paid, fee_bps).await?, Some(key(log))),
    };
    let Some(key) = key.filter(|_| !totals.is_empty()) else {
        alarm(log, "nobody here knows what this payment is for");
        return Ok(());
    };
    if chain_money::is_booked(tx, key).await? {
        return Ok(());
    }
    let mut parts = Vec::with_capacity(totals.len());
    for (row, cumulative) in &totals {
        let gross = cumulative.saturating_sub(row.settled);
        if gross > Amount::ZERO {
            let accrued = balance_in(tx, Account::Accrued(row.id)).await?;
            parts.push(Settled { agreement: row.id, gross, accrued });
        }
    }
    append(tx, log, write::settle(&parts, paid), key, now).await?;
    for (row, cumulative) in totals {
        agreement::set_settled(tx, row.id, cumulative).await?;
    }
    Ok(())
}

/// Claims before this payment in its transaction that it covers: neighbours are paid as one, each less its own fee as the
/// contract floors it. One payee may be paid more than once in a transaction, when others stand between its claims.
async fn claims(
    tx: &mut Tx,
    log: &EscrowLog,
    paid: &Paid,
    fee_bps: u16,
) -> StoreResult<Vec<(AgreementRow, Amount)>> {
    let mut covered: Vec<(AgreementRow, Amount)> = Vec::new();
    let mut net = 0_u128;
    for earlier in chain_money::earlier_in(tx, log).await? {
        let EscrowEvent::Claimed { agreement: id, cumulative } = earlier.event else { continue };
        let Some(row) = agreement::find_by_key(tx, id).await? else { continue };
        if row.terms.provider != paid.payee || cumulative <= row.settled || net >= paid.net.0 {
            continue;
        }
        let gross = cumulative.saturating_sub(row.settled).0;
        net += gross - gross * u128::from(fee_bps) / 10_000;
        covered.push((row, cumulative));
    }
    Ok(covered)
}

/// Credit left the contract. Of claims that are not known here the books know no credit either.
pub(super) async fn collected(
    tx: &mut Tx,
    log: &EscrowLog,
    (who, amount): (EvmAddress, Amount),
    collects_fees: bool,
    now: UnixMillis,
) -> StoreResult<()> {
    let entry = if collects_fees {
        let fees = balance_in(tx, Account::FeeCredit).await?;
        write::payout_fees(who, amount, fees)
    } else {
        write::payout(who, amount)
    };
    append(tx, log, entry, key(log), now).await.map(|_| ())
}
