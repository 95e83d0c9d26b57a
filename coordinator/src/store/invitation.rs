//! Who was asked into a team and has not come yet. Only the hash of the link's code is kept.

use super::{RowExt, Store, StoreError, StoreResult, team, user};
use ttalkak_protocol::{
    api::team::{InvitationLine, InvitationView, Role},
    id::{AccountId, InvitationId, UserId},
    unit::UnixMillis,
};

/// Invitations of one team that may wait at a time.
const WAITING_MAX: i64 = 100;
/// Those that can still be accepted.
const WAITING: &str = "accepted_by IS NULL AND revoked_at IS NULL AND expires_at >";

/// An invitation that is to be.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Into which team.
    pub account: AccountId,
    /// SHA-256 of the link's code.
    pub hash: [u8; 32],
    /// What they will be.
    pub role: Role,
    /// Where it is sent.
    pub email: Option<String>,
    /// Who asks them in.
    pub invited_by: Option<UserId>,
    /// From then on it is void.
    pub expires_at: UnixMillis,
}

impl Store {
    /// Notes an invitation; `false` when too many wait.
    pub async fn invite(&self, new: &NewInvitation, now: UnixMillis) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO invitation (id, account_id, hash, role, email, invited_by, created_at, expires_at)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
             WHERE (SELECT count(*) FROM invitation WHERE account_id = ?2 AND {WAITING} ?7) < ?9"
        )))
        .bind(new.id.to_string())
        .bind(new.account.to_string())
        .bind(&new.hash[..])
        .bind(new.role.as_str())
        .bind(&new.email)
        .bind(new.invited_by.map(|user| user.to_string()))
        .bind(now.0)
        .bind(new.expires_at.0)
        .bind(WAITING_MAX)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Those of a team that wait, newest first.
    pub async fn invitations(&self, account: AccountId, now: UnixMillis) -> StoreResult<Vec<InvitationLine>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT i.id, i.email, i.role, i.created_at, i.expires_at, u.id AS user_id, u.login,
                u.name AS user_name, u.avatar_url
             FROM invitation i LEFT JOIN user u ON u.id = i.invited_by
             WHERE i.account_id = ?1 AND {WAITING} ?2 ORDER BY i.created_at DESC, i.id DESC"
        )))
        .bind(account.to_string())
        .bind(now.0)
        .fetch_all(self.read())
        .await?;
        let line = |row: &sqlx::sqlite::SqliteRow| {
            Ok(InvitationLine {
                id: row.parsed("id")?,
                email: row.text_opt("email")?,
                role: row.word("role")?,
                created_at: row.time("created_at")?,
                expires_at: row.time("expires_at")?,
                invited_by: user::brief(row)?,
            })
        };
        rows.iter().map(line).collect()
    }

    /// Takes an invitation back. Errors: `NotFound`.
    pub async fn revoke_invitation(
        &self,
        account: AccountId,
        id: InvitationId,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE invitation SET revoked_at = ?3 WHERE id = ?1 AND account_id = ?2 AND {WAITING} ?3"
        )))
        .bind(id.to_string())
        .bind(account.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("invitation", id));
        }
        tx.commit_unseen().await
    }

    /// What the link of this hash asks into. Errors: `InvitationGone`.
    pub async fn invitation(&self, hash: &[u8; 32], now: UnixMillis) -> StoreResult<InvitationView> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT a.name AS team, i.role, i.expires_at, u.name AS invited_by
             FROM invitation i JOIN account a ON a.id = i.account_id LEFT JOIN user u ON u.id = i.invited_by
             WHERE i.hash = ?1 AND {WAITING} ?2"
        )))
        .bind(&hash[..])
        .bind(now.0)
        .fetch_optional(self.read())
        .await?
        .ok_or(StoreError::InvitationGone)?;
        Ok(InvitationView {
            team: row.text("team")?,
            role: row.word("role")?,
            invited_by: row.text_opt("invited_by")?,
            expires_at: row.time("expires_at")?,
        })
    }

    /// Lets somebody in by the link of this hash; the same person may come twice. Returns the team.
    /// Errors: `InvitationGone`.
    pub async fn accept_invitation(
        &self,
        hash: &[u8; 32],
        user: UserId,
        now: UnixMillis,
    ) -> StoreResult<AccountId> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT id, account_id, role FROM invitation
             WHERE hash = ?1 AND revoked_at IS NULL AND expires_at > ?2 AND coalesce(accepted_by, ?3) = ?3",
        )
        .bind(&hash[..])
        .bind(now.0)
        .bind(user.to_string())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::InvitationGone)?;
        let account: AccountId = row.parsed("account_id")?;
        team::join(&mut tx, account, user, row.word("role")?, now).await?;
        sqlx::query("UPDATE invitation SET accepted_by = ?2 WHERE id = ?1")
            .bind(row.text("id")?)
            .bind(user.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(account)
    }
}
