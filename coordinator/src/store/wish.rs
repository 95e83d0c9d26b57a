//! Wishes about a deployment that exists. Each is judged and carried out in one transaction: what it changes, the
//! saga that does the work, and the word to older sagas that they are overtaken. The work itself is not done here.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    deployment::{Accepted, NewSource, set_source},
    env::EnvChange,
    release::{self, Origin},
    row::{json, word},
    view::{self, StoredDeployment},
};
use crate::{
    fresh,
    logic::{
        deployment::Fact,
        request::{Candidate, Refusal, Standing, Verdict, Wanted, Wish, choose_rollback, judge},
    },
    seal::Sealer,
};
use ttalkak_protocol::{
    ErrorCode,
    api::env::EnvEntry,
    error::Problem,
    id::{AccountId, DeploymentId, ProjectId, ReleaseId, SagaId},
    unit::UnixMillis,
};

/// What a redeploy changes from here on.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// Another source.
    pub source: Option<&'a NewSource>,
    /// Variables to set; others stay.
    pub env: &'a [EnvEntry],
    /// Its owner's own Dockerfile, or what is detected (`Some(None)`); `None`: as before.
    pub dockerfile: Option<Option<String>>,
}

/// A deployment as the rules look at it.
pub(super) struct Found {
    pub(super) id: DeploymentId,
    project: ProjectId,
    pub(super) standing: Standing,
    release: Option<ReleaseId>,
    release_number: Option<u32>,
    /// The serving release was made with another environment than there is now.
    env_changed: bool,
}

impl Found {
    /// The release that serves or served last.
    pub(super) fn serving(&self) -> Option<ReleaseId> {
        self.release
    }
}

impl Store {
    /// A new release of the same source, with `change` made before.
    /// Errors: `NotFound`, `Refused`, `UploadUnknown`.
    pub async fn request_redeploy(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        change: Change<'_>,
        now: UnixMillis,
    ) -> StoreResult<Accepted> {
        let mut tx = self.begin().await?;
        let found = find(&mut tx, account, key, now).await?;
        judge(Wish::Redeploy, found.standing)?;
        if let Some(source) = change.source {
            set_source(&mut tx, sealer, account, found.id, source, now).await?;
        }
        if let Some(dockerfile) = change.dockerfile {
            sqlx::query("UPDATE deployment SET dockerfile = ?2 WHERE id = ?1")
                .bind(found.id.to_string())
                .bind(dockerfile)
                .execute(&mut *tx)
                .await?;
        }
        let change = EnvChange { replace: false, set: change.env.to_vec(), unset: Vec::new() };
        super::env::apply(&mut tx, sealer, found.id, &change).await?;
        let release = fresh::id(ReleaseId::new);
        release::insert(&mut tx, sealer, found.id, release, Origin::Deployment, now).await?;
        roll(tx, sealer, &found, release, now).await
    }

    /// An earlier release again: `asked`, or the newest before the current one that once served.
    /// Errors: `NotFound`, `Refused`.
    pub async fn request_rollback(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        asked: Option<u32>,
        now: UnixMillis,
    ) -> StoreResult<Accepted> {
        let mut tx = self.begin().await?;
        let found = find(&mut tx, account, key, now).await?;
        judge(Wish::Rollback, found.standing)?;
        let all = candidates(&mut tx, found.id).await?;
        let choices: Vec<Candidate> = all.iter().map(|(candidate, _)| *candidate).collect();
        let running = found.standing.wanted == Wanted::Running;
        let number = choose_rollback(&choices, found.release_number, asked, running)?;
        let release = all.iter().find(|(candidate, _)| candidate.number == number).map(|(_, id)| *id);
        let release = release.ok_or(Refusal::NoRelease)?;
        roll(tx, sealer, &found, release, now).await
    }

    /// Runs the last release again after a stop. Errors: `NotFound`, `Refused`.
    pub async fn request_start(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        now: UnixMillis,
    ) -> StoreResult<Accepted> {
        self.run_again(sealer, account, key, Wish::Start, now).await
    }

