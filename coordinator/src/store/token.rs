//! Accounts and their API tokens. Only hashes are kept; the secret is shown once, by the caller.

use super::{RowExt, Store, StoreError, StoreResult};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::token::TokenView,
    id::{AccountId, TokenId},
    unit::UnixMillis,
};

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenOwner {
    /// The account.
    pub account: AccountId,
    /// The token.
    pub token: TokenId,
    /// When its use was last written down.
    pub last_used_at: Option<UnixMillis>,
}

fn view(row: &SqliteRow) -> StoreResult<TokenView> {
    Ok(TokenView {
        id: row.parsed("id")?,
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time_opt("last_used_at")?,
    })
}

impl Store {
    /// Makes an account.
    pub async fn create_account(&self, account: AccountId, name: &str, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO account (id, name, created_at) VALUES (?, ?, ?)")
            .bind(account.to_string())
            .bind(name)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The account that was made first, which a single-owner platform has only; `None` before that.
    pub async fn first_account(&self) -> StoreResult<Option<AccountId>> {
        let row = sqlx::query("SELECT id FROM account ORDER BY created_at, id LIMIT 1")
            .fetch_optional(self.read())
            .await?;
        row.map(|row| row.parsed("id")).transpose()
    }

    /// Keeps a new token by the SHA-256 of its secret.
    pub async fn create_token(
        &self,
        account: AccountId,
        token: TokenId,
        name: &str,
        hash: &[u8; 32],
        now: UnixMillis,
    ) -> StoreResult<TokenView> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO token (id, account_id, name, hash, created_at) VALUES (?, ?, ?, ?, ?)")
            .bind(token.to_string())
            .bind(account.to_string())
            .bind(name)
            .bind(&hash[..])
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(TokenView { id: token, name: name.to_owned(), created_at: now, last_used_at: None })
    }

    /// Whom the token of this hash speaks for; `None` when it is unknown or revoked.
    pub async fn token_owner(&self, hash: &[u8; 32]) -> StoreResult<Option<TokenOwner>> {
        let row = sqlx::query(
            "SELECT id, account_id, last_used_at FROM token WHERE hash = ? AND revoked_at IS NULL",
        )
        .bind(&hash[..])
        .fetch_optional(self.read())
        .await?;
        row.map(|row| {
            Ok(TokenOwner {
                account: row.parsed("account_id")?,
                token: row.parsed("id")?,
                last_used_at: row.time_opt("last_used_at")?,
            })
        })
        .transpose()
    }

    /// Writes down that a token was used.
    pub async fn token_used(&self, token: TokenId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE token SET last_used_at = ?2 WHERE id = ?1")
            .bind(token.to_string())
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// Tokens in force, newest first.
    pub async fn list_tokens(&self, account: AccountId) -> StoreResult<Vec<TokenView>> {
        let rows = sqlx::query(
            "SELECT * FROM token WHERE account_id = ? AND revoked_at IS NULL ORDER BY created_at DESC, id DESC",
        )
        .bind(account.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(view).collect()
    }

    /// Revokes a token; from then on it is as good as unknown. Errors: `NotFound`.
    pub async fn revoke_token(&self, account: AccountId, token: TokenId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE token SET revoked_at = ?3 WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL",
        )
        .bind(token.to_string())
        .bind(account.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("token", token));
        }
        tx.commit().await
    }
}
