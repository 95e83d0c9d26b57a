//! Push to deploy, as its owner sets it: which branch and paths, the secret of the webhook, and what came so far.

use super::{
    ApiState,
    caller::{Asker, Caller, can},
    error::ApiError,
    extract::{Json, Key, Query, Reply, ok},
    hooks::SECRET_PREFIX,
};
use crate::{
    clock, fresh,
    github::{GitHubError, repo_of_url},
    logic::push::glob::is_pattern,
    store::push::{GitHubLink, HookRow},
};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        page::Page,
        push::{DeliveryQuery, DeliveryView, HookSecret, PushView, SetPush},
    },
    id::DeploymentId,
    money::Amount,
};

const PATTERNS_MAX: usize = 20;
/// A preview lives at least ten minutes and at most a month.
const TTL_BOUNDS_MS: std::ops::RangeInclusive<u64> = 600_000..=2_678_400_000;
const PREVIEWS_MAX: u32 = 20;

impl ApiState {
    fn hook_url(&self, deployment: DeploymentId) -> String {
        format!("{}/v1/hooks/{deployment}", self.config.console_url())
    }

    fn push_view(&self, row: HookRow) -> PushView {
        PushView {
            on: row.settings.on,
            branch: row.settings.branch,
            paths: row.settings.paths,
            wait_for_checks: row.settings.wait_for_checks,
            previews: row.previews,
            hook_url: self.hook_url(row.deployment),
            secret_set: row.secret.is_some(),
            github: self.github.is_some() && row.link.is_some(),
        }
    }
}

/// How a deployment follows its repository.
#[utoipa::path(get, path = "/v1/deployments/{deployment}/push", tag = "push", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "The deployment's id or name.")),
    responses((status = 200, description = "So.", body = PushView)))]
pub(super) async fn read(caller: Caller<can::Read>, Key(key): Key) -> Reply<PushView> {
    let row = caller.store.push(caller.account, &key).await?;
    Ok(ok(caller.push_view(row)))
}

/// Sets how a deployment follows its repository. When somebody who may push there switches it on, GitHub's App tells of it
/// by itself from then on.
#[utoipa::path(put, path = "/v1/deployments/{deployment}/push", tag = "push", security(("token" = ["deploy"])), request_body = SetPush,
    params(("deployment" = String, Path, description = "The deployment's id or name.")),
    responses((status = 200, description = "Set.", body = PushView)))]
pub(super) async fn change(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<SetPush>,
) -> Reply<PushView> {
    let row = caller.store.push(caller.account, &key).await?;
    check(&wish)?;
    let link = match row.git_url.as_deref().filter(|_| wish.on) {
        Some(url) => link_to(&caller, url).await,
        None => None,
    };
    let row = caller.store.set_push(caller.account, &key, &wish, link.as_ref()).await?;
    Ok(ok(caller.push_view(row)))
}

/// A new secret for the webhook of a deployment; the one before is void. Shown once.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/push/secret", tag = "push", security(("token" = ["deploy"])),
    params(("deployment" = String, Path, description = "The deployment's id or name.")),
    responses((status = 200, description = "It.", body = HookSecret)))]
pub(super) async fn secret(caller: Caller<can::Deploy>, Key(key): Key) -> Reply<HookSecret> {
    let secret = Secret::new(fresh::secret(SECRET_PREFIX));
    let id = caller.store.set_hook_secret(&caller.sealer, caller.account, &key, &secret).await?;
    Ok(ok(HookSecret { hook_url: caller.hook_url(id), secret }))
}

/// What came, newest first, and what became of it.
#[utoipa::path(get, path = "/v1/deployments/{deployment}/deliveries", tag = "push", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "The deployment's id or name."), DeliveryQuery),
    responses((status = 200, description = "A page.", body = Page<DeliveryView>)))]
pub(super) async fn deliveries(
    caller: Caller<can::Read>,
    Key(key): Key,
    Query(query): Query<DeliveryQuery>,
) -> Reply<Page<DeliveryView>> {
    Ok(ok(caller.store.deliveries(caller.account, &key, &query).await?))
}

fn check(wish: &SetPush) -> Result<(), ApiError> {
    let patterns = wish.paths.iter().chain(&wish.branch).all(|pattern| is_pattern(pattern));
    let bounds = wish.previews.is_none_or(|previews| {
        TTL_BOUNDS_MS.contains(&previews.ttl_ms.0)
            && (1..=PREVIEWS_MAX).contains(&previews.at_most)
            && previews.spend_max != Some(Amount::ZERO)
    });
    if patterns && bounds && wish.paths.len() <= PATTERNS_MAX {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::PushInvalid, "A pattern or a bound of push to deploy cannot be meant."))
}

fn told(error: GitHubError) -> ApiError {
    error.problem().into()
}

/// Where GitHub's App may act: the caller may push there, and the App is installed. That it is so is looked up each time,
/// in the caller's own name; whoever only reads a public repository cannot make us speak there.
pub(super) async fn link_to(asker: &Asker, git_url: &str) -> Option<GitHubLink> {
    let github = asker.github.as_ref()?;
    let name = repo_of_url(github.web_url(), git_url)?;
    let now = clock::now();
    let look = async {
        let access = super::github::access(asker, github).await?;
        if !github.repository(&access, &name).await.map_err(told)?.permissions.push {
            return Ok(None);
        }
        let installation = github.installation_of(&name, now).await.map_err(told)?.id;
        Ok::<_, ApiError>(Some(GitHubLink { repo: name.key(), installation }))
    };
    match look.await {
        Ok(link) => link,
        Err(error) => {
            tracing::info!(account.id = %asker.account, %error, "GitHub's App does not act for this account here");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::{api::push::Previews, unit::Millis};

    #[test]
    fn patterns_and_bounds_that_cannot_be_meant_are_refused() {
        let wish = |paths: Vec<String>| SetPush {
            on: true,
            branch: None,
            paths,
            wait_for_checks: false,
            previews: None,
        };
        assert!(check(&wish(vec!["a/**".into()])).is_ok());
        assert!(check(&wish(vec!["a".into(); 21])).is_err());
        assert!(check(&wish(vec![String::new()])).is_err());
        let branch = SetPush { branch: Some("a b".into()), ..wish(Vec::new()) };
        assert!(check(&branch).is_err());
        let previews = Previews { on: true, ttl_ms: Millis(1), at_most: 1, ..Previews::default() };
        assert!(check(&SetPush { previews: Some(previews), ..wish(Vec::new()) }).is_err());
    }
}
