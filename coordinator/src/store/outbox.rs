//! Calls to the chain that are wanted, and their attempts. A row's bytes are kept in the commit that gives it its nonce,
//! before anybody is handed them: after a crash the same ones are sent. Every change names the state it begins from, so
//! that two workers on one database cannot both make it. Deliberately absent: what to do next (`logic::outbox`).

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    row::{json, word},
};
use crate::{
    fresh,
    logic::outbox::{Attempt, Mined, Offer, OutboxKind, OutboxState, Row, next_batch, next_nonce},
};
use sqlx::{Row as _, sqlite::SqliteRow};
use ttalkak_protocol::{
    error::Problem,
    id::OutboxId,
    money::{ChainHash, EvmAddress},
    unit::UnixMillis,
};

/// A wanted call.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Its id.
    pub id: OutboxId,
    /// What is decided by.
    pub row: Row,
    /// Number of the batch; settlements that did not fail have one.
    pub batch: Option<u64>,
    /// Call data.
    pub input: Vec<u8>,
    /// What is in it, as its author noted.
    pub refs: serde_json::Value,
    /// Why it failed.
    pub problem: Option<Problem>,
    /// The newest attempt's bytes and gas limit.
    pub newest: Option<Signed>,
    /// When it was wanted.
    pub created_at: UnixMillis,
}

/// Bytes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The whole transaction.
    pub raw: Vec<u8>,
    /// Its name.
    pub hash: ChainHash,
    /// What it offers.
    pub offer: Offer,
    /// The most gas it may take.
    pub gas_limit: u64,
}

/// The number that the next settlement has: after all in the table and all on the chain. It stands in the call data, so
/// it is asked for in the transaction that adds the row. `on_chain`: the chain's `lastBatch`.
pub async fn outbox_next_batch(tx: &mut Tx, on_chain: u64) -> StoreResult<u64> {
    let row = sqlx::query("SELECT MAX(batch) AS newest FROM outbox").fetch_one(&mut **tx).await?;
    Ok(next_batch(row.number_opt("newest")?, on_chain))
}

