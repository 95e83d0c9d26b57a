//! Webhooks: somebody tells of a push. Who it is is known by a signature over the very bytes that came, or by a deploy
//! token; both are compared in constant time, before anything is read. What is forged, unsigned or too large leaves no
//! trace; what comes twice does nothing again.

use super::{
    caller::Anyone,
    error::ApiError,
    extract::{Answer, Key, Reply, ok, too_large},
    rate::Rate,
};
use crate::{
    clock, fresh,
    github::RepoName,
    logic::push::{Verdict, event, judge, preview},
    store::{
        delivery::NewDelivery,
        preview::PreviewTaken,
        push::{GitHubLink, HookRow, open_hook_secret},
    },
};
use axum::{body::Bytes, extract::rejection::BytesRejection};
use http::{HeaderMap, StatusCode, header};
use ring::hmac;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::push::{HookTaken, Outcome, Via},
    id::{DeliveryId, DeploymentId},
};

/// Let through for one deployment: a team that pushes all day stays far below.
pub(super) const RATE: Rate = Rate { burst: 60, every_ms: 1_000 };
/// A sender's own id of a delivery.
const SENDERS_ID_CHARS_MAX: usize = 100;
/// What every secret of a webhook starts with, for secret scanners.
pub(super) const SECRET_PREFIX: &str = "tth_";

/// What GitHub's App is told: pushes to repositories that it may see.
#[utoipa::path(post, path = "/v1/hooks/github", tag = "push", security(()),
    request_body(content = String, description = "As GitHub sends it, signed with the App's secret.", content_type = "application/json"),
    responses((status = 200, description = "Taken.", body = HookTaken)))]
pub(super) async fn github(
    anyone: Anyone,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Reply<HookTaken> {
    let github = anyone.github.as_ref();
    let github =
        github.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "This coordinator has no App at GitHub."))?;
    let body = whole(body)?;
    let signed = only(&headers, "x-hub-signature-256").and_then(|value| value.strip_prefix("sha256="));
    if !signed.is_some_and(|mac| is_signed(github.webhook_secret(), &body, mac)) {
        return Err(unsigned());
    }
    match only(&headers, "x-github-event") {
        Some("push") => {}
        Some("pull_request") => return pull_request(&anyone, &body).await,
        // A signed event of another kind is no mistake: the App may be told more than we need.
        Some(_) => return Ok(ok(HookTaken { taken: 0, replayed: false })),
        None => return Err(invalid()),
    }
    let event = event::read(&body).ok_or_else(invalid)?;
    let repo = event.repository.as_deref().and_then(|name| name.parse::<RepoName>().ok());
    let (Some(repo), Some(installation)) = (repo, event.installation) else { return Err(invalid()) };
    let hooks = anyone.store.hooks_of(&GitHubLink { repo: repo.key(), installation }).await?;
    let key = digest(&body);
    let (mut taken, mut replayed) = (0, false);
    for hook in &hooks {
        match take(&anyone, hook, Via::Github, key.clone(), &event).await? {
            Some(_) => taken += 1,
            None => replayed = true,
        }
    }
    Ok(ok(HookTaken { taken, replayed }))
}

/// A push, told by any other host or by a script: signed as GitHub and Gitea do, with GitLab's token, or with the secret
/// as a bearer token. The body may be left out then: the newest commit is deployed.
#[utoipa::path(post, path = "/v1/hooks/{deployment}", tag = "push", security(()),
    params(("deployment" = String, Path, description = "The deployment's id.")),
    request_body(content = String, description = "A push as GitHub, Gitea or GitLab describe it, or `branch`, `commit`, `message` and `author`.", content_type = "application/json"),
    responses((status = 202, description = "Taken.", body = HookTaken)))]
pub(super) async fn generic(
    anyone: Anyone,
    Key(key): Key,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Reply<HookTaken> {
    let body = whole(body)?;
    let hook = match key.parse::<DeploymentId>() {
        Ok(deployment) => anyone.store.hook(deployment).await?,
        Err(_) => None,
    };
    // Whoever cannot sign is not told what there is.
    let hook = hook.ok_or_else(unsigned)?;
    let sealed = hook.secret.as_deref().ok_or_else(unsigned)?;
    let secret = open_hook_secret(&anyone.sealer, hook.deployment, sealed)?;
    let via = signed_by(&headers, &body, &secret).ok_or_else(unsigned)?;
    if !anyone.room().hooking.take(hook.deployment, clock::now()) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many pushes for this deployment."));
    }
    if matches!(only(&headers, "x-github-event").or(only(&headers, "x-gitea-event")), Some(kind) if kind != "push")
    {
        return Ok(ok(HookTaken { taken: 0, replayed: false }));
    }
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let event = event::read(&body).ok_or_else(invalid)?;
    let key = match via {
        // The sender's id is not signed, the body is.
        Via::Github => digest(&body),
        Via::Gitlab | Via::Generic => senders_id(&headers),
    };
    let taken = take(&anyone, &hook, via, key, &event).await?;
    let answer = HookTaken { taken: u32::from(taken.is_some()), replayed: taken.is_none() };
    Ok(Answer(StatusCode::ACCEPTED, answer))
}

