//! Agents that take no work or leave, and the leases that go with them. Deliberately absent: what to do about a lease
//! (`logic::leaving`), and where it goes.

use super::{RowExt, Store, StoreError, StoreResult, Tx, row::json, row::word, wish};
use crate::logic::leaving::{Leaving, pause};
use sqlx::{AssertSqlSafe, sqlite::SqliteRow};
use ttalkak_protocol::{
    error::Problem,
    id::{AccountId, AgentId, DeploymentId, LeaseId, ReleaseId},
    link::{Drained, Fate, HANDED_BACK_MAX, HandBackReason, HandedBack, Lending},
    unit::{Millis, UnixMillis},
};

/// What has gone is told for so long after an agent does not leave any more.
const TOLD_FOR: Millis = Millis(15 * 60 * 1000);

/// A lease in force whose agent wants to be rid of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingRow {
    /// Which.
    pub lease: LeaseId,
    /// Whose workload.
    pub deployment: DeploymentId,
    /// The deployment's name.
    pub name: String,
    /// Which version of it.
    pub release: ReleaseId,
    /// Who has it.
    pub agent: AgentId,
    /// It alone was handed back, and why; otherwise its agent leaves as a whole.
    pub handed_back: Option<HandBackReason>,
    /// How it stands.
    pub leaving: Leaving,
}

impl LeavingRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        let flag = |column| row.number::<i64>(column).map(|flag| flag == 1);
        Ok(Self {
            lease: row.parsed("id")?,
            deployment: row.parsed("deployment_id")?,
            name: row.text("name")?,
            release: row.parsed("release_id")?,
            agent: row.parsed("agent_id")?,
            handed_back: row.word_opt("handed_back")?,
            leaving: Leaving {
                by: row.time("leave_by")?,
                serves: flag("serves")?,
                moved_at: row.time_opt("moved_at")?,
                in_rollout: flag("in_rollout")?,
                changing: flag("changing")?,
                doing: row.text_opt("doing")?,
            },
        })
    }
}

const LEAVING: &str = "SELECT l.id, l.deployment_id, d.name, l.release_id, l.agent_id, l.handed_back, l.leave_by,
    r.lease_id IS l.id AS serves, CASE WHEN r.lease_id != l.id THEN r.since END AS moved_at,
    EXISTS (SELECT 1 FROM saga s WHERE s.id = l.saga_id AND s.state = 'running' AND s.cancel IS NULL) AS in_rollout,
    EXISTS (SELECT 1 FROM saga s WHERE s.deployment_id = d.id AND s.state IN ('running', 'undoing')) AS changing,
    (SELECT s.progress FROM saga s WHERE s.deployment_id = d.id AND s.state = 'running'
      ORDER BY s.created_at DESC, s.id DESC LIMIT 1) AS doing
  FROM lease l JOIN deployment d ON d.id = l.deployment_id LEFT JOIN route r ON r.deployment_id = d.id
  WHERE l.state = 'active' AND l.leave_by IS NOT NULL";

/// When each lease in force has to go: its agent's right was taken away, its agent leaves, or it was handed back.
const WANTED: &str = "SELECT l.id, l.leave_by, CASE WHEN a.revoked_at IS NOT NULL THEN a.revoked_at
      ELSE COALESCE(min(l.handed_back_by, a.leaving_by), l.handed_back_by, a.leaving_by) END AS wanted
  FROM lease l JOIN agent a ON a.id = l.agent_id WHERE l.state = 'active'";

impl Store {
    /// Brings the time at which each lease has to go up to date, and tells which they are.
    pub async fn leaving(&self) -> StoreResult<Vec<LeavingRow>> {
        let differs = format!("SELECT 1 FROM ({WANTED}) WHERE leave_by IS NOT wanted LIMIT 1");
        if sqlx::query(AssertSqlSafe(differs)).fetch_optional(self.read()).await?.is_some() {
            let mut tx = self.begin().await?;
            let stamp = format!(
                "UPDATE lease SET leave_by = w.wanted FROM ({WANTED}) w WHERE w.id = lease.id AND lease.leave_by IS NOT w.wanted"
            );
            sqlx::query(AssertSqlSafe(stamp)).execute(&mut *tx).await?;
            tx.commit_unseen().await?;
        }
        self.leaving_rows("ORDER BY l.created_at, l.id", None).await
    }

