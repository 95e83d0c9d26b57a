//! Whom a token or a browser's cookie speaks for, and what they may do at this moment. Only hashes are kept.

use super::{RowExt, Store, StoreResult};
use crate::logic::authorize::Actor;
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::{
        audit::AuditVia,
        team::{Role, TokenScope},
    },
    id::{SessionId, TokenId},
    unit::UnixMillis,
};

/// The cookie before the present one is good for so long: requests that were under way when it changed.
const PREVIOUS_FOR_MS: i64 = 60_000;

/// By what somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An API token.
    Token(TokenId),
    /// A browser.
    Session(SessionId),
}

impl Credential {
    /// For the audit log.
    pub fn via(self) -> AuditVia {
        match self {
            Self::Token(_) => AuditVia::Token,
            Self::Session(_) => AuditVia::Session,
        }
    }
}

/// Whom a token or cookie speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The team, the person and what they may do.
    pub actor: Actor,
    /// What was shown.
    pub credential: Credential,
    /// What to call them in the audit log: the person's login, else the token's name.
    pub name: String,
    /// When its use was last written down.
    pub last_used_at: Option<UnixMillis>,
    /// From then on it is void.
    pub expires_at: Option<UnixMillis>,
    /// When a cookie last changed; `None` for a token.
    pub changed_at: Option<UnixMillis>,
}

fn owner(row: &SqliteRow, credential: Credential) -> StoreResult<Owner> {
    // What no person made is the operator's own.
    let role: Option<Role> = row.word_opt("role")?;
    let actor = Actor {
        account: row.parsed("account_id")?,
        user: row.parsed_opt("user_id")?,
        role: role.unwrap_or(Role::Owner),
        scope: row.word::<TokenScope>("scope")?,
    };
    let login = row.text_opt("login")?;
    Ok(Owner {
        actor,
        credential,
        name: match login {
            Some(login) => login,
            None => row.text("name")?,
        },
        last_used_at: row.time_opt("used_at")?,
        expires_at: row.time_opt("expires_at")?,
        changed_at: row.time_opt("changed_at")?,
    })
}

impl Store {
    /// Whom the token of this hash speaks for; `None` when it is unknown, revoked, over, or its maker left the team.
    pub async fn token_owner(&self, hash: &[u8; 32], now: UnixMillis) -> StoreResult<Option<Owner>> {
        let row = sqlx::query(
            "SELECT t.id, t.account_id, t.user_id, t.scope, t.name, t.expires_at, t.last_used_at AS used_at,
                NULL AS changed_at, m.role, u.login
             FROM token t
             LEFT JOIN membership m ON m.account_id = t.account_id AND m.user_id = t.user_id
             LEFT JOIN user u ON u.id = t.user_id
             WHERE t.hash = ?1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)
               AND (t.user_id IS NULL OR m.role IS NOT NULL)",
        )
        .bind(&hash[..])
        .bind(now.0)
        .fetch_optional(self.read())
        .await?;
        row.map(|row| owner(&row, Credential::Token(row.parsed("id")?))).transpose()
    }

    /// Whom the cookie of this hash speaks for; `None` when it is unknown or over, or the token that opened it is. A
    /// cookie that was replaced a while ago ends its session: one of the two who have it is not the owner.
    pub async fn session_owner(&self, hash: &[u8; 32], now: UnixMillis) -> StoreResult<Option<Owner>> {
        let row = sqlx::query(
            "SELECT s.id, s.account_id, s.user_id, s.scope, coalesce(t.name, '') AS name, s.expires_at,
                s.seen_at AS used_at, s.changed_at, m.role, u.login, s.hash = ?1 AS present
             FROM session s
             LEFT JOIN token t ON t.id = s.token_id
             LEFT JOIN membership m ON m.account_id = s.account_id AND m.user_id = s.user_id
             LEFT JOIN user u ON u.id = s.user_id
             WHERE (s.hash = ?1 OR s.previous = ?1) AND s.expires_at > ?2
               AND (s.user_id IS NULL OR m.role IS NOT NULL)
               AND (s.token_id IS NULL OR (t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?2)))",
        )
        .bind(&hash[..])
        .bind(now.0)
        .fetch_optional(self.read())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let id: SessionId = row.parsed("id")?;
        let changed_at = row.time("changed_at")?;
        if row.number::<u8>("present")? == 0 && changed_at.0 + PREVIOUS_FOR_MS < now.0 {
            tracing::warn!(session.id = %id, "a cookie that was replaced came again: its session ends");
            self.end_session(id).await?;
            return Ok(None);
        }
        owner(&row, Credential::Session(id)).map(Some)
    }

    /// Writes down that a token or browser was used.
    pub async fn credential_used(&self, credential: Credential, now: UnixMillis) -> StoreResult<()> {
        let (sql, id) = match credential {
            Credential::Token(id) => ("UPDATE token SET last_used_at = ?2 WHERE id = ?1", id.to_string()),
            Credential::Session(id) => ("UPDATE session SET seen_at = ?2 WHERE id = ?1", id.to_string()),
        };
        let mut tx = self.begin().await?;
        sqlx::query(sql).bind(id).bind(now.0).execute(&mut *tx).await?;
        tx.commit_unseen().await
    }
}
