//! Agents as the link and the placement know them: keys, capacity, generations, images.

use super::{RowExt, Store, StoreResult, Tx, row::json};
use crate::logic::placement::Candidate;
use sqlx::Row;
use std::collections::BTreeSet;
use ttalkak_protocol::{
    id::{AgentId, DeploymentId},
    link::{Capacity, ImageReport, Lending, Offer},
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// What proves an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKey {
    /// Ed25519, 32 bytes.
    pub public_key: Vec<u8>,
    /// Its right was taken away.
    pub revoked: bool,
    /// It leaves, by its own word or its owner's.
    pub leaves: bool,
}

impl Store {
    /// The key of an agent; `None` for one that was never enrolled.
    pub async fn agent_key(&self, agent: AgentId) -> StoreResult<Option<AgentKey>> {
        let row = sqlx::query("SELECT public_key, revoked_at, leaving_by FROM agent WHERE id = ?")
            .bind(agent.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| {
            Ok(AgentKey {
                public_key: row.try_get("public_key")?,
                revoked: row.time_opt("revoked_at")?.is_some(),
                leaves: row.time_opt("leaving_by")?.is_some(),
            })
        })
        .transpose()
    }

    /// Notes that an agent speaks, which program it runs and what it lends.
    pub async fn agent_seen(
        &self,
        agent: AgentId,
        build: Option<&str>,
        (capacity, lending): (&Capacity, &Lending),
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        super::leaving::note_lending(&mut tx, agent, lending, now).await?;
        sqlx::query(
            "UPDATE agent SET build = COALESCE(?2, build), capacity = ?3, last_seen_at = ?4 WHERE id = ?1",
        )
        .bind(agent.to_string())
        .bind(build)
        .bind(json(capacity))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit_unseen().await
    }

    /// The number of the next assignment for an agent; it only grows, whatever happens to the coordinator.
    pub async fn next_generation(&self, agent: AgentId) -> StoreResult<u64> {
        let mut tx = self.begin().await?;
        let row =
            sqlx::query("UPDATE agent SET generation = generation + 1 WHERE id = ? RETURNING generation")
                .bind(agent.to_string())
                .fetch_one(&mut *tx)
                .await?;
        let generation = row.number("generation")?;
        tx.commit_unseen().await?;
        Ok(generation)
    }

    /// Build keys that an agent should keep for a deployment it serves: those of its last five good releases.
    pub async fn pinned_images(&self, agent: AgentId) -> StoreResult<Vec<String>> {
        let rows = sqlx::query(
            "SELECT DISTINCT build_key FROM (
               SELECT r.build_key, ROW_NUMBER() OVER (PARTITION BY r.deployment_id ORDER BY r.number DESC) AS place
               FROM release r JOIN deployment d ON d.id = r.deployment_id
               WHERE r.build_key IS NOT NULL AND r.state IN ('live', 'retired') AND d.wanted != 'deleted')
             WHERE place <= 5 AND build_key IN (SELECT build_key FROM agent_image WHERE agent_id = ?) ORDER BY build_key",
        )
        .bind(agent.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.text("build_key")).collect()
    }

    /// Everybody who might run a workload of this deployment. What is promised to the deployment itself does not
    /// count: its old workload goes when the new one serves. `online` is the link's to tell.
    pub async fn candidates(
        &self,
        deployment: DeploymentId,
        build_key: Option<&str>,
        online: &BTreeSet<AgentId>,
        now: UnixMillis,
    ) -> StoreResult<Vec<Candidate>> {
        let rows = sqlx::query(
            "SELECT a.id, a.capacity, a.offer, a.lending, a.leaving_by,
               COALESCE(SUM(d.memory_bytes), 0) AS memory, COALESCE(SUM(d.milli_cpu), 0) AS cpu, COUNT(d.id) AS workloads,
               EXISTS (SELECT 1 FROM turned_away t WHERE t.agent_id = a.id AND t.deployment_id = ?1 AND t.until > ?3) AS turned_away,
               EXISTS (SELECT 1 FROM agent_image i WHERE i.agent_id = a.id AND i.build_key = ?2) AS has_image,
               EXISTS (SELECT 1 FROM route r JOIN lease s ON s.id = r.lease_id WHERE r.deployment_id = ?1 AND s.agent_id = a.id) AS serves
             FROM agent a
             LEFT JOIN lease l ON l.agent_id = a.id AND l.state = 'active' AND l.deployment_id != ?1
             LEFT JOIN deployment d ON d.id = l.deployment_id
             WHERE a.revoked_at IS NULL GROUP BY a.id ORDER BY a.id",
        )
        .bind(deployment.to_string())
        .bind(build_key)
        .bind(now.0)
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                let agent = row.parsed("id")?;
                Ok(Candidate {
                    agent,
                    online: online.contains(&agent),
                    capacity: row.json_opt("capacity")?,
                    memory_taken: Bytes(row.number("memory")?),
                    cpu_taken: MilliCpu(row.number("cpu")?),
                    workloads_taken: row.number("workloads")?,
                    has_image: row.number::<i64>("has_image")? == 1,
                    serves: row.number::<i64>("serves")? == 1,
                    offer: row.json_opt("offer")?,
                    lending: super::leaving::lending_of(row)?,
                    turned_away: row.number::<i64>("turned_away")? == 1,
                })
            })
            .collect()
    }

    /// What an agent asks for, as it last reported; `None`: it lends for nothing.
    pub async fn offer(&self, agent: AgentId) -> StoreResult<Option<Offer>> {
        let row = sqlx::query("SELECT offer FROM agent WHERE id = ?")
            .bind(agent.to_string())
            .fetch_one(self.read())
            .await?;
        row.json_opt("offer")
    }

    /// Notes what an agent asks for, when that changed.
    pub async fn note_offer(&self, agent: AgentId, offer: Option<&Offer>) -> StoreResult<()> {
        if self.offer(agent).await?.as_ref() == offer {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE agent SET offer = ?2 WHERE id = ?1")
            .bind(agent.to_string())
            .bind(offer.map(json))
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// A small fact of this coordinator, made on first use.
    pub async fn setting(&self, key: &str, fresh: &str) -> StoreResult<String> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(key)
            .bind(fresh)
            .execute(&mut *tx)
            .await?;
        let row =
            sqlx::query("SELECT value FROM setting WHERE key = ?").bind(key).fetch_one(&mut *tx).await?;
        let value = row.text("value")?;
        tx.commit_unseen().await?;
        Ok(value)
    }
}

