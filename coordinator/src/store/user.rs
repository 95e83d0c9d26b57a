//! People, how they are known elsewhere, and the address that was shown to be theirs.

use super::{RowExt, Store, StoreError, StoreResult, Tx, team};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::{
        team::Role,
        user::{UserBrief, UserView},
    },
    id::{AccountId, UserId},
    unit::UnixMillis,
};

/// Wrong codes that are listened to; then a new one has to be asked for.
const TRIES_MAX: i64 = 5;

/// Somebody, as another place knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// `github` or `development`.
    pub place: &'static str,
    /// What never changes there.
    pub subject: String,
    /// The name that they sign in with there.
    pub login: String,
    /// What they are called there.
    pub name: String,
    /// An address that the place has verified.
    pub email: Option<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// Sealed: what lets us ask there in their name.
    pub tokens: Option<Vec<u8>>,
}

/// How a code fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTried {
    /// It was the one: the address is theirs.
    Right,
    /// It was not.
    Wrong,
    /// There is none, its time is over, or it was tried too often.
    Over,
}

pub(super) fn view(row: &SqliteRow) -> StoreResult<UserView> {
    Ok(UserView {
        id: row.parsed("id")?,
        login: row.text("login")?,
        name: row.text("name")?,
        email: row.text_opt("email")?,
        email_verified: row.time_opt("email_verified_at")?.is_some(),
        avatar_url: row.text_opt("avatar_url")?,
        created_at: row.time("created_at")?,
    })
}

/// From a row with `user_id`, `login`, `user_name` and `avatar_url`; `None` when it names nobody.
pub(super) fn brief(row: &SqliteRow) -> StoreResult<Option<UserBrief>> {
    let Some(id) = row.parsed_opt("user_id")? else { return Ok(None) };
    let (login, name) = (row.text("login")?, row.text("user_name")?);
    Ok(Some(UserBrief { id, login, name, avatar_url: row.text_opt("avatar_url")? }))
}

impl Store {
    /// A person. Errors: `NotFound`.
    pub async fn user(&self, user: UserId) -> StoreResult<UserView> {
        let row = sqlx::query("SELECT * FROM user WHERE id = ?")
            .bind(user.to_string())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map_or_else(|| Err(StoreError::not_found("user", user)), view)
    }

