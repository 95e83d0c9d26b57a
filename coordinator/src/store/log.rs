//! Log lines, in a file of their own: appended in batches, never twice, read by id, trimmed to bounds.
//!
//! A line's id is its event id for readers and grows within a deployment, since one connection writes. What a reader
//! has seen is told by the last id alone.

use super::{RowExt, Store, StoreResult, row::word};
use sqlx::{Sqlite, Transaction, sqlite::SqliteRow};
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    api::log::{LogKind, LogLineView},
    id::{AgentId, DeploymentId, LeaseId, ReleaseId},
    link::{LogBatch, LogLine, LogMark, LogStream},
    unit::UnixMillis,
};

/// Build lines kept of a release. A build that prints more keeps its end, which is where the error stands.
pub const BUILD_LINES_MAX: i64 = 20_000;
/// Other lines kept of a deployment.
pub const RUN_LINES_MAX: i64 = 50_000;
/// Rows deleted in one transaction, so that trimming never holds up the lines that come in.
const TRIM_BATCH: i64 = 5_000;

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogsKept {
    /// How far each lease of the batch is stored now.
    pub marks: Vec<LogMark>,
    /// Deployments that have new lines, for whoever follows them, with how many.
    pub fresh: BTreeMap<DeploymentId, u64>,
}

/// Which lines to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogScope {
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// Of which release.
    pub release: u32,
    /// Build, run, or both.
    pub kind: Option<LogKind>,
}

fn view(row: &SqliteRow) -> StoreResult<LogLineView> {
    Ok(LogLineView {
        id: row.number("id")?,
        release: row.number("release_number")?,
        stream: row.word("stream")?,
        at: row.time("at")?,
        text: row.text("text")?,
    })
}

impl Store {
    /// Keeps a batch of an agent's lines; a line that is there already is passed over. Lines of leases that are not
    /// this agent's, or that were erased, are dropped, and marked as stored so that they do not come again.
    pub async fn append_logs(&self, agent: AgentId, batch: &LogBatch) -> StoreResult<LogsKept> {
        let leases: BTreeSet<LeaseId> = batch.lines.iter().map(|line| line.lease).collect();
        let mut owners = BTreeMap::new();
        for lease in leases {
            if let Some(owner) = self.log_owner(agent, lease).await? {
                owners.insert(lease, owner);
            }
        }
        let mut tx = self.begin_logs().await?;
        let mut marks: BTreeMap<LeaseId, LogMark> = BTreeMap::new();
        let mut fresh: BTreeMap<DeploymentId, u64> = BTreeMap::new();
        for line in &batch.lines {
            if let Some((deployment, release)) = owners.get(&line.lease) {
                let new = insert(&mut tx, *deployment, *release, line).await?;
                *fresh.entry(*deployment).or_default() += u64::from(new);
            }
            let mark =
                marks.entry(line.lease).or_insert(LogMark { lease: line.lease, seq: 0, engine_nanos: 0 });
            mark.seq = mark.seq.max(line.seq);
            mark.engine_nanos = mark.engine_nanos.max(line.engine_nanos);
        }
        for mark in marks.values_mut().filter(|mark| owners.contains_key(&mark.lease)) {
            *mark = raise_mark(&mut tx, *mark).await?;
        }
        tx.commit().await?;
        fresh.retain(|_, count| *count > 0);
        Ok(LogsKept { marks: marks.into_values().collect(), fresh })
    }

