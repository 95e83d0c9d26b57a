//! Releases: reading them, and writing a new one. What a rollout makes of it is written by `rollout`.

use super::{RowExt, Store, StoreError, StoreResult, Tx};
use sqlx::{Row, sqlite::SqliteRow};
use ttalkak_protocol::{
    api::{
        page::Page,
        release::{ReleaseState, ReleaseView},
    },
    id::{AccountId, DeploymentId, ReleaseId},
    unit::{Bytes, UnixMillis},
};

use crate::seal::Sealer;

/// The shape of a list's row: what is large stays out.
const SUMMARY: &str =
    "SELECT id, number, state, commit_id, subject, branch, source_digest, platform, image, image_bytes,
    problem, timings, created_at, live_at, ended_at, env, NULL AS plan, NULL AS last_lines FROM release";
const WHOLE: &str = "SELECT * FROM release";

/// How far a release is, for readers of its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseProgress {
    /// Where it stands.
    pub state: ReleaseState,
    /// Its image exists or will never.
    pub built: bool,
    /// Nothing of it runs or will, as things stand.
    pub over: bool,
}

impl Store {
    /// A page of releases, newest first; `before`: only numbers below. Errors: `NotFound`.
    pub async fn list_releases(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        before: Option<u32>,
        limit: u32,
    ) -> StoreResult<Page<ReleaseView>> {
        let deployment = self.deployment_id(account, key).await?;
        let sql = format!("{SUMMARY} WHERE deployment_id = ? AND number < ? ORDER BY number DESC LIMIT ?");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(deployment.to_string())
            .bind(before.map_or(i64::MAX, i64::from))
            .bind(i64::from(limit) + 1)
            .fetch_all(self.read())
            .await?;
        let mut items = rows.iter().map(|row| view(row, sealer)).collect::<StoreResult<Vec<_>>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| last.number.to_string());
        let total = sqlx::query("SELECT count(*) AS total FROM release WHERE deployment_id = ?")
            .bind(deployment.to_string())
            .fetch_one(self.read())
            .await?
            .number("total")?;
        Ok(Page { items, next_cursor, total })
    }

    /// One release, whole. Errors: `NotFound`.
    pub async fn release(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        number: u32,
    ) -> StoreResult<ReleaseView> {
        let deployment = self.deployment_id(account, key).await?;
        let sql = format!("{WHOLE} WHERE deployment_id = ? AND number = ?");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(deployment.to_string())
            .bind(number)
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map_or_else(|| Err(StoreError::not_found("release", number)), |row| view(row, sealer))
    }

    /// A deployment and the release whose log is meant when none is named: the one on its way, else the one that
    /// serves or served last, else the newest. Errors: `NotFound`.
    pub async fn log_target(&self, account: AccountId, key: &str) -> StoreResult<(DeploymentId, u32)> {
        let row = sqlx::query(
            "SELECT d.id, COALESCE(
               (SELECT r.number FROM saga s JOIN release r ON r.id = s.release_id WHERE s.deployment_id = d.id
                 AND s.state IN ('running', 'undoing') AND s.cancel IS NULL ORDER BY s.created_at DESC LIMIT 1),
               (SELECT r.number FROM release r WHERE r.id = d.release_id), d.releases) AS number
             FROM deployment d WHERE d.account_id = ?1 AND (d.id = ?2 OR d.name = ?2)",
        )
        .bind(account.to_string())
        .bind(key)
        .fetch_optional(self.read())
        .await?
        .ok_or_else(|| StoreError::not_found("deployment", key))?;
        Ok((row.parsed("id")?, row.number("number")?))
    }

    /// How far a release is; `None` when there is none of that number.
    pub async fn release_progress(
        &self,
        deployment: DeploymentId,
        number: u32,
    ) -> StoreResult<Option<ReleaseProgress>> {
        let row = sqlx::query(
            "SELECT r.state, r.live_at, s.step,
               EXISTS (SELECT 1 FROM lease l WHERE l.release_id = r.id AND l.state = 'active') AS leased
             FROM release r LEFT JOIN saga s ON s.release_id = r.id AND s.state IN ('running', 'undoing')
             WHERE r.deployment_id = ? AND r.number = ? ORDER BY s.created_at DESC LIMIT 1",
        )
        .bind(deployment.to_string())
        .bind(number)
        .fetch_optional(self.read())
        .await?;
        row.map(|row| {
            let state: ReleaseState = row.word("state")?;
            let (step, served) = (row.text_opt("step")?, row.time_opt("live_at")?.is_some());
            let rolling = step.is_some() || state == ReleaseState::Rolling;
            let before_image = [
                "hold_funds",
                "fetch_source",
                "plan_build",
                "choose_offer",
                "agree",
                "grant_lease",
                "await_image",
            ];
            let building =
                rolling && !served && step.as_deref().is_none_or(|step| before_image.contains(&step));
            let over = !rolling && state != ReleaseState::Live && row.number::<i64>("leased")? == 0;
            Ok(ReleaseProgress { state, built: !building, over })
        })
        .transpose()
    }
}