/// A preview for each deployment that wants one.
async fn pull_request(anyone: &Anyone, body: &[u8]) -> Reply<HookTaken> {
    let Some(asked) = preview::read(body).ok_or_else(invalid)? else {
        return Ok(ok(HookTaken { taken: 0, replayed: false }));
    };
    let repo = asked.repository.parse::<RepoName>().map_err(|()| invalid())?;
    let link = GitHubLink { repo: repo.key(), installation: asked.installation };
    let (mut taken, mut replayed, key, now) = (0, false, digest(body), clock::now());
    for hook in anyone.store.hooks_of(&link).await? {
        match anyone.store.take_pull_request(&anyone.sealer, &hook, &asked, &key, now).await? {
            PreviewTaken::Replayed => replayed = true,
            PreviewTaken::Noted(_) => taken += 1,
            PreviewTaken::Delete(preview) => {
                anyone.store.request_delete(hook.account, &preview.to_string(), now).await?;
                taken += 1;
            }
        }
    }
    anyone.nudge.sagas();
    Ok(ok(HookTaken { taken, replayed }))
}

async fn take(
    anyone: &Anyone,
    hook: &HookRow,
    via: Via,
    key: String,
    event: &event::PushEvent,
) -> Result<Option<Outcome>, ApiError> {
    // Another host's word about a repository that GitHub's App sees is as good: the commit is the same.
    let can_wait = anyone.github.is_some() && hook.link.is_some();
    let verdict = judge(&hook.settings, event, hook.newest, can_wait);
    let verdict = if hook.git_url.is_none() {
        // There is nothing to fetch: it was uploaded.
        Verdict::Skip(ttalkak_protocol::api::push::SkipReason::PushOff)
    } else {
        verdict
    };
    let new = NewDelivery { via, key, event, verdict };
    let outcome = anyone.store.take_delivery(&anyone.sealer, hook, new, clock::now()).await?;
    if let Some(outcome) = outcome {
        tracing::info!(deployment.id = %hook.deployment, ?outcome, "a push came for deployment {}", hook.deployment);
        anyone.nudge.sagas();
    }
    Ok(outcome)
}

fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(
        |rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { invalid() }
        },
    )
}

/// By which of the three ways it shows the secret. Two at once is none.
fn signed_by(headers: &HeaderMap, body: &[u8], secret: &Secret<String>) -> Option<Via> {
    let hub =
        only(headers, "x-hub-signature-256").map(|value| value.strip_prefix("sha256=").unwrap_or_default());
    let gitea = only(headers, "x-gitea-signature");
    if let Some(mac) = hub.or(gitea) {
        return is_signed(secret, body, mac).then_some(Via::Github);
    }
    if let Some(token) = only(headers, "x-gitlab-token") {
        return is_secret(token, secret).then_some(Via::Gitlab);
    }
    let (scheme, token) = only(headers, header::AUTHORIZATION.as_str())?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && is_secret(token.trim(), secret)).then_some(Via::Generic)
}

/// A header that stands once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

fn is_signed(secret: &Secret<String>, body: &[u8], mac: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    hex::decode(mac).is_ok_and(|mac| hmac::verify(&key, body, &mac).is_ok())
}

/// Compared by digest, so that not even the length is told.
fn is_secret(token: &str, secret: &Secret<String>) -> bool {
    Sha256::digest(token).ct_eq(&Sha256::digest(secret.reveal())).into()
}

fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

fn senders_id(headers: &HeaderMap) -> String {
    let names = ["x-gitlab-event-uuid", "x-gitea-delivery", "x-github-delivery", "x-delivery"];
    let told = names.into_iter().find_map(|name| only(headers, name));
    let told = told.filter(|id| !id.is_empty() && id.len() <= SENDERS_ID_CHARS_MAX);
    told.map_or_else(|| fresh::id(DeliveryId::new).to_string(), |id| format!("told:{id}"))
}

fn unsigned() -> ApiError {
    ApiError::new(ErrorCode::HookUnsigned, "This webhook is not signed with the secret that it should be.")
}

fn invalid() -> ApiError {
    ApiError::new(ErrorCode::HookInvalid, "This webhook tells of no push that we understand.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_secret_is_shown_in_one_of_three_ways_over_the_bytes_that_came() {
        let secret = Secret::new("It's a Secret to Everybody".to_owned());
        // GitHub's own example.
        let mac = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let hub = format!("sha256={mac}");
        let by = |pairs: &[(&'static str, &str)], body: &[u8]| signed_by(&headers(pairs), body, &secret);
        let body = b"Hello, World!";
        assert_eq!(by(&[("x-hub-signature-256", &hub)], body), Some(Via::Github));
        assert_eq!(by(&[("x-gitea-signature", mac)], body), Some(Via::Github));
        assert_eq!(by(&[("x-gitlab-token", secret.reveal())], body), Some(Via::Gitlab));
        let bearer = format!("Bearer {}", secret.reveal());
        assert_eq!(by(&[("authorization", &bearer)], body), Some(Via::Generic));
        for (pairs, body) in [
            (vec![("x-hub-signature-256", hub.as_str())], &b"Hello, World?"[..]),
            (vec![("x-hub-signature-256", mac)], body),
            (vec![("x-hub-signature-256", "sha256=")], body),
            (vec![("x-hub-signature-256", &hub), ("x-hub-signature-256", &hub)], body),
            (vec![("x-hub-signature-256", "sha256=00"), ("authorization", &bearer)], body),
            (vec![("x-gitlab-token", "")], body),
            (vec![("authorization", "Bearer x")], body),
            (vec![], body),
        ] {
            assert_eq!(by(&pairs, body), None, "{pairs:?}");
        }
    }
}