    /// Those of one agent, oldest first, as they were last stamped.
    pub async fn leaving_of(&self, agent: AgentId) -> StoreResult<Vec<LeavingRow>> {
        self.leaving_rows("AND l.agent_id = ? ORDER BY l.created_at, l.id", Some(agent)).await
    }

    async fn leaving_rows(&self, clause: &str, agent: Option<AgentId>) -> StoreResult<Vec<LeavingRow>> {
        let sql = format!("{LEAVING} {clause}");
        let mut query = sqlx::query(AssertSqlSafe(sql));
        if let Some(agent) = agent {
            query = query.bind(agent.to_string());
        }
        query.fetch_all(self.read()).await?.iter().map(LeavingRow::read).collect()
    }

    /// What became of leases that an agent was rid of lately, oldest first.
    pub async fn left(&self, agent: AgentId, now: UnixMillis) -> StoreResult<Vec<Drained>> {
        let rows = sqlx::query(
            "SELECT l.id, l.deployment_id, d.name, l.state, l.ended_at, r.lease_id IS NOT NULL AS routed
             FROM lease l JOIN agent a ON a.id = l.agent_id JOIN deployment d ON d.id = l.deployment_id
             LEFT JOIN route r ON r.deployment_id = d.id
             WHERE l.agent_id = ?1 AND l.leave_by IS NOT NULL AND l.state != 'active'
               AND (l.ended_at >= ?2 OR l.ended_at >= a.leaving_since) ORDER BY l.created_at, l.id",
        )
        .bind(agent.to_string())
        .bind(now.0.saturating_sub(TOLD_FOR.0.cast_signed()))
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                let at = row.time("ended_at")?;
                let moved = row.text("state")? == "returned" && row.number::<i64>("routed")? == 1;
                Ok(Drained {
                    lease: row.parsed("id")?,
                    deployment: row.parsed("deployment_id")?,
                    name: row.text("name")?,
                    fate: if moved { Fate::Moved { at } } else { Fate::Stopped { at } },
                })
            })
            .collect()
    }

    /// Ends a lease that served, and leads its visitors nowhere; in one, so that nobody is led to what is gone.
    /// Returns whether it was still in force.
    pub async fn withdraw(&self, row: &LeavingRow, now: UnixMillis) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE lease SET state = 'withdrawn', ended_at = ?2 WHERE id = ?1 AND state = 'active'",
        )
        .bind(row.lease.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM route WHERE lease_id = ?")
            .bind(row.lease.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives up the rollout that a lease was granted for; `again`: the same release sets out anew. Returns whether
    /// there was one to give up.
    pub async fn give_up_rollout(
        &self,
        row: &LeavingRow,
        why: &Problem,
        again: bool,
        now: UnixMillis,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let open = sqlx::query(
            "SELECT 1 FROM saga s JOIN lease l ON l.saga_id = s.id
             WHERE l.id = ? AND s.state = 'running' AND s.cancel IS NULL",
        )
        .bind(row.lease.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        if open.is_none() {
            return Ok(false);
        }
        wish::cancel_open(&mut tx, row.deployment, why).await?;
        if again {
            wish::insert_saga(&mut tx, row.deployment, Some(row.release), now).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deployments that should run and are led nowhere, since their provider went and nobody could take over.
    pub async fn stranded(&self) -> StoreResult<Vec<DeploymentId>> {
        let rows = sqlx::query(
            "SELECT d.id FROM deployment d WHERE d.wanted = 'running' AND d.state = 'offline'
               AND d.release_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM route r WHERE r.deployment_id = d.id)
               AND NOT EXISTS (SELECT 1 FROM saga s WHERE s.deployment_id = d.id AND s.state IN ('running', 'undoing'))
             ORDER BY d.id",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    /// The owner wants an agent emptied by then, or, with `None`, not any more. Errors: `NotFound`.
    pub async fn set_drain(
        &self,
        account: AccountId,
        agent: AgentId,
        by: Option<UnixMillis>,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let row =
            sqlx::query("SELECT lending FROM agent WHERE id = ? AND account_id = ? AND revoked_at IS NULL")
                .bind(agent.to_string())
                .bind(account.to_string())
                .fetch_optional(&mut *tx)
                .await?
                .ok_or_else(|| StoreError::not_found("provider", agent))?;
        let said = row.json_opt::<Lending>("lending")?.and_then(|lending| lending.leaving_by);
        sqlx::query(
            "UPDATE agent SET drain_by = ?2, leaving_by = ?3,
               leaving_since = CASE WHEN ?3 IS NULL THEN NULL ELSE COALESCE(leaving_since, ?4) END WHERE id = ?1",
        )
        .bind(agent.to_string())
        .bind(by.map(|by| by.0))
        .bind(said.into_iter().chain(by).min().map(|by| by.0))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }
}

/// Notes what an agent says of its lending. Returns whether that is news.
pub(super) async fn note_lending(
    tx: &mut Tx,
    agent: AgentId,
    lending: &Lending,
    now: UnixMillis,
) -> StoreResult<bool> {
    let done = sqlx::query(
        "UPDATE agent SET lending = ?2, leaving_by = COALESCE(min(?3, drain_by), ?3, drain_by),
           leaving_since = CASE WHEN ?3 IS NULL AND drain_by IS NULL THEN NULL ELSE COALESCE(leaving_since, ?4) END
         WHERE id = ?1 AND lending IS NOT ?2",
    )
    .bind(agent.to_string())
    .bind((!lending.is_default()).then(|| json(lending)))
    .bind(lending.leaving_by.map(|by| by.0))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes which leases an agent hands back. Each counts once, however often it is said; the first reason stays. A later
/// report may move the time. Returns whether anything is news.
pub(super) async fn note_handed_back(
    tx: &mut Tx,
    agent: AgentId,
    handed_back: &[HandedBack],
    now: UnixMillis,
) -> StoreResult<bool> {
    let mut news = false;
    for one in handed_back.iter().take(HANDED_BACK_MAX) {
        let row = sqlx::query(
            "SELECT deployment_id, handed_back, handed_back_by FROM lease
             WHERE id = ? AND agent_id = ? AND state = 'active'",
        )
        .bind(one.lease.to_string())
        .bind(agent.to_string())
        .fetch_optional(&mut **tx)
        .await?;
        let Some(row) = row else { continue };
        if row.time_opt("handed_back_by")? == Some(one.by) {
            continue;
        }
        news = true;
        sqlx::query(
            "UPDATE lease SET handed_back = COALESCE(handed_back, ?2), handed_back_by = ?3 WHERE id = ?1",
        )
        .bind(one.lease.to_string())
        .bind(word(one.reason))
        .bind(one.by.0)
        .execute(&mut **tx)
        .await?;
        if row.text_opt("handed_back")?.is_none() {
            turn_away(tx, row.parsed("deployment_id")?, agent, now).await?;
        }
    }
    Ok(news)
}

/// The agent does not get this deployment for a while. A day without a hand-back and it starts from the first pause.
async fn turn_away(
    tx: &mut Tx,
    deployment: DeploymentId,
    agent: AgentId,
    now: UnixMillis,
) -> StoreResult<()> {
    let (deployment, agent) = (deployment.to_string(), agent.to_string());
    let row = sqlx::query("SELECT times, until FROM turned_away WHERE deployment_id = ? AND agent_id = ?")
        .bind(&deployment)
        .bind(&agent)
        .fetch_optional(&mut **tx)
        .await?;
    let before: u32 = match row {
        Some(row) if now.since(row.time("until")?) < pause(u32::MAX) => row.number("times")?,
        Some(_) | None => 0,
    };
    let times = before.saturating_add(1);
    sqlx::query(
        "INSERT INTO turned_away (deployment_id, agent_id, times, until) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (deployment_id, agent_id) DO UPDATE SET times = ?3, until = ?4",
    )
    .bind(deployment)
    .bind(agent)
    .bind(times)
    .bind(now.after(pause(times)).0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether an agent takes work: what it last said, and by when its owner wants it emptied.
pub(super) fn lending_of(row: &SqliteRow) -> StoreResult<Lending> {
    let said = row.json_opt::<Lending>("lending")?.unwrap_or_default();
    Ok(Lending { leaving_by: row.time_opt("leaving_by")?, ..said })
}
