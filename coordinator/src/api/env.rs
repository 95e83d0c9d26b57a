//! Environment variables of a deployment. A change takes effect with the next restart or redeploy.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Json, Key, Reply, ok},
    validate,
};
use crate::{clock, store::env::EnvChange};
use ttalkak_protocol::{
    ErrorCode,
    api::env::{EnvList, SetEnv},
    error::Problem,
};

/// All variables, values of secrets left out.
#[utoipa::path(get, path = "/v1/deployments/{deployment}/env", tag = "env", security(("token" = ["read"])),
    params(("deployment" = String, Path, description = "The deployment's id or name.")),
    responses((status = 200, description = "All.", body = EnvList)))]
pub(super) async fn read(caller: Caller<can::Read>, Key(key): Key) -> Reply<EnvList> {
    Ok(ok(caller.store.env(&caller.sealer, caller.account, &key).await?))
}

/// Replaces all variables by these.
#[utoipa::path(put, path = "/v1/deployments/{deployment}/env", tag = "env", security(("token" = ["deploy"])), request_body = SetEnv,
    params(("deployment" = String, Path, description = "The deployment's id or name.")),
    responses((status = 200, description = "Replaced.", body = EnvList)))]
pub(super) async fn replace(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<SetEnv>,
) -> Reply<EnvList> {
    if !wish.unset.is_empty() {
        return Err(Problem::new(ErrorCode::InvalidBody, "Replacing all leaves nothing to unset.")
            .with_next("Leave unset out, or use PATCH.")
            .into());
    }
    apply(caller, key, wish, true).await
}

/// Sets these variables and removes those of `unset`; others stay.
#[utoipa::path(patch, path = "/v1/deployments/{deployment}/env", tag = "env", security(("token" = ["deploy"])), request_body = SetEnv,
    params(("deployment" = String, Path, description = "The deployment's id or name.")),
    responses((status = 200, description = "Changed.", body = EnvList)))]
pub(super) async fn change(
    caller: Caller<can::Deploy>,
    Key(key): Key,
    Json(wish): Json<SetEnv>,
) -> Reply<EnvList> {
    apply(caller, key, wish, false).await
}

async fn apply(caller: Caller<can::Deploy>, key: String, wish: SetEnv, replace: bool) -> Reply<EnvList> {
    validate::environment(&wish.set)?;
    if let Some(both) = wish.set.iter().find(|entry| wish.unset.contains(&entry.key)) {
        let text = format!("The key {} is both set and unset.", both.key);
        return Err(ApiError::new(ErrorCode::EnvKeyInvalid, text));
    }
    let change = EnvChange { replace, set: wish.set, unset: wish.unset };
    caller.store.change_env(&caller.sealer, caller.account, &key, &change, clock::now()).await?;
    Ok(ok(caller.store.env(&caller.sealer, caller.account, &key).await?))
}
