//! How deployments follow their repositories. What came of it stands in `delivery`.

use super::{RowExt, Store, StoreResult, Tx, row::json};
use crate::{logic::push::HookSettings, seal::Sealer};
use sqlx::{AssertSqlSafe, Row, sqlite::SqliteRow};
use ttalkak_protocol::{
    Secret,
    api::push::{Previews, SetPush},
    id::{AccountId, DeploymentId},
    unit::{Millis, UnixMillis},
};

/// A repository at GitHub, and the installation of our App that sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubLink {
    /// `owner/name` in small letters.
    pub repo: String,
    /// The installation.
    pub installation: u64,
}

/// How a deployment follows its repository.
#[derive(Debug, Clone)]
pub struct HookRow {
    /// It.
    pub deployment: DeploymentId,
    /// Whose.
    pub account: AccountId,
    /// What is set.
    pub settings: HookSettings,
    /// Pull requests.
    pub previews: Previews,
    /// Sealed: what generic webhooks are signed with.
    pub secret: Option<Vec<u8>>,
    /// Where GitHub's App acts for it.
    pub link: Option<GitHubLink>,
    /// Its repository; absent: it was uploaded.
    pub git_url: Option<String>,
    /// When the newest push happened that was taken.
    pub newest: Option<UnixMillis>,
}

const HOOK: &str = "SELECT d.id, d.account_id, d.git_url, d.branch AS own_branch, p.*,
  (SELECT max(v.pushed_at) FROM delivery v WHERE v.deployment_id = d.id AND v.outcome IN ('deployed', 'waiting')) AS newest
  FROM deployment d LEFT JOIN push p ON p.deployment_id = d.id";

fn hook(row: &SqliteRow) -> StoreResult<HookRow> {
    let switch = |column| -> StoreResult<bool> { Ok(row.number_opt::<u8>(column)?.unwrap_or(0) != 0) };
    let previews = Previews {
        on: switch("previews")?,
        forks: switch("preview_forks")?,
        ttl_ms: Millis(row.number_opt("preview_ttl_ms")?.unwrap_or(259_200_000)),
        at_most: row.number_opt("preview_at_most")?.unwrap_or(3),
        spend_max: row.parsed_opt("preview_spend_max")?,
    };
    let link = match (row.text_opt("repo")?, row.number_opt("installation")?) {
        (Some(repo), Some(installation)) => Some(GitHubLink { repo, installation }),
        _ => None,
    };
    Ok(HookRow {
        deployment: row.parsed("id")?,
        account: row.parsed("account_id")?,
        settings: HookSettings {
            on: switch("pushes")?,
            branch: row.text_opt("branch")?,
            own_branch: row.text_opt("own_branch")?,
            paths: row.json_opt("paths")?.unwrap_or_default(),
            wait_for_checks: switch("wait_for_checks")?,
        },
        previews,
        secret: row.try_get("secret")?,
        link,
        git_url: row.text_opt("git_url")?,
        newest: row.time_opt("newest")?,
    })
}

fn secret_purpose(deployment: DeploymentId) -> String {
    format!("hook:{deployment}")
}

/// Opens what generic webhooks of a deployment are signed with. Errors: `Seal`.
pub fn open_hook_secret(
    sealer: &Sealer,
    deployment: DeploymentId,
    sealed: &[u8],
) -> StoreResult<Secret<String>> {
    let plain = sealer.open_sealed(&secret_purpose(deployment), sealed)?;
    Ok(Secret::new(String::from_utf8_lossy(&plain).into_owned()))
}

