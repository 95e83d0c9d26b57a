//! First answers, kept a day: the same key with the same request gets the same answer, and the work is done once.

use super::{RowExt, Store, StoreResult};
use sqlx::Row;
use ttalkak_protocol::{
    id::AccountId,
    unit::{Millis, UnixMillis},
};

/// How long an answer is kept.
pub const KEPT: Millis = Millis(24 * 60 * 60 * 1000);
/// What an answer may hold to be kept; ours are a few KiB.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, if there was one.
    pub content_type: Option<String>,
    /// Body.
    pub body: Vec<u8>,
}

/// What a key means for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is the first: do the work, then keep or forget the answer.
    First,
    /// It was answered before.
    Answered(KeptAnswer),
    /// The first one is still at work.
    InProgress,
    /// The key came before with another request.
    OtherRequest,
}

impl Store {
    /// Claims a key for a request (SHA-256 over method, path and body). A claim that was left open before
    /// `process_start` belongs to a process that is gone, and is taken over. Old answers go.
    pub async fn claim_key(
        &self,
        account: AccountId,
        key: &str,
        request: &[u8; 32],
        process_start: UnixMillis,
        now: UnixMillis,
    ) -> StoreResult<Claim> {
        let mut tx = self.begin().await?;
        let oldest = now.0.saturating_sub(i64::try_from(KEPT.0).unwrap_or(i64::MAX));
        sqlx::query(
            "DELETE FROM idempotency WHERE account_id = ?1 AND (created_at < ?2
             OR (key = ?3 AND status IS NULL AND created_at < ?4))",
        )
        .bind(account.to_string())
        .bind(oldest)
        .bind(key)
        .bind(process_start.0)
        .execute(&mut *tx)
        .await?;
        let row = sqlx::query("SELECT * FROM idempotency WHERE account_id = ? AND key = ?")
            .bind(account.to_string())
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = row {
            if row.try_get::<&[u8], _>("request")? != request {
                return Ok(Claim::OtherRequest);
            }
            let Some(status) = row.number_opt("status")? else { return Ok(Claim::InProgress) };
            let body: Option<Vec<u8>> = row.try_get("answer")?;
            let content_type = row.text_opt("content_type")?;
            return Ok(Claim::Answered(KeptAnswer { status, content_type, body: body.unwrap_or_default() }));
        }
        sqlx::query("INSERT INTO idempotency (account_id, key, request, created_at) VALUES (?, ?, ?, ?)")
            .bind(account.to_string())
            .bind(key)
            .bind(&request[..])
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await?;
        Ok(Claim::First)
    }

    /// Keeps the answer of a claimed key.
    pub async fn keep_answer(&self, account: AccountId, key: &str, answer: &KeptAnswer) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE idempotency SET status = ?3, answer = ?4, content_type = ?5 WHERE account_id = ?1 AND key = ?2",
        )
        .bind(account.to_string())
        .bind(key)
        .bind(answer.status)
        .bind(&answer.body)
        .bind(&answer.content_type)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await
    }

    /// Gives a claimed key back: the work failed on our side, and a retry should do it.
    pub async fn forget_key(&self, account: AccountId, key: &str) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM idempotency WHERE account_id = ? AND key = ? AND status IS NULL")
            .bind(account.to_string())
            .bind(key)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }
}
