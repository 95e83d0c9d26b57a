//! What the deploy saga reads and writes: the release it brings.

use super::{
    RowExt, Store, StoreResult, Tx,
    row::{json, word},
    standing,
};
use crate::logic::{deployment::Fact, recipe::RunSettings, request::Wanted};
use sqlx::sqlite::SqliteRow;
use ttalkak_planner::BuildPlan;
use ttalkak_protocol::{
    api::release::ReleaseState,
    error::Problem,
    id::{AccountId, DeploymentId, ReleaseId, UploadId},
    link::{ImageReport, Timings},
    unit::{Bytes, UnixMillis},
};

/// Where the files of a release come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRow {
    /// A repository.
    Git {
        /// Address without credentials.
        url: String,
        /// Asked-for branch or tag.
        branch: Option<String>,
        /// Folder within.
        root_dir: Option<String>,
        /// Sealed read token.
        token: Option<Vec<u8>>,
    },
    /// An archive that was uploaded.
    Upload(UploadId),
}

/// A release with what is needed of its deployment.
#[derive(Debug, Clone)]
pub struct RolloutRow {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Whose.
    pub account: AccountId,
    /// The deployment's name.
    pub name: String,
    /// Where the files come from.
    pub source: SourceRow,
    /// What the tenant set for running.
    pub settings: RunSettings,
    /// The release that serves or served last.
    pub serving: Option<ReleaseId>,
    /// The release to bring.
    pub release: ReleaseId,
    /// Its number.
    pub number: u32,
    /// Its commit, once resolved.
    pub commit: Option<String>,
    /// Its archive, once packed: digest and length.
    pub archive: Option<(String, Bytes)>,
    /// Its plan, once made.
    pub plan: Option<BuildPlan>,
    /// Its environment, sealed JSON of entries.
    pub env: Option<Vec<u8>>,
    /// Its owner's own Dockerfile.
    pub dockerfile: Option<String>,
    /// What its image is made of, once planned.
    pub build_key: Option<String>,
    /// Whether it served before.
    pub served: bool,
    /// When the deployment ends.
    pub until: Option<UnixMillis>,
}

impl RolloutRow {
    fn read(row: &SqliteRow) -> StoreResult<Self> {
        use sqlx::Row;
        let digest = row.text_opt("source_digest")?;
        let source = match (row.parsed_opt("r_upload")?, row.text_opt("git_url")?) {
            (Some(upload), _) => SourceRow::Upload(upload),
            (None, Some(url)) => SourceRow::Git {
                url,
                branch: row.text_opt("branch")?,
                root_dir: row.text_opt("root_dir")?,
                token: row.try_get("git_token")?,
            },
            (None, None) => return Err(super::StoreError::corrupt("git_url")),
        };
        Ok(Self {
            deployment: row.parsed("deployment_id")?,
            account: row.parsed("account_id")?,
            name: row.text("name")?,
            source,
            settings: settings(row)?,
            serving: row.parsed_opt("serving")?,
            release: row.parsed("id")?,
            number: row.number("number")?,
            commit: row.text_opt("commit_id")?,
            archive: digest
                .map(|digest| Ok::<_, super::StoreError>((digest, Bytes(row.number("source_bytes")?))))
                .transpose()?,
            plan: row.json_opt("plan")?,
            env: row.try_get("env")?,
            dockerfile: row.text_opt("dockerfile")?,
            build_key: row.text_opt("build_key")?,
            served: row.time_opt("live_at")?.is_some(),
            until: row.time_opt("until")?,
        })
    }
}

/// Run settings out of a row that holds the deployment's columns.
pub(super) fn settings(row: &SqliteRow) -> StoreResult<RunSettings> {
    let port: Option<i64> = row.number_opt("port")?;
    Ok(RunSettings {
        exposure: row.word("exposure")?,
        port: port.map(|port| port.try_into().map_err(|_| super::StoreError::corrupt("port"))).transpose()?,
        memory: Bytes(row.number("memory_bytes")?),
        cpu: ttalkak_protocol::unit::MilliCpu(row.number("milli_cpu")?),
        health_path: row.text_opt("health_path")?,
    })
}

