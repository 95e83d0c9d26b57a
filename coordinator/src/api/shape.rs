//! How much of a machine a deployment gets, and which part of its project it is.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Json, Key, Reply, ok},
    validate,
};
use crate::clock;
use ttalkak_protocol::{
    ErrorCode,
    api::deployment::{DeploymentView, SetPart, SetSize},
};

/// Another size. What runs moves to a fresh workload of that size, which takes over when it is healthy; visitors notice
/// nothing.
#[utoipa::path(put, path = "/v1/deployments/{deployment}/size", tag = "deployments", security(("token" = ["deploy"])), request_body = SetSize,
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 202, description = "On its way.", body = DeploymentView)))]
pub(super) async fn set_size(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<SetSize>,
) -> Reply<DeploymentView> {
    if wish == SetSize::default() {
        return Err(ApiError::new(ErrorCode::InvalidBody, "Neither memory nor processor was given."));
    }
    let memory = wish.memory_bytes.map(|bytes| validate::memory(Some(bytes))).transpose()?;
    let cpu = wish.milli_cpu.map(|share| validate::cpu(Some(share))).transpose()?;
    let whose = (caller.account, key.as_str());
    let stored = caller.store.set_size(&caller.sealer, whose, (memory, cpu), clock::now()).await?;
    Ok(caller.ending(stored))
}

/// Which part of its project it is: what asks a front end for `/api` is answered by the project's back end.
#[utoipa::path(put, path = "/v1/deployments/{deployment}/part", tag = "deployments", security(("token" = ["deploy"])), request_body = SetPart,
    params(("deployment" = String, Path, description = "Its id or name.")),
    responses((status = 200, description = "So it is.", body = DeploymentView)))]
pub(super) async fn set_part(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<SetPart>,
) -> Reply<DeploymentView> {
    let stored = caller.store.set_part(caller.account, &key, wish.part, clock::now()).await?;
    if let Some(address) = caller.store.address(stored.id()).await? {
        caller.edge.changed(&address);
    }
    Ok(ok(caller.view(stored)))
}