impl Store {
    /// A small fact of this coordinator, when it is known.
    pub async fn find_setting(&self, key: &str) -> StoreResult<Option<String>> {
        let row = sqlx::query("SELECT value FROM setting WHERE key = ?")
            .bind(key)
            .fetch_optional(self.read())
            .await?;
        row.map(|row| row.text("value")).transpose()
    }

    /// Writes a small fact of this coordinator.
    pub async fn set_setting(&self, key: &str, value: &str) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let sql =
            "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        sqlx::query(sql).bind(key).bind(value).execute(&mut *tx).await?;
        tx.commit_unseen().await
    }
}

/// Notes what an agent lends now, and once a minute that it was heard. Returns whether anything was written.
pub(super) async fn note_capacity(
    tx: &mut Tx,
    agent: AgentId,
    capacity: &Capacity,
    now: UnixMillis,
) -> StoreResult<bool> {
    let done = sqlx::query(
        "UPDATE agent SET capacity = ?2, last_seen_at = ?3
         WHERE id = ?1 AND (capacity IS NOT ?2 OR last_seen_at IS NULL OR last_seen_at < ?3 - 60000)",
    )
    .bind(agent.to_string())
    .bind(json(capacity))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Replaces what is known of an agent's images. Returns whether anything changed.
pub(super) async fn replace_images(tx: &mut Tx, agent: AgentId, images: &[ImageReport]) -> StoreResult<bool> {
    let rows = sqlx::query("SELECT build_key, digest FROM agent_image WHERE agent_id = ?")
        .bind(agent.to_string())
        .fetch_all(&mut **tx)
        .await?;
    let known: StoreResult<BTreeSet<(String, String)>> =
        rows.iter().map(|row| Ok((row.text("build_key")?, row.text("digest")?))).collect();
    let seen: BTreeSet<(String, String)> =
        images.iter().map(|i| (i.build_key.clone(), i.digest.clone())).collect();
    if known? == seen {
        return Ok(false);
    }
    sqlx::query("DELETE FROM agent_image WHERE agent_id = ?")
        .bind(agent.to_string())
        .execute(&mut **tx)
        .await?;
    for image in images {
        sqlx::query(
            "INSERT OR REPLACE INTO agent_image (agent_id, build_key, digest, bytes) VALUES (?, ?, ?, ?)",
        )
        .bind(agent.to_string())
        .bind(&image.build_key)
        .bind(&image.digest)
        .bind(image.bytes.0.cast_signed())
        .execute(&mut **tx)
        .await?;
    }
    Ok(true)
}