    /// A fresh workload of the serving release. Errors: `NotFound`, `Refused`.
    pub async fn request_restart(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        now: UnixMillis,
    ) -> StoreResult<Accepted> {
        self.run_again(sealer, account, key, Wish::Restart, now).await
    }

    /// The same release; when the environment was changed since, a new one of exactly the same source, since a
    /// release never changes what it was made with.
    async fn run_again(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        wish: Wish,
        now: UnixMillis,
    ) -> StoreResult<Accepted> {
        let mut tx = self.begin().await?;
        let found = find(&mut tx, account, key, now).await?;
        judge(wish, found.standing)?;
        let current = found.release.ok_or(Refusal::NoRelease)?;
        let release = if found.env_changed {
            let release = fresh::id(ReleaseId::new);
            release::insert(&mut tx, sealer, found.id, release, Origin::SameAs(current), now).await?;
            release
        } else {
            current
        };
        roll(tx, sealer, &found, release, now).await
    }

    /// Stops a deployment and keeps everything of it; harmless twice. Errors: `NotFound`, `Refused`.
    pub async fn request_stop(
        &self,
        account: AccountId,
        key: &str,
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        self.end(account, key, (Wish::Stop, Wanted::Stopped, "The deployment was stopped."), now).await
    }

    /// Stops a deployment and forgets it; harmless twice. Errors: `NotFound`.
    pub async fn request_delete(
        &self,
        account: AccountId,
        key: &str,
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        self.end(account, key, (Wish::Delete, Wanted::Deleted, "The deployment was deleted."), now).await
    }

