//! Deployments: making one, and every wish about one that exists. Each answers at once; the work is a saga's.

use super::{
    ApiState,
    audit::AuditSlot,
    caller::{Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, OptionalJson, Query, Reply, ok},
    projects::cached,
    push::link_to,
    validate,
};
use crate::{
    clock,
    store::{
        deployment::{Accepted, NewSource},
        list::ListSpec,
        view::StoredDeployment,
        wish::Change,
    },
};
use axum::{extract::OriginalUri, response::Response};
use http::StatusCode;
use ttalkak_protocol::api::{
    deployment::{CreateDeployment, DeploymentAccepted, DeploymentView, Redeploy, Rollback, SetTerm},
    page::{ListQuery, Page},
};

impl ApiState {
    pub(super) fn view(&self, stored: StoredDeployment) -> DeploymentView {
        stored.at(|name, port| self.url(name, port))
    }

    /// `202`: it is on its way.
    fn accepted(&self, accepted: Accepted) -> Answer<DeploymentAccepted> {
        self.nudge.sagas();
        let deployment = self.view(accepted.deployment);
        let (id, number) = (deployment.id, accepted.release.number);
        tracing::info!(deployment.id = %id, "release {number} of deployment {id} is on its way");
        Answer(StatusCode::ACCEPTED, DeploymentAccepted { deployment, release: accepted.release })
    }

    /// `202`: it is on its way to be so.
    pub(super) fn ending(&self, stored: StoredDeployment) -> Answer<DeploymentView> {
        self.nudge.sagas();
        self.logs.wake(stored.id());
        Answer(StatusCode::ACCEPTED, self.view(stored))
    }
}

/// One click: a deployment with its first release on its way.
#[utoipa::path(post, path = "/v1/deployments", tag = "deployments", security(("token" = ["deploy"])), request_body = CreateDeployment,
    responses((status = 202, description = "On its way.", body = DeploymentAccepted)))]
pub(super) async fn create(
    caller: Caller<can::Deploy>,
    about: AuditSlot,
    Json(wish): Json<CreateDeployment>,
) -> Reply<DeploymentAccepted> {
    about.is(&*wish.name);
    let mut new = validate::deployment(wish, caller.config.allow_local_git, clock::now())?;
    if let NewSource::Git { url, token: None, .. } = &new.source {
        // Without it a private repository could not be fetched at all.
        new.link = link_to(&caller, url).await;
    }
    let ports = &caller.port_pool(new.exposure);
    let accepted =
        caller.store.create_deployment(&caller.sealer, caller.account, &new, ports, clock::now()).await?;
    Ok(caller.accepted(accepted))
}

/// A page of your deployments.
#[utoipa::path(get, path = "/v1/deployments", tag = "deployments", security(("token" = ["read"])), params(ListQuery),
    responses((status = 200, description = "A page.", body = Page<DeploymentView>)))]
pub(super) async fn list(
    caller: Caller<can::Read>,
    OriginalUri(uri): OriginalUri,
    query: Result<Query<ListQuery>, ApiError>,
) -> Result<Response, ApiError> {
    cached(&caller, &uri, async {
        let Query(query) = query?;
        let page = caller.store.list_deployments(caller.account, &ListSpec::new(&query, true)?).await?;
        let Page { items, next_cursor, total } = page;
        let items = items.into_iter().map(|stored| caller.view(stored)).collect::<Vec<_>>();
        Ok(Page { items, next_cursor, total })
    })
    .await
}

/// One deployment, by id or name.
#[utoipa::path(get, path = "/v1/deployments/{deployment}", tag = "deployments", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 200, description = "It.", body = DeploymentView)))]
pub(super) async fn read(caller: Caller<can::Read>, Key(key): Key) -> Reply<DeploymentView> {
    Ok(ok(caller.view(caller.store.deployment(caller.account, &key).await?)))
}

/// Stops a deployment and forgets it, with its name, logs and releases.
#[utoipa::path(delete, path = "/v1/deployments/{deployment}", tag = "deployments", security(("token" = ["deploy"])),
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way out.", body = DeploymentView)))]
pub(super) async fn delete(caller: Caller<can::Deploy>, Key(key): Key) -> Reply<DeploymentView> {
    let stored = caller.store.request_delete(caller.account, &key, clock::now()).await?;
    Ok(caller.ending(stored))
}