impl Store {
    /// A release as its rollout needs it.
    pub async fn rollout(&self, release: ReleaseId) -> StoreResult<RolloutRow> {
        let row = sqlx::query(
            "SELECT r.*, r.upload_id AS r_upload, d.account_id, d.name, d.exposure, d.git_url, d.branch AS branch,
             d.root_dir, d.git_token, d.port, d.memory_bytes, d.milli_cpu, d.health_path, d.until, d.release_id AS serving
             FROM release r JOIN deployment d ON d.id = r.deployment_id WHERE r.id = ?",
        )
        .bind(release.to_string())
        .fetch_optional(self.read())
        .await?
        .ok_or_else(|| super::StoreError::not_found("release", release))?;
        RolloutRow::read(&row)
    }

    /// An archive that an earlier release of this deployment made from the same commit.
    pub async fn archive_of_commit(
        &self,
        deployment: DeploymentId,
        commit: &str,
        root_dir: Option<&str>,
    ) -> StoreResult<Option<(String, Bytes)>> {
        let row = sqlx::query(
            "SELECT source_digest, source_bytes FROM release r JOIN deployment d ON d.id = r.deployment_id
             WHERE r.deployment_id = ? AND r.commit_id = ? AND d.root_dir IS ? AND source_digest IS NOT NULL
             ORDER BY number DESC LIMIT 1",
        )
        .bind(deployment.to_string())
        .bind(commit)
        .bind(root_dir)
        .fetch_optional(self.read())
        .await?;
        row.map(|row| Ok((row.text("source_digest")?, Bytes(row.number("source_bytes")?)))).transpose()
    }

    /// The first line of a commit's message, when an earlier release was made of that commit.
    pub async fn subject_of_commit(
        &self,
        deployment: DeploymentId,
        commit: &str,
    ) -> StoreResult<Option<String>> {
        let row = sqlx::query("SELECT subject FROM release WHERE deployment_id = ? AND commit_id = ? AND subject IS NOT NULL LIMIT 1")
            .bind(deployment.to_string())
            .bind(commit)
            .fetch_optional(self.read())
            .await?;
        row.map(|row| row.text("subject")).transpose()
    }