    /// Adds a line of the platform's own, such as what was detected. `stream`: `Build` or `System`.
    pub async fn append_note(
        &self,
        (deployment, release, number): (DeploymentId, ReleaseId, u32),
        stream: LogStream,
        text: &str,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let mut tx = self.begin_logs().await?;
        sqlx::query(
            "INSERT INTO line (deployment_id, release_number, lease_id, seq, stream, at, text)
             SELECT ?1, ?2, ?3, COALESCE(MAX(seq), 0) + 1, ?4, ?5, ?6 FROM line WHERE lease_id = ?3",
        )
        .bind(deployment.to_string())
        .bind(number)
        // No agent can write under this: lease ids of agents start with `lea_`.
        .bind(release.to_string())
        .bind(word(stream))
        .bind(now.0)
        .bind(text)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// How far the logs of these leases are stored; leases without a line are left out.
    pub async fn log_marks(&self, leases: &[LeaseId]) -> StoreResult<Vec<LogMark>> {
        let mut marks = Vec::new();
        for lease in leases {
            let row = sqlx::query("SELECT * FROM mark WHERE lease_id = ?")
                .bind(lease.to_string())
                .fetch_optional(self.read_logs())
                .await?;
            if let Some(row) = row {
                marks.push(read_mark(&row)?);
            }
        }
        Ok(marks)
    }

    /// Up to `limit` lines after an id, oldest first.
    pub async fn log_after(&self, scope: LogScope, after: i64, limit: u32) -> StoreResult<Vec<LogLineView>> {
        self.log_lines(
            "SELECT * FROM line WHERE deployment_id = ?1 AND release_number = ?2
             AND (?3 IS NULL OR (stream = 'build') = ?3) AND id > ?4 ORDER BY id LIMIT ?5",
            scope,
            after,
            limit,
        )
        .await
    }

    /// The last `count` lines, oldest first.
    pub async fn log_tail(&self, scope: LogScope, count: u32) -> StoreResult<Vec<LogLineView>> {
        let mut lines = self
            .log_lines(
                "SELECT * FROM line WHERE deployment_id = ?1 AND release_number = ?2
                 AND (?3 IS NULL OR (stream = 'build') = ?3) AND id > ?4 ORDER BY id DESC LIMIT ?5",
                scope,
                0,
                count,
            )
            .await?;
        lines.reverse();
        Ok(lines)
    }

    async fn log_lines(
        &self,
        sql: &'static str,
        scope: LogScope,
        after: i64,
        limit: u32,
    ) -> StoreResult<Vec<LogLineView>> {
        let build = scope.kind.map(|kind| i64::from(kind == LogKind::Build));
        let rows = sqlx::query(sql)
            .bind(scope.deployment.to_string())
            .bind(scope.release)
            .bind(build)
            .bind(after)
            .bind(limit)
            .fetch_all(self.read_logs())
            .await?;
        rows.iter().map(view).collect()
    }

    /// Deletes what is over the bounds, oldest first. Returns how many lines went.
    pub async fn trim_logs(&self, deployment: DeploymentId) -> StoreResult<u64> {
        let mut gone = 0;
        loop {
            let mut tx = self.begin_logs().await?;
            let mut batch = 0;
            for (build, most) in [(1, BUILD_LINES_MAX), (0, RUN_LINES_MAX)] {
                // Build lines are counted by release, others by deployment.
                let done = sqlx::query(
                    "DELETE FROM line WHERE id IN (SELECT id FROM (
                       SELECT id, ROW_NUMBER() OVER (
                         PARTITION BY CASE WHEN ?2 THEN release_number END ORDER BY id DESC) AS place
                       FROM line WHERE deployment_id = ?1 AND (stream = 'build') = ?2)
                     WHERE place > ?3 ORDER BY id LIMIT ?4)",
                )
                .bind(deployment.to_string())
                .bind(build)
                .bind(most)
                .bind(TRIM_BATCH)
                .execute(&mut *tx)
                .await?;
                batch += done.rows_affected();
            }
            tx.commit().await?;
            gone += batch;
            if batch == 0 {
                return Ok(gone);
            }
        }
    }

    /// Deletes every line of an erased deployment, with the marks of its leases.
    pub async fn erase_logs(&self, deployment: DeploymentId) -> StoreResult<()> {
        loop {
            let mut tx = self.begin_logs().await?;
            sqlx::query(
                "DELETE FROM mark WHERE lease_id IN (SELECT DISTINCT lease_id FROM line WHERE deployment_id = ?)",
            )
            .bind(deployment.to_string())
            .execute(&mut *tx)
            .await?;
            let done = sqlx::query(
                "DELETE FROM line WHERE id IN (SELECT id FROM line WHERE deployment_id = ? LIMIT ?)",
            )
            .bind(deployment.to_string())
            .bind(TRIM_BATCH)
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if done.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    async fn log_owner(&self, agent: AgentId, lease: LeaseId) -> StoreResult<Option<(DeploymentId, u32)>> {
        let row = sqlx::query(
            "SELECT l.deployment_id, r.number FROM lease l JOIN release r ON r.id = l.release_id
             WHERE l.id = ? AND l.agent_id = ?",
        )
        .bind(lease.to_string())
        .bind(agent.to_string())
        .fetch_optional(self.read())
        .await?;
        row.map(|row| Ok((row.parsed("deployment_id")?, row.number("number")?))).transpose()
    }
}

/// `true` when the line was not there yet.
async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    deployment: DeploymentId,
    release: u32,
    line: &LogLine,
) -> StoreResult<bool> {
    let done = sqlx::query(
        "INSERT INTO line (deployment_id, release_number, lease_id, seq, stream, at, text)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
         WHERE NOT EXISTS (SELECT 1 FROM mark WHERE lease_id = ?3 AND seq >= ?4) ON CONFLICT DO NOTHING",
    )
    .bind(deployment.to_string())
    .bind(release)
    .bind(line.lease.to_string())
    .bind(line.seq.cast_signed())
    .bind(word(line.stream))
    .bind(line.at.0)
    .bind(&line.text)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A mark never goes back. Returns it as it stands now.
async fn raise_mark(tx: &mut Transaction<'static, Sqlite>, mark: LogMark) -> StoreResult<LogMark> {
    let row = sqlx::query(
        "INSERT INTO mark (lease_id, seq, engine_nanos) VALUES (?1, ?2, ?3)
         ON CONFLICT (lease_id) DO UPDATE SET seq = MAX(seq, ?2), engine_nanos = MAX(engine_nanos, ?3) RETURNING *",
    )
    .bind(mark.lease.to_string())
    .bind(mark.seq.cast_signed())
    .bind(mark.engine_nanos)
    .fetch_one(&mut **tx)
    .await?;
    read_mark(&row)
}

fn read_mark(row: &SqliteRow) -> StoreResult<LogMark> {
    Ok(LogMark {
        lease: row.parsed("lease_id")?,
        seq: row.number("seq")?,
        engine_nanos: row.number("engine_nanos")?,
    })
}
