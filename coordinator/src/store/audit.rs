//! The audit log: lines of what was done, only ever added. The tables themselves refuse to change one.

use super::{RowExt, Store, StoreResult, Tx};
use ttalkak_protocol::{
    api::audit::{AuditEntry, AuditPage, AuditVia},
    id::{AccountId, UserId},
    unit::UnixMillis,
};

/// A line that is to be.
#[derive(Debug, Clone)]
pub struct AuditLine {
    /// The team in which it was done.
    pub account: AccountId,
    /// What to call who did it.
    pub actor: String,
    /// The person, if it was one.
    pub user: Option<UserId>,
    /// By what they were known.
    pub via: AuditVia,
    /// What.
    pub action: &'static str,
    /// To what.
    pub subject: Option<String>,
    /// More.
    pub detail: Option<String>,
}

impl Store {
    /// Adds a line.
    pub async fn add_audit(&self, line: &AuditLine, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        add(&mut tx, line, now).await?;
        tx.commit_unseen().await
    }

    /// Lines of a team, newest first. `before`: only older ones than this.
    pub async fn audit(&self, account: AccountId, limit: u32, before: Option<u64>) -> StoreResult<AuditPage> {
        let before = before.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
        let rows =
            sqlx::query("SELECT * FROM audit WHERE account_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
                .bind(account.to_string())
                .bind(before)
                .bind(i64::from(limit) + 1)
                .fetch_all(self.read())
                .await?;
        let entry = |row| {
            let row: &sqlx::sqlite::SqliteRow = row;
            Ok(AuditEntry {
                id: row.number("id")?,
                at: row.time("at")?,
                actor: row.text("actor")?,
                via: row.word("via")?,
                action: row.text("action")?,
                subject: row.text_opt("subject")?,
                detail: row.text_opt("detail")?,
            })
        };
        let mut items = rows.iter().map(entry).collect::<StoreResult<Vec<_>>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_before = items.last().filter(|_| more).map(|last| last.id);
        Ok(AuditPage { items, next_before })
    }
}

/// Adds a line, within the change that it tells of.
pub(super) async fn add(tx: &mut Tx, line: &AuditLine, now: UnixMillis) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO audit (account_id, at, actor, user_id, via, action, subject, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(line.account.to_string())
    .bind(now.0)
    .bind(&line.actor)
    .bind(line.user.map(|user| user.to_string()))
    .bind(super::row::word(line.via))
    .bind(line.action)
    .bind(&line.subject)
    .bind(&line.detail)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