    /// Writes what the source of a release turned out to be.
    pub async fn set_release_source(
        &self,
        release: ReleaseId,
        commit: Option<(&str, &str, Option<&str>)>,
        archive: (&str, Bytes),
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE release SET commit_id = ?2, subject = ?3,
               branch = CASE WHEN commit_id IS NULL THEN ?4 ELSE coalesce(branch, ?4) END, source_digest = ?5, source_bytes = ?6 WHERE id = ?1",
        )
        .bind(release.to_string())
        .bind(commit.map(|c| c.0))
        .bind(commit.map(|c| c.1))
        .bind(commit.and_then(|c| c.2))
        .bind(archive.0)
        .bind(archive.1.0.cast_signed())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Writes the plan of a release.
    pub async fn set_release_plan(
        &self,
        release: ReleaseId,
        plan: &BuildPlan,
        build_key: &str,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE release SET platform = ?2, plan = ?3, build_key = ?4 WHERE id = ?1")
            .bind(release.to_string())
            .bind(word(plan.platform))
            .bind(json(plan))
            .bind(build_key)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// The same of an upload of this account; `None` for another's.
    pub async fn own_upload(
        &self,
        upload: UploadId,
        account: AccountId,
    ) -> StoreResult<Option<(String, Bytes)>> {
        let row = sqlx::query("SELECT digest, bytes FROM upload WHERE id = ? AND account_id = ?")
            .bind(upload.to_string())
            .bind(account.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| Ok((row.text("digest")?, Bytes(row.number("bytes")?)))).transpose()
    }

    /// Length and digest of an upload.
    pub async fn upload_archive(&self, upload: UploadId) -> StoreResult<Option<(String, Bytes)>> {
        let row = sqlx::query("SELECT digest, bytes FROM upload WHERE id = ?")
            .bind(upload.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| Ok((row.text("digest")?, Bytes(row.number("bytes")?)))).transpose()
    }

    /// The release serves now: the one before retires.
    pub async fn mark_live(
        &self,
        rollout: &RolloutRow,
        image: Option<&ImageReport>,
        timings: &Timings,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let (deployment, release) = (rollout.deployment.to_string(), rollout.release.to_string());
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE release SET state = 'retired', ended_at = ?3
             WHERE deployment_id = ?1 AND id != ?2 AND state = 'live'",
        )
        .bind(&deployment)
        .bind(&release)
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE release SET state = 'live', live_at = COALESCE(live_at, ?2), ended_at = NULL, problem = NULL,
             image = COALESCE(?3, image), image_bytes = COALESCE(?4, image_bytes), timings = ?5 WHERE id = ?1",
        )
        .bind(&release)
        .bind(now.0)
        .bind(image.map(|i| i.digest.as_str()))
        .bind(image.map(|i| i.bytes.0.cast_signed()))
        .bind(json(timings))
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE deployment SET release_id = ?2, balance_ended_at = NULL WHERE id = ?1")
            .bind(&deployment)
            .bind(&release)
            .execute(&mut *tx)
            .await?;
        // A fact that does not fit here (stopped in the same moment) leaves the state; the end saga follows.
        let _ = standing::apply(&mut tx, rollout.deployment, Fact::WentLive, Some(None), now).await?;
        tx.commit().await
    }

    /// The release will not serve. One that served before goes back to being retired.
    pub async fn close_release(
        &self,
        rollout: &RolloutRow,
        state: ReleaseState,
        problem: &Problem,
        now: UnixMillis,
    ) -> StoreResult<()> {
        let fact =
            if state == ReleaseState::Cancelled { Fact::RolloutCancelled } else { Fact::RolloutFailed };
        let serves = rollout.serving == Some(rollout.release);
        let state = if rollout.served { ReleaseState::Retired } else { state };
        let mut tx = self.begin().await?;
        if !serves {
            sqlx::query("UPDATE release SET state = ?2, problem = ?3, ended_at = ?4 WHERE id = ?1")
                .bind(rollout.release.to_string())
                .bind(word(state))
                .bind(json(problem))
                .bind(now.0)
                .execute(&mut *tx)
                .await?;
        }
        // A newer rollout that waits for its turn is where the deployment stands; the older one's end is not its end.
        if !newer_waits(&mut tx, rollout.deployment).await? {
            let _ = standing::apply(&mut tx, rollout.deployment, fact, Some(Some(problem)), now).await?;
        }
        tx.commit().await
    }

    /// Keeps what a failed workload last wrote, since its container is about to go.
    pub async fn keep_last_lines(&self, release: ReleaseId, lines: &[String]) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE release SET last_lines = ?2 WHERE id = ?1")
            .bind(release.to_string())
            .bind(json(&lines))
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// What the owner wants of a deployment; `None` when it was erased.
    pub async fn wanted(&self, deployment: DeploymentId) -> StoreResult<Option<Wanted>> {
        let row = sqlx::query("SELECT wanted FROM deployment WHERE id = ?")
            .bind(deployment.to_string())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| row.word("wanted")).transpose()
    }

    /// No release of this deployment serves any more.
    pub async fn retire_releases(&self, deployment: DeploymentId, now: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE release SET state = 'retired', ended_at = ?2 WHERE deployment_id = ?1 AND state = 'live'",
        )
        .bind(deployment.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Everything of a deployment goes: rows, name, port. Its project goes with it when it holds nothing else and
    /// has the same name, since then it was made for it. Its log lines are trimmed by the caller.
    pub async fn erase_deployment(&self, deployment: DeploymentId) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        let project = sqlx::query("SELECT d.project_id, p.name = d.name AS same FROM deployment d JOIN project p ON p.id = d.project_id WHERE d.id = ?")
            .bind(deployment.to_string())
            .fetch_optional(&mut *tx)
            .await?;
        super::saga::erase(&mut tx, deployment).await?;
        if let Some(project) = project.filter(|row| row.number::<i64>("same").is_ok_and(|same| same == 1)) {
            sqlx::query("DELETE FROM project WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM deployment WHERE project_id = ?1)")
                .bind(project.text("project_id")?)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await
    }
}

/// Whether a rollout waits that nobody cancelled. One that is being given up is `undoing` or cancelled by then.
async fn newer_waits(tx: &mut Tx, deployment: DeploymentId) -> StoreResult<bool> {
    let rows = sqlx::query(
        "SELECT 1 FROM saga WHERE deployment_id = ? AND kind = 'deploy' AND state = 'running' AND cancel IS NULL",
    )
    .bind(deployment.to_string());
    Ok(rows.fetch_optional(&mut **tx).await?.is_some())
}
