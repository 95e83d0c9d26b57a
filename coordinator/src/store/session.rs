//! Browsers that somebody signed in with. Only the hashes of their cookies are kept.

use super::{RowExt, Store, StoreError, StoreResult};
use ttalkak_protocol::{
    api::{team::TokenScope, user::SessionLine},
    id::{AccountId, SessionId, TokenId, UserId},
    unit::UnixMillis,
};

/// Browsers of one person; the one that was not used for longest goes for a new one.
const BROWSERS_MAX: i64 = 50;

/// A browser that is to be signed in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// SHA-256 of its cookie.
    pub hash: [u8; 32],
    /// The team that it begins in.
    pub account: AccountId,
    /// The person; `None` when a token that nobody made in person opens it.
    pub user: Option<UserId>,
    /// The token that opens it.
    pub token: Option<TokenId>,
    /// How much may be done in it.
    pub scope: TokenScope,
    /// What the browser calls itself.
    pub browser: Option<String>,
    /// Where it is.
    pub address: Option<String>,
    /// From then on it is void.
    pub expires_at: UnixMillis,
}

impl Store {
    /// Signs a browser in. Those that are over go.
    pub async fn begin_session(&self, new: &NewSession, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM session WHERE expires_at <= ?").bind(now.0).execute(&mut *tx).await?;
        let user = new.user.map(|user| user.to_string());
        sqlx::query(
            "INSERT INTO session
               (id, hash, account_id, user_id, token_id, scope, browser, address, created_at, seen_at, changed_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?9, ?10)",
        )
        .bind(new.id.to_string())
        .bind(&new.hash[..])
        .bind(new.account.to_string())
        .bind(&user)
        .bind(new.token.map(|token| token.to_string()))
        .bind(new.scope.as_str())
        .bind(&new.browser)
        .bind(&new.address)
        .bind(now.0)
        .bind(new.expires_at.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM session WHERE id IN
               (SELECT id FROM session WHERE user_id = ? ORDER BY seen_at DESC, id DESC LIMIT -1 OFFSET ?)",
        )
        .bind(&user)
        .bind(BROWSERS_MAX)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await
    }

    /// Gives a browser another cookie; the present one is good for a moment more.
    pub async fn change_cookie(&self, id: SessionId, hash: &[u8; 32], now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE session SET previous = hash, hash = ?2, changed_at = ?3 WHERE id = ?1")
            .bind(id.to_string())
            .bind(&hash[..])
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// Signs a browser out.
    pub async fn end_session(&self, id: SessionId) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM session WHERE id = ?").bind(id.to_string()).execute(&mut *tx).await?;
        tx.commit_unseen().await
    }

    /// Signs out one of somebody's browsers. Errors: `NotFound`.
    pub async fn end_session_of(&self, user: UserId, id: SessionId) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM session WHERE id = ? AND user_id = ?")
            .bind(id.to_string())
            .bind(user.to_string())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("session", id));
        }
        tx.commit_unseen().await
    }

    /// Moves a browser into another team of its person. Errors: `NotFound` when they are not in it.
    pub async fn move_session(&self, id: SessionId, user: UserId, account: AccountId) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE session SET account_id = ?3 WHERE id = ?1 AND user_id = ?2
             AND EXISTS (SELECT 1 FROM membership WHERE account_id = ?3 AND user_id = ?2)",
        )
        .bind(id.to_string())
        .bind(user.to_string())
        .bind(account.to_string())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("team", account));
        }
        tx.commit_unseen().await
    }

    /// Somebody's browsers, last used first. `current`: the one that asks.
    pub async fn list_sessions(
        &self,
        user: UserId,
        current: Option<SessionId>,
        now: UnixMillis,
    ) -> StoreResult<Vec<SessionLine>> {
        let rows = sqlx::query(
            "SELECT * FROM session WHERE user_id = ? AND expires_at > ? ORDER BY seen_at DESC, id DESC",
        )
        .bind(user.to_string())
        .bind(now.0)
        .fetch_all(self.read())
        .await?;
        let line = |row: &sqlx::sqlite::SqliteRow| {
            let id = row.parsed("id")?;
            Ok(SessionLine {
                id,
                created_at: row.time("created_at")?,
                seen_at: row.time("seen_at")?,
                browser: row.text_opt("browser")?,
                address: row.text_opt("address")?,
                current: Some(id) == current,
            })
        };
        rows.iter().map(line).collect()
    }
}
