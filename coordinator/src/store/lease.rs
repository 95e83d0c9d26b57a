//! Leases: granting them to an agent, hearing of their workloads, ending them.

use super::{RowExt, Store, StoreResult, row::json};
use crate::logic::placement::Need;
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    id::{AccountId, AgentId, AgreementId, DeploymentId, LeaseId, ReleaseId, SagaId},
    link::{Health, Phase, Report, WorkloadReport},
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// How a lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseEnd {
    /// Its work is done: another lease serves, or the deployment was stopped.
    Returned,
    /// Its rollout was given up.
    Revoked,
    /// Its agent did not come back in time.
    Expired,
}

/// A lease in force.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaseRow {
    /// Its id.
    pub id: LeaseId,
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// Which release it runs.
    pub release: ReleaseId,
    /// Who runs it.
    pub agent: AgentId,
    /// What was last heard of its workload.
    pub report: Option<WorkloadReport>,
    /// Under which agreement it is paid; `None`: nothing is charged.
    pub agreement: Option<AgreementId>,
}

impl LeaseRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            deployment: row.parsed("deployment_id")?,
            release: row.parsed("release_id")?,
            agent: row.parsed("agent_id")?,
            report: row.json_opt("report")?,
            agreement: row.parsed_opt("agreement_id")?,
        })
    }
}

/// A lease whose report changed, and whether visitors are routed to it.
#[derive(Debug, Clone)]
pub struct ReportedLease {
    /// The lease with its new report.
    pub lease: LeaseRow,
    /// Visitors are routed to it.
    pub serves: bool,
}

impl Store {
    /// Grants a lease for a rollout; the one it has already is kept.
    pub async fn grant_lease(
        &self,
        saga: SagaId,
        fresh: LeaseId,
        (deployment, release): (DeploymentId, ReleaseId),
        (agent, agreement): (AgentId, Option<AgreementId>),
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO lease (id, deployment_id, release_id, agent_id, saga_id, state, created_at, agreement_id)
             SELECT ?1, ?2, ?3, ?4, ?5, 'active', ?6, ?7
             WHERE NOT EXISTS (SELECT 1 FROM lease WHERE saga_id = ?5 AND state = 'active')",
        )
        .bind(fresh.to_string())
        .bind(deployment.to_string())
        .bind(release.to_string())
        .bind(agent.to_string())
        .bind(saga.to_string())
        .bind(now.0)
        .bind(agreement.map(|id| id.to_string()))
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// The lease that a rollout was granted, while it is in force.
    pub async fn lease_of_saga(&self, saga: SagaId) -> StoreResult<Option<LeaseRow>> {
        let row = sqlx::query("SELECT * FROM lease WHERE saga_id = ? AND state = 'active'")
            .bind(saga.to_string())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(LeaseRow::read).transpose()
    }

