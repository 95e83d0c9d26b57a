//! Routes: which lease a deployment's address leads to. The edge's table is a copy of this one.

use super::{RowExt, Store, StoreResult};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::deployment::{DeploymentState, EndReason, Exposure, ProjectPart},
    id::{AgentId, DeploymentId, LeaseId, ProjectId, TunnelId},
    unit::{PublicPort, UnixMillis},
};

/// What the edge needs to know of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRow {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The first label of its hostname.
    pub name: String,
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// Its public port, for raw TCP.
    pub public_port: Option<PublicPort>,
    /// How it stands.
    pub state: DeploymentState,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// Its project.
    pub project: ProjectId,
    /// Which part of it.
    pub part: Option<ProjectPart>,
    /// Where it leads.
    pub target: Option<(LeaseId, AgentId)>,
}

/// A tunnel of its own as the edge needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelAddressRow {
    /// Its id.
    pub tunnel: TunnelId,
    /// The first label of its hostname.
    pub name: String,
    /// HTTP or raw TCP.
    pub exposure: Exposure,
    /// Its public port, for raw TCP.
    pub public_port: Option<PublicPort>,
}

/// A deployment whose provider may be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedRow {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Who serves it.
    pub agent: AgentId,
    /// How it stands.
    pub state: DeploymentState,
    /// Since when.
    pub since: UnixMillis,
}

// The reason is known while it drains, too: visitors are told of the money at once.
const ADDRESS: &str = "SELECT d.id, d.name, d.exposure, d.state, d.project_id, d.part, p.port, r.lease_id, l.agent_id,
    CASE WHEN d.state = 'draining' AND d.wanted = 'running' AND d.balance_ended_at IS NOT NULL
      THEN 'balance' WHEN d.state = 'draining' AND d.term_ended_at IS NOT NULL THEN 'term' ELSE d.reason END AS reason
    FROM deployment d LEFT JOIN public_port p ON p.owner = d.id
    LEFT JOIN route r ON r.deployment_id = d.id LEFT JOIN lease l ON l.id = r.lease_id";

impl AddressRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        let lease = row.parsed_opt("lease_id")?.zip(row.parsed_opt("agent_id")?);
        Ok(Self {
            deployment: row.parsed("id")?,
            name: row.text("name")?,
            exposure: row.word("exposure")?,
            public_port: public_port(row)?,
            state: row.word("state")?,
            reason: row.word_opt("reason")?,
            project: row.parsed("project_id")?,
            part: row.word_opt("part")?,
            target: lease,
        })
    }
}

fn public_port(row: &SqliteRow) -> StoreResult<Option<PublicPort>> {
    let port: Option<i64> = row.number_opt("port")?;
    port.map(|port| port.try_into().map_err(|_| super::StoreError::corrupt("port"))).transpose()
}

impl Store {
    /// Leads a deployment's address to a lease.
    pub async fn publish_route(
        &self,
        deployment: DeploymentId,
        lease: LeaseId,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO route (deployment_id, lease_id, since) VALUES (?1, ?2, ?3)
             ON CONFLICT (deployment_id) DO UPDATE SET lease_id = ?2, since = ?3 WHERE lease_id != ?2",
        )
        .bind(deployment.to_string())
        .bind(lease.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Leads it nowhere.
    pub async fn withdraw_route(&self, deployment: DeploymentId) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM route WHERE deployment_id = ?")
            .bind(deployment.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// One address; `None` when the deployment was erased.
    pub async fn address(&self, deployment: DeploymentId) -> StoreResult<Option<AddressRow>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{ADDRESS} WHERE d.id = ?")))
            .bind(deployment.to_string())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(AddressRow::read).transpose()
    }

    /// All addresses, for a coordinator that starts.
    pub async fn addresses(&self) -> StoreResult<Vec<AddressRow>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(ADDRESS.to_owned())).fetch_all(self.read()).await?;
        rows.iter().map(AddressRow::read).collect()
    }

    /// All tunnels of their own, for a coordinator that starts.
    pub async fn tunnel_addresses(&self) -> StoreResult<Vec<TunnelAddressRow>> {
        let rows = sqlx::query(
            "SELECT t.id, t.name, t.exposure, p.port FROM tunnel t LEFT JOIN public_port p ON p.owner = t.id",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TunnelAddressRow {
                    tunnel: row.parsed("id")?,
                    name: row.text("name")?,
                    exposure: row.word("exposure")?,
                    public_port: public_port(row)?,
                })
            })
            .collect()
    }

    /// Deployments that visitors are routed to, with who serves them.
    pub async fn served(&self) -> StoreResult<Vec<ServedRow>> {
        let rows = sqlx::query(
            "SELECT d.id, d.state, d.since, l.agent_id FROM route r JOIN deployment d ON d.id = r.deployment_id
             JOIN lease l ON l.id = r.lease_id ORDER BY d.id",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(ServedRow {
                    deployment: row.parsed("id")?,
                    agent: row.parsed("agent_id")?,
                    state: row.word("state")?,
                    since: row.time("since")?,
                })
            })
            .collect()
    }
}
