//! Agents without a code that wait for their owner's approval. Deliberately absent: counting guesses, which the API does.

use super::{RowExt, Store, StoreError, StoreResult};
use ttalkak_protocol::{
    api::machine::PairingState,
    id::{AccountId, AgentId},
    unit::UnixMillis,
};

/// Pairings that may wait at a time. They end by themselves after ten minutes.
const WAITING_MAX: i64 = 10_000;

/// An agent that asks to be let in.
#[derive(Debug, Clone)]
pub struct NewPairing {
    /// SHA-256 of what it asks with.
    pub poll: [u8; 32],
    /// SHA-256 of what its screen shows.
    pub code: [u8; 32],
    /// What to call it.
    pub name: String,
    /// Ed25519.
    pub public_key: [u8; 32],
    /// After this it is void.
    pub expires_at: UnixMillis,
}

impl Store {
    /// Notes that an agent waits. Those that are long over go. Returns `false` when too many wait, or when the code is
    /// another's at this moment.
    pub async fn add_pairing(&self, new: &NewPairing, now: UnixMillis) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM pairing WHERE expires_at <= ?").bind(now.0).execute(&mut *tx).await?;
        let done = sqlx::query(
            "INSERT INTO pairing (poll, code, name, public_key, expires_at) SELECT ?1, ?2, ?3, ?4, ?5
             WHERE (SELECT count(*) FROM pairing) < ?6 ON CONFLICT DO NOTHING",
        )
        .bind(&new.poll[..])
        .bind(&new.code[..])
        .bind(&new.name)
        .bind(&new.public_key[..])
        .bind(new.expires_at.0)
        .bind(WAITING_MAX)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await?;
        Ok(done.rows_affected() == 1)
    }

    /// How a pairing stands; `None` when it is over or never was.
    pub async fn pairing(&self, poll: &[u8; 32], now: UnixMillis) -> StoreResult<Option<PairingState>> {
        let row = sqlx::query("SELECT agent_id FROM pairing WHERE poll = ? AND expires_at > ?")
            .bind(&poll[..])
            .bind(now.0)
            .fetch_optional(self.read())
            .await?;
        row.map(|row| {
            let agent = row.parsed_opt("agent_id")?;
            Ok(agent.map_or(PairingState::Waiting, |agent| PairingState::Approved { agent }))
        })
        .transpose()
    }

    /// Lets the machine in that shows this code; asking twice for one's own gives the same agent.
    /// Errors: `EnrolCodeInvalid`.
    pub async fn approve_pairing(
        &self,
        account: AccountId,
        code: &[u8; 32],
        fresh: AgentId,
        now: UnixMillis,
    ) -> StoreResult<AgentId> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT p.name, p.public_key, a.id, a.account_id FROM pairing p
             LEFT JOIN agent a ON a.id = p.agent_id WHERE p.code = ? AND p.expires_at > ?",
        )
        .bind(&code[..])
        .bind(now.0)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::EnrolCodeInvalid)?;
        if let Some(agent) = row.parsed_opt("id")? {
            let owner: AccountId = row.parsed("account_id")?;
            return if owner == account { Ok(agent) } else { Err(StoreError::EnrolCodeInvalid) };
        }
        let key: Vec<u8> = sqlx::Row::try_get(&row, "public_key")?;
        sqlx::query(
            "INSERT INTO agent (id, account_id, name, public_key, created_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(fresh.to_string())
        .bind(account.to_string())
        .bind(row.text("name")?)
        .bind(key)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE pairing SET agent_id = ?2 WHERE code = ?1")
            .bind(&code[..])
            .bind(fresh.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(fresh)
    }
}
