//! What a deploy would do, before anything is made or charged.

use super::{
    caller::{Caller, can},
    error::ApiError,
    extract::{Json, Reply, ok},
    push::link_to,
    rate::Rate,
    validate,
};
use crate::{clock, flows::plan::Asked, store::deployment::NewSource};
use ttalkak_protocol::{
    ErrorCode,
    api::plan::{PlanRequest, PlanView},
};

/// Questions of one team: typing and editing ask often, a loop gone wild would fetch without end.
pub(super) const RATE: Rate = Rate { burst: 20, every_ms: 1_000 };

/// What a deploy of this would build, and whether it could begin now. Nothing is made, and nothing is set aside.
#[utoipa::path(post, path = "/v1/plans", tag = "deployments", security(("token" = ["deploy"])), request_body = PlanRequest,
    responses((status = 200, description = "So it would be.", body = PlanView)))]
pub(super) async fn ask(caller: Caller<can::Deploy>, Json(wish): Json<PlanRequest>) -> Reply<PlanView> {
    let now = clock::now();
    validate::environment(&wish.env)?;
    validate::until(wish.until, now)?;
    let source = validate::source(wish.source, caller.config.allow_local_git)?;
    let dockerfile = validate::dockerfile(wish.dockerfile)?;
    let size = (validate::memory(wish.memory_bytes)?, validate::cpu(wish.milli_cpu)?);
    if !caller.room().planning.take(caller.account, now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Your team asked for many plans at once."));
    }
    let link = match &source {
        NewSource::Git { url, token: None, .. } => link_to(&caller, url).await,
        NewSource::Git { .. } | NewSource::Upload(_) => None,
    };
    let asked = Asked {
        account: caller.account,
        source: &source,
        link: link.as_ref(),
        dockerfile: dockerfile.as_deref(),
        env: &wish.env,
        size,
        until: wish.until,
    };
    let answer = caller.plans.ask(&asked).await;
    let answer = answer.map_err(|error| ApiError::broken("plan what was asked for", error))?;
    Ok(ok(answer?))
}