/// A new release of the newest commit, or of another source from here on.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/redeploy", tag = "deployments", security(("token" = ["deploy"])), request_body = Redeploy,
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way.", body = DeploymentAccepted)))]
pub(super) async fn redeploy(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    OptionalJson(wish): OptionalJson<Redeploy>,
) -> Reply<DeploymentAccepted> {
    validate::environment(&wish.env)?;
    let source =
        wish.source.map(|source| validate::source(source, caller.config.allow_local_git)).transpose()?;
    // An empty text is a wish as well: back to what is detected.
    let dockerfile = wish.dockerfile.map(|text| validate::dockerfile(Some(text))).transpose()?;
    let change = Change { source: source.as_ref(), env: &wish.env, dockerfile };
    let accepted =
        caller.store.request_redeploy(&caller.sealer, caller.account, &key, change, clock::now()).await?;
    Ok(caller.accepted(accepted))
}

/// An earlier release again.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/rollback", tag = "deployments", security(("token" = ["deploy"])), request_body = Rollback,
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way.", body = DeploymentAccepted)))]
pub(super) async fn rollback(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    OptionalJson(wish): OptionalJson<Rollback>,
) -> Reply<DeploymentAccepted> {
    let now = clock::now();
    let accepted =
        caller.store.request_rollback(&caller.sealer, caller.account, &key, wish.release, now).await?;
    Ok(caller.accepted(accepted))
}

/// Runs the last release again after a stop, with the environment as it is now.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/start", tag = "deployments", security(("token" = ["deploy"])),
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way.", body = DeploymentAccepted)))]
pub(super) async fn start(caller: Caller<can::Deploy>, Key(key): Key) -> Reply<DeploymentAccepted> {
    let accepted = caller.store.request_start(&caller.sealer, caller.account, &key, clock::now()).await?;
    Ok(caller.accepted(accepted))
}

/// A fresh workload of what serves, with the environment as it is now; visitors notice nothing.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/restart", tag = "deployments", security(("token" = ["deploy"])),
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way.", body = DeploymentAccepted)))]
pub(super) async fn restart(caller: Caller<can::Deploy>, Key(key): Key) -> Reply<DeploymentAccepted> {
    let accepted = caller.store.request_restart(&caller.sealer, caller.account, &key, clock::now()).await?;
    Ok(caller.accepted(accepted))
}

/// Another end date, or none. What ended because its time was over runs again.
#[utoipa::path(put, path = "/v1/deployments/{deployment}/term", tag = "deployments", security(("token" = ["deploy"])), request_body = SetTerm,
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 200, description = "It, with its new end.", body = DeploymentView)))]
pub(super) async fn set_term(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<SetTerm>,
) -> Reply<DeploymentView> {
    let now = clock::now();
    validate::until(wish.until, now)?;
    let stored = caller.store.set_term(&caller.sealer, (caller.account, &key), wish.until, now).await?;
    caller.nudge.sagas();
    caller.logs.wake(stored.id());
    Ok(ok(caller.view(stored)))
}

/// Stops a deployment and keeps everything of it.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/stop", tag = "deployments", security(("token" = ["deploy"])),
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way out.", body = DeploymentView)))]
pub(super) async fn stop(caller: Caller<can::Deploy>, Key(key): Key) -> Reply<DeploymentView> {
    let stored = caller.store.request_stop(caller.account, &key, clock::now()).await?;
    Ok(caller.ending(stored))
}

/// Gives up the rollout on its way; what serves goes on serving.
#[utoipa::path(post, path = "/v1/deployments/{deployment}/cancel", tag = "deployments", security(("token" = ["deploy"])),
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "Given up.", body = DeploymentView)))]
pub(super) async fn cancel(caller: Caller<can::Deploy>, Key(key): Key) -> Reply<DeploymentView> {
    let stored = caller.store.request_cancel(caller.account, &key, clock::now()).await?;
    Ok(caller.ending(stored))
}
