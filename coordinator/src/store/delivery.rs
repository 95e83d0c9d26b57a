//! Pushes that came, what became of each, and what is still to be said about it.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    push::{GitHubLink, HookRow},
    release::{self, Origin},
    row::word,
    wish,
};
use crate::{
    fresh,
    logic::{
        push::{
            Verdict,
            event::{PushEvent, subject},
        },
        request::{Refusal, Wanted, Wish, judge},
    },
    seal::Sealer,
};
use sqlx::sqlite::SqliteRow;
use ttalkak_protocol::{
    api::{
        page::{LIMIT_DEFAULT, LIMIT_MAX, Page},
        push::{DeliveryQuery, DeliveryView, Outcome, SkipReason, Via},
        release::ReleaseState,
    },
    id::{AccountId, DeliveryId, DeploymentId, ReleaseId},
    unit::UnixMillis,
};

/// Kept for each deployment; older ones are forgotten.
const KEPT_MAX: i64 = 200;
/// Looked at by the workers at a time.
const AT_A_TIME: i64 = 50;

/// A push that came and was signed.
#[derive(Debug)]
pub struct NewDelivery<'a> {
    /// Who told of it.
    pub via: Via,
    /// What a replay would have again.
    pub key: String,
    /// What it says.
    pub event: &'a PushEvent,
    /// What follows.
    pub verdict: Verdict,
}

/// A push that waits for checks.
#[derive(Debug, Clone)]
pub struct WaitingRow {
    /// It.
    pub id: DeliveryId,
    /// Since when.
    pub at: UnixMillis,
    /// Whose checks.
    pub commit: String,
    /// Where they are.
    pub link: GitHubLink,
}

/// A commit about which something is to be said.
#[derive(Debug, Clone)]
pub struct TellRow {
    /// The push.
    pub id: DeliveryId,
    /// The deployment's name.
    pub name: String,
    /// Whose, for its address.
    pub account: AccountId,
    /// The deployment.
    pub deployment: DeploymentId,
    /// The commit.
    pub commit: String,
    /// Where.
    pub link: GitHubLink,
    /// How its release stands.
    pub state: ReleaseState,
    /// What was said last.
    pub told: Option<String>,
    /// Tries in vain.
    pub tells: u32,
}

impl Store {
    /// Writes down a push and does what follows, in one transaction. `None`: it came before, and nothing is done.
    pub async fn take_delivery(
        &self,
        sealer: &Sealer,
        hook: &HookRow,
        new: NewDelivery<'_>,
        now: UnixMillis,
    ) -> StoreResult<Option<Outcome>> {
        let NewDelivery { via, key, event, verdict } = new;
        let mut tx = self.begin().await?;
        let Some(id) = insert_delivery(&mut tx, hook, (via, &key), event, now).await? else {
            return Ok(None);
        };
        self.follow(tx, sealer, (id, hook.account, hook.deployment), verdict, now).await.map(Some)
    }