/// A deployment that is made follows its repository from the beginning.
pub(super) async fn follow(tx: &mut Tx, deployment: DeploymentId, link: &GitHubLink) -> StoreResult<()> {
    sqlx::query("INSERT INTO push (deployment_id, pushes, repo, installation) VALUES (?, 1, ?, ?)")
        .bind(deployment.to_string())
        .bind(&link.repo)
        .bind(link.installation.cast_signed())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Store {
    /// How a deployment follows its repository. Errors: `NotFound`.
    pub async fn push(&self, account: AccountId, key: &str) -> StoreResult<HookRow> {
        let id = self.deployment_id(account, key).await?;
        let found = self.hook(id).await?;
        found.ok_or_else(|| super::StoreError::not_found("deployment", key))
    }

    /// The same for whoever is sent a webhook; `None`: there is no such deployment.
    pub async fn hook(&self, deployment: DeploymentId) -> StoreResult<Option<HookRow>> {
        let sql = format!("{HOOK} WHERE d.id = ? AND d.wanted != 'deleted'");
        let row =
            sqlx::query(AssertSqlSafe(sql)).bind(deployment.to_string()).fetch_optional(self.read()).await?;
        row.as_ref().map(hook).transpose()
    }

    /// Everybody for whom GitHub's App acts at this repository, but for previews: they follow pull requests.
    pub async fn hooks_of(&self, link: &GitHubLink) -> StoreResult<Vec<HookRow>> {
        let sql = format!(
            "{HOOK} WHERE p.installation = ? AND p.repo = ? AND d.wanted != 'deleted'
               AND NOT EXISTS (SELECT 1 FROM preview w WHERE w.deployment_id = d.id) ORDER BY d.id"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(link.installation.cast_signed())
            .bind(&link.repo)
            .fetch_all(self.read())
            .await?;
        rows.iter().map(hook).collect()
    }

    /// Sets how a deployment follows its repository. `link`: where GitHub's App acts for it from now on; absent: as before.
    /// Errors: `NotFound`.
    pub async fn set_push(
        &self,
        account: AccountId,
        key: &str,
        wish: &SetPush,
        link: Option<&GitHubLink>,
    ) -> StoreResult<HookRow> {
        let id = self.deployment_id(account, key).await?.to_string();
        let previews = wish.previews;
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO push (deployment_id) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(&id)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "UPDATE push SET pushes = ?2, branch = ?3, paths = ?4, wait_for_checks = ?5,
               previews = coalesce(?6, previews), preview_forks = coalesce(?7, preview_forks),
               preview_ttl_ms = coalesce(?8, preview_ttl_ms), preview_at_most = coalesce(?9, preview_at_most),
               preview_spend_max = CASE WHEN ?6 IS NULL THEN preview_spend_max ELSE ?12 END,
               repo = coalesce(?10, repo), installation = coalesce(?11, installation)
             WHERE deployment_id = ?1",
        )
        .bind(&id)
        .bind(wish.on)
        .bind(&wish.branch)
        .bind(json(&wish.paths))
        .bind(wish.wait_for_checks)
        .bind(previews.map(|it| it.on))
        .bind(previews.map(|it| it.forks))
        .bind(previews.map(|it| it.ttl_ms.0.cast_signed()))
        .bind(previews.map(|it| it.at_most))
        .bind(link.map(|link| &link.repo))
        .bind(link.map(|link| link.installation.cast_signed()))
        .bind(previews.and_then(|it| it.spend_max).map(|most| most.to_string()))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        self.push(account, key).await
    }

    /// Another secret for generic webhooks; the one before is void. Errors: `NotFound`.
    pub async fn set_hook_secret(
        &self,
        sealer: &Sealer,
        account: AccountId,
        key: &str,
        secret: &Secret<String>,
    ) -> StoreResult<DeploymentId> {
        let id = self.deployment_id(account, key).await?;
        let sealed = sealer.seal(&secret_purpose(id), secret.reveal().as_bytes());
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO push (deployment_id, secret) VALUES (?1, ?2)
             ON CONFLICT (deployment_id) DO UPDATE SET secret = ?2",
        )
        .bind(id.to_string())
        .bind(sealed)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Where GitHub's App acts for a deployment.
    pub async fn github_link(&self, deployment: DeploymentId) -> StoreResult<Option<GitHubLink>> {
        Ok(self.hook(deployment).await?.and_then(|row| row.link))
    }
}
