//! Sagas and their logs.

use super::{RowExt, Store, StoreResult, Tx, row::json};
use crate::logic::saga::{LogEntry, LogEvent};
use serde::Serialize;
use sqlx::{Row, sqlite::SqliteRow};
use ttalkak_protocol::{
    error::Problem,
    id::{AgentId, DeploymentId, ReleaseId, SagaId},
    unit::{Millis, UnixMillis},
};

/// A relocation that failed is not tried again before this: whatever it failed of needs a while to change.
const RELOCATION_PAUSE: Millis = Millis(30_000);

/// What a saga is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SagaKind {
    /// Bring a release to visitors.
    Deploy,
    /// Stop or delete a deployment.
    End,
}

/// How a saga stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SagaState {
    /// Forwards.
    Running,
    /// Backwards.
    Undoing,
    /// Reached its end.
    Done,
    /// Gave up, and left nothing behind.
    Failed,
    /// An undo failed: a person must look.
    Stuck,
}

/// A saga, without its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SagaRow {
    /// Its id.
    pub id: SagaId,
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// Which release it brings; `None` for an end.
    pub release: Option<ReleaseId>,
    /// What it is about.
    pub kind: SagaKind,
    /// How it stands.
    pub state: SagaState,
    /// Why it should be given up.
    pub cancel: Option<Problem>,
    /// When the step at work began.
    pub since: UnixMillis,
    /// When it was asked for.
    pub created_at: UnixMillis,
}

impl SagaRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            deployment: row.parsed("deployment_id")?,
            release: row.parsed_opt("release_id")?,
            kind: row.word("kind")?,
            state: row.word("state")?,
            cancel: row.json_opt("cancel")?,
            since: row.time("since")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Store {
    /// Sagas at work, the oldest of each deployment: a newer one waits until the older has given way.
    pub async fn open_sagas(&self) -> StoreResult<Vec<SagaRow>> {
        let rows = sqlx::query(
            "SELECT * FROM saga s WHERE state IN ('running', 'undoing') AND NOT EXISTS (
               SELECT 1 FROM saga o WHERE o.deployment_id = s.deployment_id AND o.state IN ('running', 'undoing')
               AND (o.created_at, o.id) < (s.created_at, s.id)) ORDER BY created_at, id",
        )
        .fetch_all(self.read())
        .await?;
        rows.iter().map(SagaRow::read).collect()
    }

    /// One saga; `None` when its deployment was erased.
    pub async fn saga(&self, saga: SagaId) -> StoreResult<Option<SagaRow>> {
        let row = sqlx::query("SELECT * FROM saga WHERE id = ?")
            .bind(saga.to_string())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(SagaRow::read).transpose()
    }

    /// The log, oldest line first.
    pub async fn saga_log(&self, saga: SagaId) -> StoreResult<Vec<LogEntry>> {
        let rows = sqlx::query("SELECT step, event FROM saga_log WHERE saga_id = ? ORDER BY n")
            .bind(saga.to_string())
            .fetch_all(self.read())
            .await?;
        rows.iter()
            .map(|row| Ok(LogEntry { step: row.text("step")?, event: event_of(row.try_get("event")?)? }))
            .collect()
    }

    /// Appends a line; a `Started` also says which step is at work, and since when if it was not at work before.
    pub async fn append_saga_log(
        &self,
        saga: SagaId,
        step: &str,
        event: LogEvent,
        detail: Option<&Problem>,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO saga_log (saga_id, n, step, event, detail, at)
             SELECT ?1, COALESCE(MAX(n), 0) + 1, ?2, ?3, ?4, ?5 FROM saga_log WHERE saga_id = ?1",
        )
        .bind(saga.to_string())
        .bind(step)
        .bind(event_word(event))
        .bind(detail.map(json))
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        let state = match event {
            LogEvent::Started => Some("running"),
            LogEvent::Failed | LogEvent::UndoStarted => Some("undoing"),
            LogEvent::UndoFailed => Some("stuck"),
            LogEvent::Succeeded | LogEvent::UndoFinished => None,
        };
        if let Some(state) = state {
            sqlx::query(
                "UPDATE saga SET state = ?2, since = CASE WHEN step IS ?3 THEN since ELSE ?4 END,
                 progress = CASE WHEN step IS ?3 THEN progress END, step = ?3 WHERE id = ?1",
            )
            .bind(saga.to_string())
            .bind(state)
            .bind(step)
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await
    }

    /// Writes how far the step at work is; nothing when that is known already.
    pub async fn set_saga_progress(&self, saga: SagaId, progress: Option<&str>) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE saga SET progress = ?2 WHERE id = ?1 AND progress IS NOT ?2")
            .bind(saga.to_string())
            .bind(progress)
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 { Ok(()) } else { tx.commit().await }
    }

    /// Writes which agent a rollout chose.
    pub async fn set_saga_agent(&self, saga: SagaId, agent: AgentId) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE saga SET input = json_set(input, '$.agent', ?2) WHERE id = ?1")
            .bind(saga.to_string())
            .bind(agent.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Which agent a rollout chose.
    pub async fn saga_agent(&self, saga: SagaId) -> StoreResult<Option<AgentId>> {
        let row = sqlx::query("SELECT json_extract(input, '$.agent') AS agent FROM saga WHERE id = ?")
            .bind(saga.to_string())
            .fetch_optional(self.read())
            .await?;
        Ok(row.map(|row| row.parsed_opt("agent")).transpose()?.flatten())
    }

    /// Closes a saga.
    pub async fn finish_saga(&self, saga: SagaId, state: SagaState, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE saga SET state = ?2, ended_at = ?3 WHERE id = ?1")
            .bind(saga.to_string())
            .bind(super::row::word(state))
            .bind(now.0)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The problem that the step of this name failed with.
    pub async fn saga_failure(&self, saga: SagaId) -> StoreResult<Option<Problem>> {
        let row = sqlx::query(
            "SELECT detail FROM saga_log WHERE saga_id = ? AND event = 'failed' ORDER BY n DESC LIMIT 1",
        )
        .bind(saga.to_string())
        .fetch_optional(self.read())
        .await?;
        Ok(row.as_ref().map(|row| row.json_opt("detail")).transpose()?.flatten())
    }

    /// Begins a rollout of a release that exists, on the platform's own account: a provider was lost.
    /// Nothing happens when some saga of the deployment is at work, or one failed a moment ago.
    pub async fn request_relocation(
        &self,
        saga: SagaId,
        deployment: DeploymentId,
        now: UnixMillis,
    ) -> StoreResult<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "INSERT INTO saga (id, deployment_id, release_id, kind, state, since, created_at)
             SELECT ?1, d.id, d.release_id, 'deploy', 'running', ?3, ?3 FROM deployment d
             WHERE d.id = ?2 AND d.wanted = 'running' AND d.release_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM saga o WHERE o.deployment_id = d.id AND o.state IN ('running', 'undoing'))
             AND NOT EXISTS (SELECT 1 FROM saga f WHERE f.deployment_id = d.id AND f.state = 'failed' AND f.ended_at > ?4)",
        )
        .bind(saga.to_string())
        .bind(deployment.to_string())
        .bind(now.0)
        .bind(now.0.saturating_sub(RELOCATION_PAUSE.0.cast_signed()))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Removes every trace of a deployment within `tx`.
