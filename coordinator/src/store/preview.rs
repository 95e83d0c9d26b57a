//! Deployments of pull requests: made beside the one that they are of, with its source and size and without its secrets,
//! and deleted when their time is over.

use super::{
    RowExt, Store, StoreError, StoreResult, Tx,
    delivery::{end, insert_delivery},
    deployment::{self, NewDeployment, NewSource},
    env, name,
    push::HookRow,
    release::{self, Origin},
    row::word,
    wish,
};
use crate::{
    fresh,
    logic::push::{
        event::PushEvent,
        preview::{self, PreviewVerdict, PullRequest},
    },
    seal::Sealer,
};
use sqlx::Row;
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_protocol::{
    api::{
        deployment::{Exposure, ProjectPart},
        push::{Outcome, SkipReason, Via},
    },
    id::{AccountId, DeploymentId, ReleaseId},
    money::Amount,
    unit::{Bytes, ContainerPort, MilliCpu, UnixMillis},
};

/// What became of something about a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewTaken {
    /// It came before.
    Replayed,
    /// It was written down.
    Noted(Outcome),
    /// Its deployment is to be deleted.
    Delete(DeploymentId),
}

impl Store {
    /// Writes down something about a pull request and does what follows. A deletion is left to the caller.
    pub async fn take_pull_request(
        &self,
        sealer: &Sealer,
        hook: &HookRow,
        asked: &PullRequest,
        key: &str,
        now: UnixMillis,
    ) -> StoreResult<PreviewTaken> {
        let mut tx = self.begin().await?;
        let (found, others) = standing(&mut tx, hook.deployment, asked.number).await?;
        let verdict = preview::judge(&hook.settings, hook.previews, asked, (found.is_some(), others));
        if verdict == PreviewVerdict::Delete {
            return Ok(found.map_or(PreviewTaken::Noted(Outcome::Skipped), PreviewTaken::Delete));
        }
        let event = event_of(asked);
        let Some(id) = insert_delivery(&mut tx, hook, (Via::Github, key), &event, now).await? else {
            return Ok(PreviewTaken::Replayed);
        };
        let base = match verdict {
            PreviewVerdict::Bring => base(&mut tx, sealer, hook.deployment).await?,
            PreviewVerdict::Delete | PreviewVerdict::Skip(_) => None,
        };
        let Some(base) = base else {
            let reason = match verdict {
                PreviewVerdict::Skip(reason) => reason,
                // A raw TCP app would take a public port of everybody's, and an uploaded one has no commits.
                PreviewVerdict::Bring | PreviewVerdict::Delete => SkipReason::PreviewsOff,
            };
            end(&mut tx, id, Outcome::Skipped, Some(word(reason)), None, None).await?;
            tx.commit().await?;
            return Ok(PreviewTaken::Noted(Outcome::Skipped));
        };
        end(&mut tx, id, Outcome::Deployed, None, None, None).await?;
        let ends_at = UnixMillis(now.0.saturating_add(hook.previews.ttl_ms.0.cast_signed()));
        let preview = match found {
            Some(preview) => preview,
            None => make(&mut tx, sealer, (hook, asked), base, now).await?,
        };
        sqlx::query("UPDATE preview SET ends_at = ?2 WHERE deployment_id = ?1")
            .bind(preview.to_string())
            .bind(ends_at.0)
            .execute(&mut *tx)
            .await?;
        let of_preview = HookRow { deployment: preview, ..hook.clone() };
        let told = insert_delivery(&mut tx, &of_preview, (Via::Github, key), &event, now).await?;
        let told = told.ok_or_else(|| StoreError::corrupt("key"))?;
        let found = wish::find(&mut tx, hook.account, &preview.to_string(), now).await?;
        let release = fresh::id(ReleaseId::new);
        let origin = Origin::Push { branch: Some(&asked.branch), commit: Some(&asked.commit) };
        release::insert(&mut tx, sealer, preview, release, origin, now).await?;
        end(&mut tx, told, Outcome::Deployed, None, Some(release), Some(now)).await?;
        wish::roll(tx, sealer, &found, release, now).await?;
        Ok(PreviewTaken::Noted(Outcome::Deployed))
    }

    /// Previews whose time is over, that cost what they may, or whose deployment is gone or going; with whose they are.
    pub async fn previews_over(&self, now: UnixMillis) -> StoreResult<Vec<(AccountId, DeploymentId)>> {
        let mut over = self.previews_too_old(now).await?;
        over.extend(self.previews_too_dear().await?);
        Ok(over.into_iter().collect())
    }

    async fn previews_too_dear(&self) -> StoreResult<Vec<(AccountId, DeploymentId)>> {
        let rows = sqlx::query(
            "SELECT d.id, d.account_id, u.preview_spend_max, a.charged FROM preview p
             JOIN push u ON u.deployment_id = p.base_id AND u.preview_spend_max IS NOT NULL
             JOIN deployment d ON d.id = p.deployment_id AND d.wanted != 'deleted'
             JOIN agreement a ON a.deployment_id = d.id",
        )
        .fetch_all(self.read())
        .await?;
        let mut spent: BTreeMap<(AccountId, DeploymentId), (Amount, Amount)> = BTreeMap::new();
        for row in &rows {
            let whose = (row.parsed("account_id")?, row.parsed("id")?);
            let most = row.parsed("preview_spend_max")?;
            let (sum, _) = spent.entry(whose).or_insert((Amount::ZERO, most));
            *sum = sum.checked_add(row.parsed("charged")?).unwrap_or(Amount::MAX);
        }
        Ok(spent.into_iter().filter(|(_, (sum, most))| sum >= most).map(|(whose, _)| whose).collect())
    }