    async fn end(
        &self,
        account: AccountId,
        key: &str,
        (wish, wanted, why): (Wish, Wanted, &str),
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        let mut tx = self.begin().await?;
        let found = find(&mut tx, account, key, now).await?;
        if judge(wish, found.standing)? == Verdict::AlreadySo {
            return view::read_in(&mut tx, found.id).await;
        }
        cancel_open(&mut tx, found.id, &Problem::new(ErrorCode::Cancelled, why)).await?;
        set_wanted(&mut tx, &found, wanted, now).await?;
        insert_saga(&mut tx, found.id, None, now).await?;
        // A state that cannot drain is told by the saga; the wish stands whatever the state.
        let _ = super::standing::apply(&mut tx, found.id, Fact::DrainStarted, None, now).await?;
        let view = view::read_in(&mut tx, found.id).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Gives up the rollout on its way; what serves goes on. Errors: `NotFound`, `Refused(NothingRolling)`.
    pub async fn request_cancel(
        &self,
        account: AccountId,
        key: &str,
        now: UnixMillis,
    ) -> StoreResult<StoredDeployment> {
        let mut tx = self.begin().await?;
        let found = find(&mut tx, account, key, now).await?;
        judge(Wish::Cancel, found.standing)?;
        let why = Problem::new(ErrorCode::Cancelled, "The rollout was cancelled.");
        cancel_open(&mut tx, found.id, &why).await?;
        set_wanted(&mut tx, &found, found.standing.wanted, now).await?;
        let view = view::read_in(&mut tx, found.id).await?;
        tx.commit().await?;
        Ok(view)
    }
}

/// Puts `release` on its way: older sagas give way, the wish is running from here on.
pub(super) async fn roll(
    mut tx: Tx,
    sealer: &Sealer,
    found: &Found,
    release: ReleaseId,
    now: UnixMillis,
) -> StoreResult<Accepted> {
    let why = Problem::new(ErrorCode::Superseded, "A newer deploy took over.");
    cancel_open(&mut tx, found.id, &why).await?;
    set_wanted(&mut tx, found, Wanted::Running, now).await?;
    insert_saga(&mut tx, found.id, Some(release), now).await?;
    // What serves goes on serving: then the fact changes nothing.
    let _ = super::standing::apply(&mut tx, found.id, Fact::RolloutStarted, None, now).await?;
    let deployment = view::read_in(&mut tx, found.id).await?;
    let release = release::view_in(&mut tx, sealer, release).await?;
    tx.commit().await?;
    Ok(Accepted { deployment, release })
}

/// A deployment of this account by id or name. Errors: `NotFound`.
pub(super) async fn find(tx: &mut Tx, account: AccountId, key: &str, now: UnixMillis) -> StoreResult<Found> {
    let row = sqlx::query(
        "SELECT d.id, d.project_id, d.wanted, d.state, d.release_id, r.number, d.until,
           COALESCE(r.env_version != d.env_version, 0) AS env_changed,
           EXISTS (SELECT 1 FROM saga s WHERE s.deployment_id = d.id AND s.kind = 'deploy'
             AND s.state IN ('running', 'undoing') AND s.cancel IS NULL) AS rolling
         FROM deployment d LEFT JOIN release r ON r.id = d.release_id
         WHERE d.account_id = ?1 AND (d.id = ?2 OR d.name = ?2)",
    )
    .bind(account.to_string())
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?
    .ok_or_else(|| StoreError::not_found("deployment", key))?;
    let release = row.parsed_opt("release_id")?;
    Ok(Found {
        id: row.parsed("id")?,
        project: row.parsed("project_id")?,
        standing: Standing {
            wanted: row.word("wanted")?,
            state: row.word("state")?,
            has_release: release.is_some(),
            rolling: row.number::<i64>("rolling")? != 0,
            over: row.time_opt("until")?.is_some_and(|until| until <= now),
        },
        release,
        release_number: row.number_opt("number")?,
        env_changed: row.number::<i64>("env_changed")? != 0,
    })
}

async fn candidates(tx: &mut Tx, deployment: DeploymentId) -> StoreResult<Vec<(Candidate, ReleaseId)>> {
    let rows = sqlx::query("SELECT id, number, state, live_at FROM release WHERE deployment_id = ?")
        .bind(deployment.to_string())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter()
        .map(|row| {
            let was_live = row.time_opt("live_at")?.is_some();
            let candidate = Candidate { number: row.number("number")?, state: row.word("state")?, was_live };
            Ok((candidate, row.parsed("id")?))
        })
        .collect()
}

async fn set_wanted(tx: &mut Tx, found: &Found, wanted: Wanted, now: UnixMillis) -> StoreResult<()> {
    // Stopped by its owner is stopped, whatever stopped it before: a top-up does not start it again.
    sqlx::query(
        "UPDATE deployment SET wanted = ?2, updated_at = ?3,
         balance_ended_at = CASE WHEN ?2 = 'running' THEN balance_ended_at END, term_ended_at = NULL WHERE id = ?1",
    )
    .bind(found.id.to_string())
    .bind(word(wanted))
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    super::project::touch(tx, found.project, now).await
}

/// Tells the sagas at work to give up; the first reason stays.
pub(super) async fn cancel_open(tx: &mut Tx, deployment: DeploymentId, why: &Problem) -> StoreResult<()> {
    sqlx::query(
        "UPDATE saga SET cancel = ?2
         WHERE deployment_id = ?1 AND state IN ('running', 'undoing') AND cancel IS NULL",
    )
    .bind(deployment.to_string())
    .bind(json(why))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds a saga: a deploy of `release`, or an end when there is none.
pub(super) async fn insert_saga(
    tx: &mut Tx,
    deployment: DeploymentId,
    release: Option<ReleaseId>,
    now: UnixMillis,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO saga (id, deployment_id, release_id, kind, state, since, created_at)
         VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?5)",
    )
    .bind(fresh::id(SagaId::new).to_string())
    .bind(deployment.to_string())
    .bind(release.map(|release| release.to_string()))
    .bind(if release.is_some() { "deploy" } else { "end" })
    .bind(now.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
