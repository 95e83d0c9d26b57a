//! Who the contract's events are about: accounts by wallet, deployments by agreement, and events that were seen before
//! anybody here could be named. Deliberately absent: what an event does to the books (`jobs::on_chain`).

use super::{RowExt, Store, StoreError, StoreResult, Tx};
use crate::{
    ledger::EntryKey,
    logic::chain::{EscrowEvent, EscrowLog},
};
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;
use ttalkak_protocol::{
    id::{AccountId, AgreementId, DeploymentId, HoldId},
    money::{Amount, ChainHash, EvmAddress},
};

/// Whose wallet it is.
pub async fn account_of(tx: &mut Tx, wallet: EvmAddress) -> StoreResult<Option<AccountId>> {
    let row = sqlx::query("SELECT id FROM account WHERE wallet = ?")
        .bind(wallet.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.parsed("id")).transpose()
}

impl Store {
    /// Accounts that have a wallet.
    pub async fn wallets(&self) -> StoreResult<Vec<(AccountId, EvmAddress)>> {
        let rows = sqlx::query("SELECT id, wallet FROM account WHERE wallet IS NOT NULL ORDER BY id")
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.parsed("wallet")?))).collect()
    }

    /// Whose each pending hold is.
    pub async fn owners_of_holds(&self) -> StoreResult<BTreeMap<HoldId, AccountId>> {
        let rows = sqlx::query("SELECT id, account_id FROM hold WHERE state = 'pending'")
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.parsed("account_id")?))).collect()
    }

    /// Agreements that may have money on chain, with their keys there.
    pub async fn keys_on_chain(&self) -> StoreResult<Vec<(AgreementId, ChainHash)>> {
        let rows = sqlx::query(
            "SELECT id, key FROM agreement WHERE state IN ('pending', 'open', 'ending') ORDER BY id",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.parsed("key")?))).collect()
    }
}

/// Pending holds of an account, oldest first.
pub async fn open_holds(tx: &mut Tx, account: AccountId) -> StoreResult<Vec<(HoldId, Amount)>> {
    let rows = sqlx::query(
        "SELECT id, amount FROM hold WHERE account_id = ? AND state = 'pending' ORDER BY created_at, id",
    )
    .bind(account.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok((row.parsed("id")?, row.parsed("amount")?))).collect()
}

/// The deployment that runs under an agreement now, when one does.
pub async fn running_under(tx: &mut Tx, agreement: AgreementId) -> StoreResult<Option<DeploymentId>> {
    let row =
        sqlx::query("SELECT deployment_id FROM lease WHERE agreement_id = ? AND state = 'active' LIMIT 1")
            .bind(agreement.to_string())
            .fetch_optional(&mut **tx)
            .await?;
    row.map(|row| row.parsed("deployment_id")).transpose()
}

/// A mandate permits nothing more.
pub async fn revoke_mandate(tx: &mut Tx, mandate: ChainHash) -> StoreResult<()> {
    sqlx::query("UPDATE mandate SET state = 'revoked' WHERE id = ?")
        .bind(mandate.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Whether the journal has an entry of this key: its fact was told before.
pub async fn is_booked(tx: &mut Tx, key: EntryKey) -> StoreResult<bool> {
    let row = sqlx::query("SELECT 1 FROM journal WHERE key = ?").bind(key.to_string());
    Ok(row.fetch_optional(&mut **tx).await?.is_some())
}

/// Events of one transaction before `log`, in order.
pub async fn earlier_in(tx: &mut Tx, log: &EscrowLog) -> StoreResult<Vec<EscrowLog>> {
    let rows = sqlx::query(
        "SELECT * FROM chain_event WHERE block = ?1 AND log_index < ?2 AND transaction_hash = ?3 ORDER BY log_index",
    )
    .bind(log.block.cast_signed())
    .bind(log.log_index.cast_signed())
    .bind(log.tx.to_string())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(read).collect()
}

/// Every event that names an address or a key, in order.
pub async fn naming(tx: &mut Tx, name: &str) -> StoreResult<Vec<EscrowLog>> {
    let rows = sqlx::query("SELECT * FROM chain_event WHERE instr(body, ?) > 0 ORDER BY block, log_index")
        .bind(name)
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> StoreResult<EscrowLog> {
    let event: Option<EscrowEvent> = row.json_opt("body")?;
    Ok(EscrowLog {
        block: row.number("block")?,
        // Not kept: only final blocks are.
        block_hash: ChainHash::ZERO,
        log_index: row.number("log_index")?,
        tx: row.parsed("transaction_hash")?,
        event: event.ok_or_else(|| StoreError::corrupt("body"))?,
    })
}
