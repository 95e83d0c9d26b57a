//! Releases of a deployment.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Key, KeyAndNumber, Query, Reply, ok},
};
use serde::Deserialize;
use ttalkak_protocol::{
    ErrorCode,
    api::{
        page::{LIMIT_DEFAULT, LIMIT_MAX, Page},
        release::ReleaseView,
    },
};

/// Which releases.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReleaseQuery {
    /// 1 to 200, default 50.
    limit: Option<u32>,
    /// From the page before.
    cursor: Option<String>,
}

/// A page of releases, newest first.
#[utoipa::path(get, path = "/v1/deployments/{deployment}/releases", tag = "releases", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "The deployment's id or name."), ReleaseQuery),
    responses((status = 200, description = "A page.", body = Page<ReleaseView>)))]
pub(super) async fn list(
    caller: Caller<can::Read>,
    Key(key): Key,
    Query(query): Query<ReleaseQuery>,
) -> Reply<Page<ReleaseView>> {
    let invalid = || ApiError::new(ErrorCode::CursorInvalid, "The cursor does not belong to this list.");
    let before = query.cursor.map(|cursor| cursor.parse()).transpose().map_err(|_| invalid())?;
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    Ok(ok(caller.store.list_releases(&caller.sealer, caller.account, &key, before, limit).await?))
}

/// One release, with its plan and the last lines it wrote.
#[utoipa::path(get, path = "/v1/deployments/{deployment}/releases/{number}", tag = "releases", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "The deployment's id or name."),
        ("number" = u32, Path, description = "The release's number.")),
    responses((status = 200, description = "It.", body = ReleaseView)))]
pub(super) async fn read(
    caller: Caller<can::Read>,
    KeyAndNumber(key, number): KeyAndNumber,
) -> Reply<ReleaseView> {
    Ok(ok(caller.store.release(&caller.sealer, caller.account, &key, number).await?))
}