    /// Whoever is known so elsewhere; on their first visit they are made, with a team of their own. `fresh`: ids to take
    /// then. What the other place says of them is taken over, but for a name that they chose here.
    pub async fn arrive(
        &self,
        known: &Known,
        fresh: (UserId, AccountId),
        now: UnixMillis,
    ) -> StoreResult<UserId> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT user_id FROM identity WHERE place = ? AND subject = ?")
            .bind(known.place)
            .bind(&known.subject)
            .fetch_optional(&mut *tx)
            .await?;
        let user = match row {
            Some(row) => {
                let user: UserId = row.parsed("user_id")?;
                come_again(&mut tx, user, known).await?;
                user
            }
            None => {
                come_first(&mut tx, known, fresh, now).await?;
                fresh.0
            }
        };
        tx.commit().await?;
        Ok(user)
    }

    /// The team that is this person alone.
    pub async fn personal_team(&self, user: UserId) -> StoreResult<AccountId> {
        let row = sqlx::query("SELECT id FROM account WHERE personal_of = ?")
            .bind(user.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map_or_else(|| Err(StoreError::not_found("user", user)), |row| row.parsed("id"))
    }

    /// How somebody is known elsewhere, and what lets us ask there in their name, sealed.
    pub async fn identity_tokens(&self, user: UserId, place: &str) -> StoreResult<Option<(String, Vec<u8>)>> {
        let row = sqlx::query_as(
            "SELECT subject, tokens FROM identity WHERE user_id = ? AND place = ? AND tokens IS NOT NULL",
        );
        Ok(row.bind(user.to_string()).bind(place).fetch_optional(self.read()).await?)
    }

    /// Keeps what lets us ask elsewhere in somebody's name, after it was renewed.
    pub async fn keep_identity_tokens(&self, user: UserId, place: &str, sealed: &[u8]) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE identity SET tokens = ?3 WHERE user_id = ?1 AND place = ?2")
            .bind(user.to_string())
            .bind(place)
            .bind(sealed)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// Gives somebody another name.
    pub async fn rename_user(&self, user: UserId, name: &str) -> StoreResult<UserView> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE user SET name = ?2 WHERE id = ?1")
            .bind(user.to_string())
            .bind(name)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.user(user).await
    }

    /// Notes that a code is on its way to this address; the one before is void.
    pub async fn ask_email_code(
        &self,
        user: UserId,
        email: &str,
        hash: &[u8; 32],
        expires_at: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO email_code (user_id, email, hash, expires_at, tries) VALUES (?1, ?2, ?3, ?4, 0)
             ON CONFLICT (user_id) DO UPDATE SET email = ?2, hash = ?3, expires_at = ?4, tries = 0",
        )
        .bind(user.to_string())
        .bind(email)
        .bind(&hash[..])
        .bind(expires_at.0)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await
    }

    /// Tries a code. `hash`: of it with the address that it was sent to, which is asked for by [`Store::email_asked`].
    pub async fn try_email_code(
        &self,
        user: UserId,
        hash: &[u8; 32],
        now: UnixMillis,
    ) -> StoreResult<CodeTried> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT email, hash = ?2 AS fits FROM email_code WHERE user_id = ?1 AND expires_at > ?3 AND tries < ?4",
        )
        .bind(user.to_string())
        .bind(&hash[..])
        .bind(now.0)
        .bind(TRIES_MAX)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(CodeTried::Over) };
        if row.number::<u8>("fits")? == 0 {
            let sql = "UPDATE email_code SET tries = tries + 1 WHERE user_id = ?";
            sqlx::query(sql).bind(user.to_string()).execute(&mut *tx).await?;
            tx.commit_unseen().await?;
            return Ok(CodeTried::Wrong);
        }
        sqlx::query("UPDATE user SET email = ?2, email_verified_at = ?3 WHERE id = ?1")
            .bind(user.to_string())
            .bind(row.text("email")?)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        let sql = "DELETE FROM email_code WHERE user_id = ?";
        sqlx::query(sql).bind(user.to_string()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(CodeTried::Right)
    }

    /// The address that a code is on its way to.
    pub async fn email_asked(&self, user: UserId) -> StoreResult<Option<String>> {
        let sql = "SELECT email FROM email_code WHERE user_id = ?";
        Ok(sqlx::query_scalar(sql).bind(user.to_string()).fetch_optional(self.read()).await?)
    }
}

async fn come_first(
    tx: &mut Tx,
    known: &Known,
    (user, account): (UserId, AccountId),
    now: UnixMillis,
) -> StoreResult<()> {
    let (id, verified) = (user.to_string(), known.email.as_ref().map(|_| now.0));
    sqlx::query(
        "INSERT INTO user (id, login, name, email, email_verified_at, avatar_url, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(&known.login)
    .bind(&known.name)
    .bind(&known.email)
    .bind(verified)
    .bind(&known.avatar_url)
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    sqlx::query("INSERT INTO identity (place, subject, user_id, tokens) VALUES (?, ?, ?, ?)")
        .bind(known.place)
        .bind(&known.subject)
        .bind(&id)
        .bind(&known.tokens)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO account (id, name, created_at, personal_of) VALUES (?, ?, ?, ?)")
        .bind(account.to_string())
        .bind(&known.login)
        .bind(now.0)
        .bind(&id)
        .execute(&mut **tx)
        .await?;
    team::join(tx, account, user, Role::Owner, now).await
}

async fn come_again(tx: &mut Tx, user: UserId, known: &Known) -> StoreResult<()> {
    let id = user.to_string();
    // An address that was verified here is not replaced by one from elsewhere.
    sqlx::query("UPDATE user SET login = ?2, avatar_url = ?3 WHERE id = ?1")
        .bind(&id)
        .bind(&known.login)
        .bind(&known.avatar_url)
        .execute(&mut **tx)
        .await?;
    let sql = "UPDATE identity SET tokens = coalesce(?3, tokens) WHERE place = ?1 AND subject = ?2";
    sqlx::query(sql).bind(known.place).bind(&known.subject).bind(&known.tokens).execute(&mut **tx).await?;
    Ok(())
}