    /// What became of a push that waited. Nothing happens when it does not wait any more.
    pub async fn after_waiting(
        &self,
        sealer: &Sealer,
        id: DeliveryId,
        verdict: Verdict,
        now: UnixMillis,
    ) -> StoreResult<Option<Outcome>> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "SELECT v.deployment_id, d.account_id FROM delivery v JOIN deployment d ON d.id = v.deployment_id
             WHERE v.id = ? AND v.outcome = 'waiting'",
        )
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let of = (id, row.parsed("account_id")?, row.parsed("deployment_id")?);
        self.follow(tx, sealer, of, verdict, now).await.map(Some)
    }

    async fn follow(
        &self,
        mut tx: Tx,
        sealer: &Sealer,
        (id, account, deployment): (DeliveryId, AccountId, DeploymentId),
        verdict: Verdict,
        now: UnixMillis,
    ) -> StoreResult<Outcome> {
        if !matches!(verdict, Verdict::Skip(_)) {
            // The newest commit wins: what waited before it does not come later.
            sqlx::query(
                "UPDATE delivery SET outcome = 'skipped', reason = ?3, look_at = NULL
                 WHERE deployment_id = ?1 AND outcome = 'waiting' AND id < ?2",
            )
            .bind(deployment.to_string())
            .bind(id.to_string())
            .bind(word(SkipReason::Superseded))
            .execute(&mut *tx)
            .await?;
        }
        match verdict {
            Verdict::Skip(reason) => {
                end(&mut tx, id, Outcome::Skipped, Some(word(reason)), None, None).await?;
                tx.commit().await?;
                Ok(Outcome::Skipped)
            }
            Verdict::Wait => {
                sqlx::query("UPDATE delivery SET outcome = 'waiting', look_at = ?2 WHERE id = ?1")
                    .bind(id.to_string())
                    .bind(now.0)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                Ok(Outcome::Waiting)
            }
            Verdict::Deploy => {
                let found = wish::find(&mut tx, account, &deployment.to_string(), now).await?;
                let stopped = found.standing.wanted == Wanted::Stopped;
                let allowed =
                    if stopped { Err(Refusal::NotRunning) } else { judge(Wish::Redeploy, found.standing) };
                if let Err(refusal) = allowed {
                    let code = refusal.code().as_str().to_owned();
                    end(&mut tx, id, Outcome::Failed, Some(code), None, None).await?;
                    tx.commit().await?;
                    return Ok(Outcome::Failed);
                }
                let row = sqlx::query("SELECT branch, commit_id FROM delivery WHERE id = ?")
                    .bind(id.to_string())
                    .fetch_one(&mut *tx)
                    .await?;
                let (branch, commit) = (row.text_opt("branch")?, row.text_opt("commit_id")?);
                let release = fresh::id(ReleaseId::new);
                let origin = Origin::Push { branch: branch.as_deref(), commit: commit.as_deref() };
                release::insert(&mut tx, sealer, deployment, release, origin, now).await?;
                end(&mut tx, id, Outcome::Deployed, None, Some(release), commit.map(|_| now)).await?;
                wish::roll(tx, sealer, &found, release, now).await?;
                Ok(Outcome::Deployed)
            }
        }
    }

    /// Pushes of a deployment, newest first. Errors: `NotFound`, `CursorInvalid`.
    pub async fn deliveries(
        &self,
        account: AccountId,
        key: &str,
        query: &DeliveryQuery,
    ) -> StoreResult<Page<DeliveryView>> {
        let deployment = self.deployment_id(account, key).await?.to_string();
        let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
        let before: Option<DeliveryId> = query
            .cursor
            .as_ref()
            .map(|text| text.parse().map_err(|_| StoreError::CursorInvalid))
            .transpose()?;
        let rows = sqlx::query(
            "SELECT v.*, r.number FROM delivery v LEFT JOIN release r ON r.id = v.release_id
             WHERE v.deployment_id = ?1 AND (?2 IS NULL OR v.id < ?2) ORDER BY v.id DESC LIMIT ?3",
        )
        .bind(&deployment)
        .bind(before.map(|id| id.to_string()))
        .bind(i64::from(limit) + 1)
        .fetch_all(self.read())
        .await?;
        let mut items = rows.iter().map(view).collect::<StoreResult<Vec<_>>>()?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|item| item.id.to_string());
        let sql = "SELECT count(*) AS total FROM delivery WHERE deployment_id = ?";
        let row = sqlx::query(sql).bind(&deployment).fetch_one(self.read()).await?;
        Ok(Page { items, next_cursor, total: row.number("total")? })
    }

    /// Pushes whose checks should be looked at now.
    pub async fn waiting_deliveries(&self, now: UnixMillis) -> StoreResult<Vec<WaitingRow>> {
        let rows = sqlx::query(
            "SELECT * FROM delivery WHERE outcome = 'waiting' AND look_at <= ? ORDER BY look_at LIMIT ?",
        )
        .bind(now.0)
        .bind(AT_A_TIME)
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                let (id, commit) = (row.parsed("id")?, row.text("commit_id")?);
                Ok(WaitingRow { id, at: row.time("at")?, commit, link: link(row)? })
            })
            .collect()
    }

    /// Looks at the checks of a push again, but not before.
    pub async fn look_again(&self, id: DeliveryId, at: UnixMillis) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE delivery SET look_at = ?2 WHERE id = ?1 AND outcome = 'waiting'")
            .bind(id.to_string())
            .bind(at.0)
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }

    /// Commits about which something may be said now.
    pub async fn tells(&self, now: UnixMillis) -> StoreResult<Vec<TellRow>> {
        let rows = sqlx::query(
            "SELECT v.*, d.name, d.account_id, r.state FROM delivery v JOIN deployment d ON d.id = v.deployment_id
             JOIN release r ON r.id = v.release_id
             WHERE v.tell_at <= ? AND v.installation IS NOT NULL AND v.commit_id IS NOT NULL
               AND (v.told IS NULL OR r.state != 'rolling') ORDER BY v.tell_at LIMIT ?",
        )
        .bind(now.0)
        .bind(AT_A_TIME)
        .fetch_all(self.read())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(TellRow {
                    id: row.parsed("id")?,
                    name: row.text("name")?,
                    account: row.parsed("account_id")?,
                    deployment: row.parsed("deployment_id")?,
                    commit: row.text("commit_id")?,
                    link: link(row)?,
                    state: row.word("state")?,
                    told: row.text_opt("told")?,
                    tells: row.number("tells")?,
                })
            })
            .collect()
    }

    /// Notes what was said, or how often it was tried; `at`: when to go on, `None`: it is all said.
    pub async fn note_told(
        &self,
        id: DeliveryId,
        told: Option<&str>,
        tells: u32,
        at: Option<UnixMillis>,
    ) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE delivery SET told = coalesce(?2, told), tells = ?3, tell_at = ?4 WHERE id = ?1")
            .bind(id.to_string())
            .bind(told)
            .bind(tells)
            .bind(at.map(|at| at.0))
            .execute(&mut *tx)
            .await?;
        tx.commit_unseen().await
    }
}