/// Wants a call. A settlement's number is read from its call data, where it is the first argument.
pub async fn outbox_add(
    tx: &mut Tx,
    kind: OutboxKind,
    input: &[u8],
    refs: &serde_json::Value,
    now: UnixMillis,
) -> StoreResult<OutboxId> {
    let id = fresh::id(OutboxId::new);
    let batch = match kind {
        OutboxKind::Settle => Some(batch_in(input).ok_or_else(|| StoreError::corrupt("input"))?),
        OutboxKind::Open | OutboxKind::Close => None,
    };
    sqlx::query(
        "INSERT INTO outbox (id, kind, batch, input, refs, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'planned', ?6, ?6)",
    )
    .bind(id.to_string())
    .bind(word(kind))
    .bind(batch)
    .bind(input)
    .bind(json(refs))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Selector, then a number of 64 bits in a word of 32 bytes.
fn batch_in(input: &[u8]) -> Option<i64> {
    let word: [u8; 8] = input.get(28..36)?.try_into().ok()?;
    i64::try_from(u64::from_be_bytes(word)).ok()
}

/// Ends a row, whatever state it is in, as [`outbox_end_from`] does. False: it had ended before.
pub async fn outbox_end(
    tx: &mut Tx,
    id: OutboxId,
    problem: Option<&Problem>,
    now: UnixMillis,
) -> StoreResult<bool> {
    let row = sqlx::query("SELECT state FROM outbox WHERE id = ? AND state NOT IN ('final', 'failed')")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    match row {
        Some(row) => outbox_end_from(tx, (id, row.word("state")?), problem, now).await,
        None => Ok(false),
    }
}

/// Ends a row: `Final`, or `Failed` with why. A failed settlement gives its number back, since the chain never counted it
/// for this row. Returns false, and changes nothing, when the row is no more in the state `from` that the decision was
/// about: another worker was first.
pub async fn outbox_end_from(
    tx: &mut Tx,
    (id, from): (OutboxId, OutboxState),
    problem: Option<&Problem>,
    now: UnixMillis,
) -> StoreResult<bool> {
    let state = if problem.is_some() { OutboxState::Failed } else { OutboxState::Final };
    let done = sqlx::query(
        "UPDATE outbox SET state = ?2, problem = ?3, updated_at = ?4, batch = CASE WHEN ?3 IS NULL THEN batch END
         WHERE id = ?1 AND state = ?5",
    )
    .bind(id.to_string())
    .bind(word(state))
    .bind(problem.map(json))
    .bind(now.0)
    .bind(word(from))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

impl Store {
    /// Rows that have a nonce and did not end, by nonce; then the oldest one that waits for its turn.
    pub async fn outbox_at_work(&self) -> StoreResult<Vec<OutboxRow>> {
        let rows = sqlx::query(
            "SELECT * FROM outbox WHERE state IN ('signed', 'broadcast', 'mined') OR id =
               (SELECT id FROM outbox WHERE state = 'planned' ORDER BY created_at, rowid LIMIT 1)
             ORDER BY nonce IS NULL, nonce",
        )
        .fetch_all(self.read())
        .await?;
        let mut found = Vec::new();
        for row in &rows {
            found.push(self.with_attempts(row).await?);
        }
        Ok(found)
    }

    /// One row; `None` when there is none of this id.
    pub async fn outbox_row(&self, id: OutboxId) -> StoreResult<Option<OutboxRow>> {
        let row = sqlx::query("SELECT * FROM outbox WHERE id = ?").bind(id.to_string());
        match row.fetch_optional(self.read()).await? {
            Some(row) => Ok(Some(self.with_attempts(&row).await?)),
            None => Ok(None),
        }
    }

    async fn with_attempts(&self, row: &SqliteRow) -> StoreResult<OutboxRow> {
        let id: OutboxId = row.parsed("id")?;
        let attempts = sqlx::query("SELECT * FROM attempt WHERE outbox_id = ? ORDER BY n")
            .bind(id.to_string())
            .fetch_all(self.read())
            .await?;
        let (block, hash) = (row.number_opt("mined_block")?, row.parsed_opt("mined_hash")?);
        Ok(OutboxRow {
            id,
            row: Row {
                kind: row.word("kind")?,
                state: row.word("state")?,
                nonce: row.number_opt("nonce")?,
                attempts: attempts.iter().map(attempt).collect::<StoreResult<_>>()?,
                mined: block.zip(hash).map(|(block, hash)| Mined { block, hash }),
            },
            batch: row.number_opt("batch")?,
            input: row.try_get("input")?,
            refs: row.json_opt("refs")?.unwrap_or_default(),
            problem: row.json_opt("problem")?,
            newest: attempts.last().map(signed).transpose()?,
            created_at: row.time("created_at")?,
        })
    }

    /// Gives a planned row its nonce and keeps the bytes that `sign` makes with it, in one commit. `latest`: the chain's
    /// count of the sender's transactions. `None`: the row is planned no more, another worker was first.
    pub async fn outbox_sign(
        &self,
        id: OutboxId,
        sender: EvmAddress,
        latest: u64,
        sign: impl FnOnce(u64) -> Signed + Send,
        now: UnixMillis,
    ) -> StoreResult<Option<Signed>> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT MAX(nonce) AS newest FROM outbox WHERE sender = ?")
            .bind(sender.to_string())
            .fetch_one(&mut *tx)
            .await?;
        let nonce = next_nonce(row.number_opt("newest")?, latest);
        let done = sqlx::query(
            "UPDATE outbox SET state = 'signed', sender = ?2, nonce = ?3, updated_at = ?4
             WHERE id = ?1 AND state = 'planned'",
        )
        .bind(id.to_string())
        .bind(sender.to_string())
        .bind(nonce.cast_signed())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        let signed = sign(nonce);
        add_attempt(&mut tx, id, &signed, now).await?;
        tx.commit_unseen().await?;
        Ok(Some(signed))
    }

    /// Keeps another form of the same call, which replaces attempt `newest`. False: another worker was first.
    pub async fn outbox_replace(
        &self,
        id: OutboxId,
        newest: u32,
        signed: &Signed,
        now: UnixMillis,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT MAX(n) AS newest FROM attempt JOIN outbox ON id = outbox_id
             WHERE outbox_id = ? AND state IN ('signed', 'broadcast')",
        )
        .bind(id.to_string())
        .fetch_one(&mut *tx)
        .await?;
        if row.number_opt("newest")? != Some(newest) {
            return Ok(false);
        }
        add_attempt(&mut tx, id, signed, now).await?;
        tx.commit_unseen().await?;
        Ok(true)
    }

    /// A node has taken the bytes.
    pub async fn outbox_taken(&self, id: OutboxId, now: UnixMillis) -> StoreResult<()> {
        self.outbox_set(
            "UPDATE outbox SET state = 'broadcast', updated_at = ?2 WHERE id = ?1 AND state = 'signed'",
            id,
            now,
        )
        .await
    }

    /// The block is gone.
    pub async fn outbox_unmined(&self, id: OutboxId, now: UnixMillis) -> StoreResult<()> {
        let sql =
            "UPDATE outbox SET state = 'broadcast', mined_block = NULL, mined_hash = NULL, gas_used = NULL,
                   updated_at = ?2 WHERE id = ?1 AND state = 'mined'";
        self.outbox_set(sql, id, now).await
    }

    /// Its nonce is lost for good: it waits for another. The attempts stay, to be recognised.
    pub async fn outbox_renonce(&self, id: OutboxId, now: UnixMillis) -> StoreResult<()> {
        let sql = "UPDATE outbox SET state = 'planned', nonce = NULL, updated_at = ?2
                   WHERE id = ?1 AND state IN ('signed', 'broadcast')";
        self.outbox_set(sql, id, now).await
    }

    /// It was seen in a block.
    pub async fn outbox_mined(
        &self,
        id: OutboxId,
        at: Mined,
        gas_used: u64,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE outbox SET state = 'mined', mined_block = ?2, mined_hash = ?3, gas_used = ?4, updated_at = ?5
             WHERE id = ?1 AND state IN ('signed', 'broadcast', 'mined')",
        )
        .bind(id.to_string())
        .bind(at.block.cast_signed())
        .bind(at.hash.to_string())
        .bind(gas_used.cast_signed())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    async fn outbox_set(&self, sql: &'static str, id: OutboxId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(sql).bind(id.to_string()).bind(now.0).execute(&mut *tx).await?;
        tx.commit_unseen().await
    }
}

async fn add_attempt(tx: &mut Tx, id: OutboxId, signed: &Signed, now: UnixMillis) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO attempt (outbox_id, n, raw, hash, max_fee, tip, gas_limit, at)
         SELECT ?1, COALESCE(MAX(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM attempt WHERE outbox_id = ?1",
    )
    .bind(id.to_string())
    .bind(&signed.raw)
    .bind(signed.hash.to_string())
    .bind(signed.offer.max_fee.to_string())
    .bind(signed.offer.tip.to_string())
    .bind(signed.gas_limit.cast_signed())
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn offer(row: &SqliteRow) -> StoreResult<Offer> {
    Ok(Offer { max_fee: row.parsed("max_fee")?, tip: row.parsed("tip")? })
}

fn attempt(row: &SqliteRow) -> StoreResult<Attempt> {
    Ok(Attempt { n: row.number("n")?, hash: row.parsed("hash")?, offer: offer(row)?, at: row.time("at")? })
}

fn signed(row: &SqliteRow) -> StoreResult<Signed> {
    Ok(Signed {
        raw: row.try_get("raw")?,
        hash: row.parsed("hash")?,
        offer: offer(row)?,
        gas_limit: row.number("gas_limit")?,
    })
}

#[cfg(test)]
mod tests;