    /// Leases in force of a deployment, oldest first.
    pub async fn leases_of_deployment(&self, deployment: DeploymentId) -> StoreResult<Vec<LeaseRow>> {
        let rows = sqlx::query(
            "SELECT * FROM lease WHERE deployment_id = ? AND state = 'active' ORDER BY created_at, id",
        )
        .bind(deployment.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(LeaseRow::read).collect()
    }

    /// Leases in force of an agent, oldest first.
    pub async fn leases_of_agent(&self, agent: AgentId) -> StoreResult<Vec<LeaseRow>> {
        let rows = sqlx::query(
            "SELECT * FROM lease WHERE agent_id = ? AND state = 'active' ORDER BY created_at, id",
        )
        .bind(agent.to_string())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(LeaseRow::read).collect()
    }

    /// Leases of a deployment that ended at or after `since`, with who had them.
    pub async fn leases_ended_since(
        &self,
        deployment: DeploymentId,
        since: UnixMillis,
    ) -> StoreResult<Vec<(LeaseId, AgentId)>> {
        let rows = sqlx::query("SELECT id, agent_id FROM lease WHERE deployment_id = ? AND ended_at >= ?")
            .bind(deployment.to_string())
            .bind(since.0)
            .fetch_all(self.read())
            .await?;
        rows.iter().map(|row| Ok((row.parsed("id")?, row.parsed("agent_id")?))).collect()
    }

    /// Ends a lease; ending it twice is harmless.
    pub async fn end_lease(&self, lease: LeaseId, end: LeaseEnd, now: UnixMillis) -> StoreResult<()> {
        let state = match end {
            LeaseEnd::Returned => "returned",
            LeaseEnd::Revoked => "revoked",
            LeaseEnd::Expired => "expired",
        };
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE lease SET state = ?2, ended_at = ?3 WHERE id = ?1 AND state = 'active'")
            .bind(lease.to_string())
            .bind(state)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// What a workload of this deployment needs, and whose it is; `None` when it was erased.
    pub async fn need(&self, deployment: DeploymentId) -> StoreResult<Option<(Need, AccountId)>> {
        let row = sqlx::query("SELECT account_id, memory_bytes, milli_cpu FROM deployment WHERE id = ?")
            .bind(deployment.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| {
            let (memory, cpu) = (Bytes(row.number("memory_bytes")?), MilliCpu(row.number("milli_cpu")?));
            Ok((Need { memory, cpu, rate_max: None }, row.parsed("account_id")?))
        })
        .transpose()
    }

    /// Keeps what an agent saw. Only leases of this agent that are in force are touched: a report cannot speak for
    /// another's. Returns the leases whose workload stands differently than before.
    pub async fn store_report(
        &self,
        agent: AgentId,
        report: &Report,
        now: UnixMillis,
    ) -> StoreResult<Vec<ReportedLease>> {
        let mut tx = self.begin().await?;
        let mut changed = Vec::new();
        for workload in &report.workloads {
            let row = sqlx::query(
                "SELECT l.*, r.lease_id IS NOT NULL AS serves FROM lease l LEFT JOIN route r ON r.lease_id = l.id
                 WHERE l.id = ? AND l.agent_id = ? AND l.state = 'active'",
            )
            .bind(workload.lease.to_string())
            .bind(agent.to_string())
            .fetch_optional(&mut *tx)
            .await?;
            let Some(row) = row else { continue };
            let mut lease = LeaseRow::read(&row)?;
            if lease.report.as_ref().is_some_and(|before| same_standing(before, workload)) {
                continue;
            }
            sqlx::query(
                "UPDATE lease SET report = ?2, reported_at = ?3, healthy_at = COALESCE(healthy_at, ?4) WHERE id = ?1",
            )
                .bind(workload.lease.to_string())
                .bind(json(workload))
                .bind(now.0)
                .bind(healthy_since(workload, now).map(|since| since.0))
                .execute(&mut *tx)
                .await?;
            lease.report = Some(workload.clone());
            changed.push(ReportedLease { lease, serves: row.number::<i64>("serves")? == 1 });
        }
        let images_changed = super::agent::replace_images(&mut tx, agent, &report.images).await?;
        let capacity_changed = super::agent::note_capacity(&mut tx, agent, &report.capacity, now).await?;
        let lending_changed = super::leaving::note_lending(&mut tx, agent, &report.lending, now).await?;
        let handed_back = super::leaving::note_handed_back(&mut tx, agent, &report.handed_back, now).await?;
        if changed.is_empty() && !(images_changed || capacity_changed || lending_changed || handed_back) {
            return Ok(changed);
        }
        tx.commit_unseen().await?;
        Ok(changed)
    }
}

/// Since when it is healthy, by the agent's clock; a clock that is ahead tells no time to come.
fn healthy_since(workload: &WorkloadReport, now: UnixMillis) -> Option<UnixMillis> {
    let healthy = matches!(workload.phase, Phase::Running { health: Health::Healthy });
    healthy.then(|| workload.since.min(now))
}

/// Memory in use moves all the time and changes nothing that anybody waits for.
fn same_standing(before: &WorkloadReport, now: &WorkloadReport) -> bool {
    WorkloadReport { memory_used: None, ..before.clone() }
        == WorkloadReport { memory_used: None, ..now.clone() }
}
