//! Final events of the contract, each once and in order, and the mark up to which the chain was read. Deliberately
//! absent: reading it (`jobs::watch_chain`).

use super::{RowExt, Store, StoreError, StoreResult, Tx, row::json};
use crate::logic::chain::EscrowLog;
use serde::{Deserialize, Serialize};
use ttalkak_protocol::money::ChainHash;

const MARK: &str = "chain_mark";

/// Up to which block the contract's events are in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainMark {
    /// Its number.
    pub block: u64,
    /// Its name, by which a chain that changed below what was final is noticed.
    pub hash: ChainHash,
}

impl Store {
    /// The mark; `None` before the first look.
    pub async fn chain_mark(&self) -> StoreResult<Option<ChainMark>> {
        let row = sqlx::query("SELECT value FROM setting WHERE key = ?")
            .bind(MARK)
            .fetch_optional(self.read())
            .await?;
        Ok(row.map(|row| row.json_opt("value")).transpose()?.flatten())
    }

    /// Which transaction settled a batch, once that is final.
    pub async fn settled_by(&self, batch: u64) -> StoreResult<Option<ChainHash>> {
        let row = sqlx::query(
            "SELECT transaction_hash FROM chain_event WHERE json_extract(body, '$.batch') = ?
             AND json_extract(body, '$.batch') IS NOT NULL",
        )
        .bind(batch.cast_signed())
        .fetch_optional(self.read())
        .await?;
        row.map(|row| row.parsed("transaction_hash")).transpose()
    }
}

/// Moves the mark. False: it did not stand at `from`, as another worker was first; nothing was changed then.
pub async fn move_chain_mark(tx: &mut Tx, from: Option<ChainMark>, to: ChainMark) -> StoreResult<bool> {
    let row =
        sqlx::query("SELECT value FROM setting WHERE key = ?").bind(MARK).fetch_optional(&mut **tx).await?;
    let present: Option<ChainMark> = row.map(|row| row.json_opt("value")).transpose()?.flatten();
    if present != from {
        return Ok(false);
    }
    sqlx::query("INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(MARK)
        .bind(json(&to))
        .execute(&mut **tx)
        .await?;
    Ok(true)
}

/// Keeps an event. Errors: `Corrupt` when there is another one at its place, as then the chain was read wrongly before.
pub async fn add_chain_event(tx: &mut Tx, log: &EscrowLog) -> StoreResult<()> {
    let done = sqlx::query(
        "INSERT INTO chain_event (block, log_index, transaction_hash, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )
    .bind(log.block.cast_signed())
    .bind(log.log_index.cast_signed())
    .bind(log.tx.to_string())
    .bind(json(&log.event))
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::corrupt("chain_event")) }
}

#[cfg(test)]
mod tests;