/// Writes a push down as skipped, for now. `None`: it came before.
pub(super) async fn insert_delivery(
    tx: &mut Tx,
    hook: &HookRow,
    (via, key): (Via, &str),
    event: &PushEvent,
    now: UnixMillis,
) -> StoreResult<Option<DeliveryId>> {
    let id = fresh::id(DeliveryId::new);
    let done = sqlx::query(
        "INSERT INTO delivery (id, deployment_id, key, at, via, branch, commit_id, message, author, pushed_at,
           outcome, repo, installation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'skipped', ?11, ?12) ON CONFLICT DO NOTHING",
    )
    .bind(id.to_string())
    .bind(hook.deployment.to_string())
    .bind(key)
    .bind(now.0)
    .bind(word(via))
    .bind(&event.branch)
    .bind(&event.commit)
    .bind(event.message.as_deref().map(subject))
    .bind(&event.author)
    .bind(event.pushed_at.map(|at| at.0))
    .bind(hook.link.as_ref().map(|link| &link.repo))
    .bind(hook.link.as_ref().map(|link| link.installation.cast_signed()))
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(None);
    }
    prune(tx, hook.deployment).await?;
    Ok(Some(id))
}

pub(super) async fn end(
    tx: &mut Tx,
    id: DeliveryId,
    outcome: Outcome,
    reason: Option<String>,
    release: Option<ReleaseId>,
    tell_at: Option<UnixMillis>,
) -> StoreResult<()> {
    sqlx::query(
        "UPDATE delivery SET outcome = ?2, reason = ?3, release_id = ?4, look_at = NULL,
           tell_at = CASE WHEN installation IS NOT NULL THEN ?5 END WHERE id = ?1",
    )
    .bind(id.to_string())
    .bind(word(outcome))
    .bind(reason)
    .bind(release.map(|release| release.to_string()))
    .bind(tell_at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn prune(tx: &mut Tx, deployment: DeploymentId) -> StoreResult<()> {
    sqlx::query(
        "DELETE FROM delivery WHERE deployment_id = ?1 AND outcome != 'waiting' AND id NOT IN
           (SELECT id FROM delivery WHERE deployment_id = ?1 ORDER BY id DESC LIMIT ?2)",
    )
    .bind(deployment.to_string())
    .bind(KEPT_MAX)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn link(row: &SqliteRow) -> StoreResult<GitHubLink> {
    Ok(GitHubLink { repo: row.text("repo")?, installation: row.number("installation")? })
}

fn view(row: &SqliteRow) -> StoreResult<DeliveryView> {
    Ok(DeliveryView {
        id: row.parsed("id")?,
        at: row.time("at")?,
        via: row.word("via")?,
        branch: row.text_opt("branch")?,
        commit: row.text_opt("commit_id")?,
        message: row.text_opt("message")?,
        author: row.text_opt("author")?,
        outcome: row.word("outcome")?,
        reason: row.text_opt("reason")?,
        release: row.number_opt("number")?,
    })
}