pub(super) fn view(row: &SqliteRow, sealer: &Sealer) -> StoreResult<ReleaseView> {
    let id: ReleaseId = row.parsed("id")?;
    let env: Option<&[u8]> = row.try_get("env")?;
    let env = env.map(|sealed| super::env::open_snapshot(sealer, id, sealed)).transpose()?;
    Ok(ReleaseView {
        id,
        number: row.number("number")?,
        state: row.word("state")?,
        commit: row.text_opt("commit_id")?,
        subject: row.text_opt("subject")?,
        branch: row.text_opt("branch")?,
        source_digest: row.text_opt("source_digest")?,
        platform: row.text_opt("platform")?,
        plan: row.json_opt("plan")?,
        image: row.text_opt("image")?,
        image_bytes: row.number_opt("image_bytes")?.map(Bytes),
        problem: row.json_opt("problem")?,
        last_lines: row.json_opt("last_lines")?.unwrap_or_default(),
        env_keys: env.into_iter().flatten().map(|entry| entry.key).collect(),
        timings: row.json_opt("timings")?.unwrap_or_default(),
        created_at: row.time("created_at")?,
        live_at: row.time_opt("live_at")?,
        ended_at: row.time_opt("ended_at")?,
    })
}

pub(super) async fn view_in(tx: &mut Tx, sealer: &Sealer, id: ReleaseId) -> StoreResult<ReleaseView> {
    let row =
        sqlx::query("SELECT * FROM release WHERE id = ?").bind(id.to_string()).fetch_one(&mut **tx).await?;
    Ok(ReleaseView { plan: None, last_lines: Vec::new(), ..view(&row, sealer)? })
}

/// Where a new release takes its source from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    /// What the deployment names now; resolved by the rollout.
    Deployment,
    /// The deployment's repository at what was pushed; what is not told is resolved by the rollout.
    Push {
        /// To this branch.
        branch: Option<&'a str>,
        /// This commit.
        commit: Option<&'a str>,
    },
    /// Exactly what another release was made of.
    SameAs(ReleaseId),
}

/// Writes the next release of a deployment, with a snapshot of the environment as it is now.
pub(super) async fn insert(
    tx: &mut Tx,
    sealer: &Sealer,
    deployment: DeploymentId,
    id: ReleaseId,
    origin: Origin<'_>,
    now: UnixMillis,
) -> StoreResult<()> {
    let env = super::env::snapshot(tx, sealer, deployment, id).await?;
    sqlx::query("UPDATE deployment SET releases = releases + 1 WHERE id = ?")
        .bind(deployment.to_string())
        .execute(&mut **tx)
        .await?;
    let sql = match origin {
        // An upload's digest is known, and its length; a repository's archive is made by the rollout.
        Origin::Deployment => {
            "INSERT INTO release (id, deployment_id, number, state, branch, upload_id, source_digest, source_bytes,
               env, env_version, dockerfile, created_at)
             SELECT ?1, d.id, d.releases, 'rolling', d.branch, d.upload_id, u.digest, u.bytes, ?3, d.env_version, d.dockerfile, ?4
             FROM deployment d LEFT JOIN upload u ON u.id = d.upload_id WHERE d.id = ?2"
        }
        Origin::Push { .. } => {
            "INSERT INTO release (id, deployment_id, number, state, branch, commit_id, env, env_version, dockerfile,
               created_at)
             SELECT ?1, d.id, d.releases, 'rolling', coalesce(?5, d.branch), ?6, ?3, d.env_version, d.dockerfile, ?4
             FROM deployment d WHERE d.id = ?2"
        }
        Origin::SameAs(_) => {
            "INSERT INTO release (id, deployment_id, number, state, branch, commit_id, subject, upload_id,
               source_digest, source_bytes, env, env_version, dockerfile, created_at)
             SELECT ?1, d.id, d.releases, 'rolling', r.branch, r.commit_id, r.subject, r.upload_id,
               r.source_digest, r.source_bytes, ?3, d.env_version, r.dockerfile, ?4
             FROM deployment d JOIN release r ON r.id = ?5 WHERE d.id = ?2"
        }
    };
    let query = sqlx::query(sql).bind(id.to_string()).bind(deployment.to_string()).bind(env).bind(now.0);
    let query = match origin {
        Origin::Deployment => query,
        Origin::Push { branch, commit } => {
            query.bind(branch.map(str::to_owned)).bind(commit.map(str::to_owned))
        }
        Origin::SameAs(other) => query.bind(other.to_string()),
    };
    query.execute(&mut **tx).await?;
    Ok(())
}
