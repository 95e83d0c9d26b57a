//! Providers as the API shows them: one-time codes, enrolment, listing, taking the right away.
//! What the link needs of an agent stands in `agent`.

use super::{RowExt, Store, StoreError, StoreResult};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::provider::{OpenEnrolment, ProviderView},
    id::{AccountId, AgentId},
    unit::UnixMillis,
};

const VIEW: &str =
    "SELECT a.id, a.name, a.build, a.capacity, a.last_seen_at, a.created_at, a.lending, a.leaving_by, a.payee,
    (SELECT count(*) FROM lease l WHERE l.agent_id = a.id AND l.state = 'active') AS workloads
  FROM agent a WHERE a.account_id = ?1 AND a.revoked_at IS NULL";

/// As stored; whether it is online and what its machine does is the link's to tell.
fn view(row: &SqliteRow) -> StoreResult<ProviderView> {
    Ok(ProviderView {
        id: row.parsed("id")?,
        name: row.text("name")?,
        online: false,
        build: row.text("build")?,
        capacity: row.json_opt("capacity")?,
        lending: super::leaving::lending_of(row)?,
        payee: row.parsed_opt("payee")?,
        machine: None,
        workloads: row.number("workloads")?,
        last_seen_at: row.time_opt("last_seen_at")?,
        created_at: row.time("created_at")?,
    })
}

/// An agent that asks to be enrolled.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Its id from now on.
    pub id: AgentId,
    /// What to call it.
    pub name: String,
    /// Ed25519.
    pub public_key: [u8; 32],
}

impl Store {
    /// Keeps a one-time code by the SHA-256 of it. Codes that are long over go.
    pub async fn create_enrolment(
        &self,
        account: AccountId,
        hash: &[u8; 32],
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM enrolment WHERE expires_at < ?").bind(now.0).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO enrolment (hash, account_id, expires_at) VALUES (?, ?, ?)")
            .bind(&hash[..])
            .bind(account.to_string())
            .bind(expires_at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// An account's codes that could still be used, those that end first, first.
    pub async fn open_enrolments(
        &self,
        account: AccountId,
        now: UnixMillis,
    ) -> StoreResult<Vec<OpenEnrolment>> {
        let rows = sqlx::query(
            "SELECT lower(substr(hex(hash), 1, 16)) AS id, expires_at FROM enrolment
             WHERE account_id = ? AND used_at IS NULL AND expires_at > ? ORDER BY expires_at, id",
        )
        .bind(account.to_string())
        .bind(now.0)
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| Ok(OpenEnrolment { id: row.text("id")?, expires_at: row.time("expires_at")? }))
            .collect()
    }

    /// Takes a code back that was not used. Errors: `NotFound`.
    pub async fn revoke_enrolment(&self, account: AccountId, id: &str) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "DELETE FROM enrolment WHERE account_id = ?1 AND lower(substr(hex(hash), 1, 16)) = ?2
             AND used_at IS NULL",
        )
        .bind(account.to_string())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("enrolment", id));
        }
        tx.commit_unseen().await
    }

    /// Calls an agent otherwise. Errors: `NotFound`.
    pub async fn rename_agent(&self, account: AccountId, agent: AgentId, name: &str) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE agent SET name = ?3 WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL",
        )
        .bind(agent.to_string())
        .bind(account.to_string())
        .bind(name)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("provider", agent));
        }
        tx.commit().await
    }

    /// Uses up a code and makes an agent of its account. An agent that did not hear the answer may send the same code
    /// and key again: it gets the same id. Errors: `EnrolCodeInvalid`.
    pub async fn enrol_agent(
        &self,
        hash: &[u8; 32],
        new: &NewAgent,
        now: UnixMillis,
    ) -> StoreResult<AgentId> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT account_id, used_at FROM enrolment WHERE hash = ? AND expires_at > ?")
            .bind(&hash[..])
            .bind(now.0)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(StoreError::EnrolCodeInvalid)?;
        let account = row.text("account_id")?;
        if let Some(used_at) = row.time_opt("used_at")? {
            let same = sqlx::query(
                "SELECT id FROM agent WHERE account_id = ? AND public_key = ? AND created_at = ? AND revoked_at IS NULL",
            )
            .bind(account)
            .bind(&new.public_key[..])
            .bind(used_at.0)
            .fetch_optional(&mut *tx)
            .await?;
            return same.map_or(Err(StoreError::EnrolCodeInvalid), |row| row.parsed("id"));
        }
        sqlx::query("UPDATE enrolment SET used_at = ?2 WHERE hash = ?1")
            .bind(&hash[..])
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO agent (id, account_id, name, public_key, created_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(new.id.to_string())
        .bind(account)
        .bind(&new.name)
        .bind(&new.public_key[..])
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(new.id)
    }

    /// An account's agents, by name.
    pub async fn list_providers(&self, account: AccountId) -> StoreResult<Vec<ProviderView>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{VIEW} ORDER BY a.name, a.id")))
            .bind(account.to_string())
            .fetch_all(self.read())
            .await?;
        rows.iter().map(view).collect()
    }

    /// One agent. Errors: `NotFound`.
    pub async fn provider(&self, account: AccountId, agent: AgentId) -> StoreResult<ProviderView> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{VIEW} AND a.id = ?2")))
            .bind(account.to_string())
            .bind(agent.to_string())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map_or_else(|| Err(StoreError::not_found("provider", agent)), view)
    }

    /// Takes an agent's right away. Errors: `NotFound`.
    pub async fn revoke_agent(&self, account: AccountId, agent: AgentId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE agent SET revoked_at = ?3 WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL",
        )
        .bind(agent.to_string())
        .bind(account.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("provider", agent));
        }
        tx.commit().await
    }
}