    async fn previews_too_old(&self, now: UnixMillis) -> StoreResult<BTreeSet<(AccountId, DeploymentId)>> {
        let rows = sqlx::query(
            "SELECT d.id, d.account_id FROM preview p JOIN deployment d ON d.id = p.deployment_id
             LEFT JOIN deployment b ON b.id = p.base_id
             WHERE d.wanted != 'deleted' AND (p.ends_at <= ? OR b.id IS NULL OR b.wanted = 'deleted')",
        )
        .bind(now.0)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| Ok((row.parsed("account_id")?, row.parsed("id")?))).collect()
    }
}

/// The preview of a pull request, if it has one, and how many others there are.
async fn standing(tx: &mut Tx, base: DeploymentId, number: u64) -> StoreResult<(Option<DeploymentId>, u32)> {
    let rows = sqlx::query(
        "SELECT p.deployment_id, p.number FROM preview p JOIN deployment d ON d.id = p.deployment_id
         WHERE p.base_id = ? AND d.wanted != 'deleted'",
    )
    .bind(base.to_string())
    .fetch_all(&mut **tx)
    .await?;
    let (mut found, mut others) = (None, 0);
    for row in &rows {
        if row.number::<u64>("number")? == number {
            found = Some(row.parsed("deployment_id")?);
        } else {
            others += 1;
        }
    }
    Ok((found, others))
}

/// What a preview takes over; `None` when there can be none of it. Variables that are secret stay behind: whoever makes a
/// pull request would read them.
async fn base(tx: &mut Tx, sealer: &Sealer, base: DeploymentId) -> StoreResult<Option<NewDeployment>> {
    let row = sqlx::query("SELECT * FROM deployment WHERE id = ?")
        .bind(base.to_string())
        .fetch_one(&mut **tx)
        .await?;
    let Some(url) = row.text_opt("git_url")? else { return Ok(None) };
    if row.word::<Exposure>("exposure")? == Exposure::Tcp {
        return Ok(None);
    }
    let sealed: Option<Vec<u8>> = row.try_get("git_token")?;
    let token = sealed.map(|sealed| deployment::open_git_token(sealer, base, &sealed)).transpose()?;
    let entries = env::read(tx, sealer, base).await?;
    let port: Option<i64> = row.number_opt("port")?;
    let port = port.map(|port| ContainerPort::try_from(port).map_err(|_| StoreError::corrupt("port")));
    Ok(Some(NewDeployment {
        name: row.text("name")?,
        project: Some(row.text("project_id")?),
        source: NewSource::Git {
            url,
            branch: row.text_opt("branch")?,
            root_dir: row.text_opt("root_dir")?,
            token,
        },
        env: entries.into_values().filter(|entry| !entry.secret).collect(),
        exposure: Exposure::Http,
        port: port.transpose()?,
        memory: Bytes(row.number("memory_bytes")?),
        cpu: MilliCpu(row.number("milli_cpu")?),
        health_path: row.text_opt("health_path")?,
        until: None,
        dockerfile: row.text_opt("dockerfile")?,
        // A project has one back end, which the preview of a front end asks as well.
        part: row.word_opt("part")?.filter(|part| *part == ProjectPart::FrontEnd),
        link: None,
    }))
}

async fn make(
    tx: &mut Tx,
    sealer: &Sealer,
    (hook, asked): (&HookRow, &PullRequest),
    base: NewDeployment,
    now: UnixMillis,
) -> StoreResult<DeploymentId> {
    let id: DeploymentId = fresh::id(DeploymentId::new);
    let new = NewDeployment { name: preview::name(&base.name, asked.number), ..base };
    name::claim_name(tx, &new.name, &id.to_string()).await?;
    deployment::insert_all(tx, sealer, (hook.account, id), &new, now).await?;
    sqlx::query("INSERT INTO preview (deployment_id, base_id, number, ends_at) VALUES (?, ?, ?, ?)")
        .bind(id.to_string())
        .bind(hook.deployment.to_string())
        .bind(asked.number.cast_signed())
        .bind(now.0)
        .execute(&mut **tx)
        .await?;
    // It is fetched and told of as the other is; pushes alone do not deploy it.
    sqlx::query("INSERT INTO push (deployment_id, repo, installation) SELECT ?, repo, installation FROM push WHERE deployment_id = ?")
        .bind(id.to_string())
        .bind(hook.deployment.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(id)
}

fn event_of(asked: &PullRequest) -> PushEvent {
    PushEvent {
        branch: Some(asked.branch.clone()),
        commit: Some(asked.commit.clone()),
        message: Some(format!("#{} {}", asked.number, asked.title)),
        author: asked.author.clone(),
        ..PushEvent::default()
    }
}
