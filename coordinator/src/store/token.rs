//! Accounts and their API tokens. Only hashes are kept; the secret is shown once, by the caller.

use super::{RowExt, Store, StoreError, StoreResult, Tx};
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use ttalkak_protocol::{
    api::{team::TokenScope, token::TokenView},
    id::{AccountId, TokenId, UserId},
    unit::UnixMillis,
};

const VIEW: &str = "SELECT t.*, u.login FROM token t LEFT JOIN user u ON u.id = t.user_id";

/// A token that is to be.
pub struct TokenWish<'w> {
    /// Whose.
    pub account: AccountId,
    /// Who makes it; `None`: nobody in person.
    pub user: Option<UserId>,
    /// What it is for.
    pub name: &'w str,
    /// How much it may do.
    pub scope: TokenScope,
    /// After this it is void.
    pub expires_at: Option<UnixMillis>,
}

fn view(row: &SqliteRow) -> StoreResult<TokenView> {
    Ok(TokenView {
        id: row.parsed("id")?,
        name: row.text("name")?,
        scope: row.word("scope")?,
        made_by: row.text_opt("login")?,
        expires_at: row.time_opt("expires_at")?,
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
        wish: &TokenWish<'_>,
        token: TokenId,
        hash: &[u8; 32],
        now: UnixMillis,
    ) -> StoreResult<TokenView> {
        let mut tx = self.begin().await?;
        insert(&mut tx, wish, token, hash, now).await?;
        tx.commit().await?;
        let sql = format!("{VIEW} WHERE t.id = ?");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(token.to_string()).fetch_one(self.read()).await?;
        view(&row)
    }

    /// Tokens in force, newest first. `user`: only those that this person made; `None`: the whole team's.
    pub async fn list_tokens(
        &self,
        account: AccountId,
        user: Option<UserId>,
        now: UnixMillis,
    ) -> StoreResult<Vec<TokenView>> {
        let rows = sqlx::query(AssertSqlSafe(format!(
            "{VIEW} WHERE t.account_id = ?1 AND t.revoked_at IS NULL AND (?2 IS NULL OR t.user_id = ?2)
             AND (t.expires_at IS NULL OR t.expires_at > ?3) ORDER BY t.created_at DESC, t.id DESC"
        )))
        .bind(account.to_string())
        .bind(user.map(|user| user.to_string()))
        .bind(now.0)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(view).collect()
    }

    /// Revokes a token; from then on it is as good as unknown, and so are the browsers that it opened. `user`: only when
    /// this person made it; `None`: any of the team. Errors: `NotFound`.
    pub async fn revoke_token(
        &self,
        account: AccountId,
        user: Option<UserId>,
        token: TokenId,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE token SET revoked_at = ?3
             WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL AND (?4 IS NULL OR user_id = ?4)",
        )
        .bind(token.to_string())
        .bind(account.to_string())
        .bind(now.0)
        .bind(user.map(|user| user.to_string()))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("token", token));
        }
        tx.commit().await
    }
}

/// Keeps a new token, within a transaction.
pub(super) async fn insert(
    tx: &mut Tx,
    wish: &TokenWish<'_>,
    token: TokenId,
    hash: &[u8; 32],
    now: UnixMillis,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO token (id, account_id, user_id, name, scope, expires_at, hash, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(token.to_string())
    .bind(wish.account.to_string())
    .bind(wish.user.map(|user| user.to_string()))
    .bind(wish.name)
    .bind(wish.scope.as_str())
    .bind(wish.expires_at.map(|at| at.0))
    .bind(&hash[..])
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