pub(super) async fn erase(tx: &mut Tx, deployment: DeploymentId) -> StoreResult<()> {
    let id = deployment.to_string();
    for sql in [
        "DELETE FROM saga_log WHERE saga_id IN (SELECT id FROM saga WHERE deployment_id = ?)",
        "DELETE FROM saga WHERE deployment_id = ?",
        "DELETE FROM route WHERE deployment_id = ?",
        "DELETE FROM lease WHERE deployment_id = ?",
        "DELETE FROM turned_away WHERE deployment_id = ?",
        "DELETE FROM delivery WHERE deployment_id = ?",
        "DELETE FROM preview WHERE deployment_id = ?",
        "DELETE FROM push WHERE deployment_id = ?",
        "DELETE FROM release WHERE deployment_id = ?",
        "DELETE FROM env_var WHERE deployment_id = ?",
        "DELETE FROM name_claim WHERE owner = ?",
        "DELETE FROM public_port WHERE owner = ?",
        "DELETE FROM deployment WHERE id = ?",
    ] {
        sqlx::query(sql).bind(&id).execute(&mut **tx).await?;
    }
    Ok(())
}

fn event_word(event: LogEvent) -> &'static str {
    match event {
        LogEvent::Started => "started",
        LogEvent::Succeeded => "succeeded",
        LogEvent::Failed => "failed",
        LogEvent::UndoStarted => "undo_started",
        LogEvent::UndoFinished => "undo_finished",
        LogEvent::UndoFailed => "undo_failed",
    }
}

fn event_of(word: &str) -> StoreResult<LogEvent> {
    [
        LogEvent::Started,
        LogEvent::Succeeded,
        LogEvent::Failed,
        LogEvent::UndoStarted,
        LogEvent::UndoFinished,
        LogEvent::UndoFailed,
    ]
    .into_iter()
    .find(|event| event_word(*event) == word)
    .ok_or_else(|| super::StoreError::corrupt("event"))
}
