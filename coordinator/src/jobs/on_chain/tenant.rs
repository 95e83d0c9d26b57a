//! A tenant's free money: in and out.

use super::{
    books::{alarm, append},
    key,
};
use crate::{
    ledger::{Account, EntryKey, hold::voids_for, write},
    logic::chain::EscrowLog,
    store::{
        StoreResult, Tx, chain_money,
        hold::{self, HoldState},
        journal::balance_in,
    },
};
use ttalkak_protocol::{
    id::AccountId,
    money::{Amount, EvmAddress},
    unit::UnixMillis,
};

pub(super) async fn deposited(
    tx: &mut Tx,
    log: &EscrowLog,
    who: EvmAddress,
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    match chain_money::account_of(tx, who).await? {
        Some(account) => add(tx, log, account, amount, now).await,
        None => {
            tracing::info!(wallet = %who, %amount, "a deposit of a wallet that no account has; it waits until one does");
            Ok(())
        }
    }
}

pub(super) async fn withdrawn(
    tx: &mut Tx,
    log: &EscrowLog,
    who: EvmAddress,
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    match chain_money::account_of(tx, who).await? {
        Some(account) => take(tx, log, account, amount, now).await,
        None => Ok(()),
    }
}

pub(super) async fn add(
    tx: &mut Tx,
    log: &EscrowLog,
    account: AccountId,
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    append(tx, log, write::deposit(account, amount), key(log), now).await.map(|_| ())
}

/// The chain knows no holds: what leaves may have been set aside, and those locks cannot come any more.
pub(super) async fn take(
    tx: &mut Tx,
    log: &EscrowLog,
    account: AccountId,
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    // Told again, it must not void the holds of today.
    if chain_money::is_booked(tx, key(log)).await? {
        return Ok(());
    }
    make_free(tx, log, account, amount, now).await?;
    append(tx, log, write::withdraw(account, amount), key(log), now).await.map(|_| ())
}

/// Voids as many pending holds as it takes until so much is free in the books.
pub(super) async fn make_free(
    tx: &mut Tx,
    log: &EscrowLog,
    account: AccountId,
    amount: Amount,
    now: UnixMillis,
) -> StoreResult<()> {
    let free = balance_in(tx, Account::Free(account)).await?;
    let open = chain_money::open_holds(tx, account).await?;
    let Some(voids) = voids_for(free, amount, &open) else {
        alarm(log, "more left than the tenant had");
        return Ok(());
    };
    for (id, held) in open.into_iter().filter(|(id, _)| voids.contains(id)) {
        if hold::end(tx, id, HoldState::Voided, now).await? {
            tracing::warn!(hold.id = %id, "hold {id} is void: its money was withdrawn");
            append(tx, log, write::hold_void(id, account, held), EntryKey::HoldVoid(id), now).await?;
        }
    }
    Ok(())
}
