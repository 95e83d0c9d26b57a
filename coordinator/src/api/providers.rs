//! Providers: one-time codes, agents that enrol with them, listing, taking the right away.

use super::{
    ApiState,
    caller::{Anyone, Caller, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    rate::Rate,
    validate,
};
use crate::{clock, fresh, store::provider::NewAgent};
use axum::extract::ConnectInfo;
use ed25519_dalek::VerifyingKey;
use http::StatusCode;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::provider::{
        AgentEnrolled, EnrolAgent, EnrolmentList, EnrolmentView, LeaveProvider, ProviderList, ProviderView,
        RenameProvider,
    },
    error::Problem,
    id::AgentId,
    link::Lending,
    unit::Millis,
};

/// What a one-time code starts with.
const CODE_PREFIX: &str = "tte_";
/// How long a code is good: the time to walk to another machine.
const CODE_TTL: Millis = Millis(10 * 60 * 1000);
/// Enrolments let through for one address. Codes cannot be guessed; this only bounds the noise.
pub(super) const ENROL_RATE: Rate = Rate { burst: 20, every_ms: 3_000 };

impl ApiState {
    /// Adds what only the standing link knows.
    pub(super) fn present(&self, view: ProviderView) -> ProviderView {
        let Some(presence) = self.online.get(view.id) else { return view };
        ProviderView {
            online: true,
            build: presence.build,
            capacity: Some(presence.capacity),
            lending: Lending { leaving_by: view.lending.leaving_by, ..presence.lending },
            machine: presence.machine,
            ..view
        }
    }
}

/// A one-time code for one agent, shown this once.
#[utoipa::path(post, path = "/v1/enrolments", tag = "providers", security(("token" = ["lend"])),
    responses((status = 201, description = "Made.", body = EnrolmentView)))]
pub(super) async fn enrolment(caller: Caller<can::Lend>) -> Reply<EnrolmentView> {
    let code = fresh::secret(CODE_PREFIX);
    let hash = Sha256::digest(&code).into();
    let now = clock::now();
    let expires_at = now.after(CODE_TTL);
    caller.store.create_enrolment(caller.account, &hash, expires_at, now).await?;
    Ok(Answer(StatusCode::CREATED, EnrolmentView { code: Secret::new(code), expires_at }))
}

/// Codes that could still be used.
#[utoipa::path(get, path = "/v1/enrolments", tag = "providers", security(("token" = ["lend"])),
    responses((status = 200, description = "All.", body = EnrolmentList)))]
pub(super) async fn enrolments(caller: Caller<can::Lend>) -> Reply<EnrolmentList> {
    let items = caller.store.open_enrolments(caller.account, clock::now()).await?;
    Ok(ok(EnrolmentList { items }))
}

/// Takes a code back before it is used.
#[utoipa::path(delete, path = "/v1/enrolments/{enrolment}", tag = "providers", security(("token" = ["lend"])),
    params(("enrolment" = String, Path, description = "Its id.")),
    responses((status = 204, description = "Void.")))]
pub(super) async fn revoke_enrolment(
    caller: Caller<can::Lend>,
    Key(key): Key,
) -> Result<StatusCode, ApiError> {
    caller.store.revoke_enrolment(caller.account, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a request comes from, when the listener tells.
pub(super) struct Origin(pub(super) Option<SocketAddr>);

impl<S: Sync> axum::extract::FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)))
    }
}

/// An agent enrols itself with a one-time code and the public half of its key.
#[utoipa::path(post, path = "/v1/agents", tag = "providers", security(()), request_body = EnrolAgent,
    responses((status = 201, description = "Enrolled.", body = AgentEnrolled)))]
pub(super) async fn enrol(
    anyone: Anyone,
    origin: Origin,
    Json(wish): Json<EnrolAgent>,
) -> Reply<AgentEnrolled> {
    let now = clock::now();
    if !anyone.room().enrolling.take(origin.0.map(|address| address.ip()), now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many enrolments from this address."));
    }
    validate::label(&wish.name)?;
    let public_key = public_key(&wish.public_key)?;
    let hash = Sha256::digest(wish.code.reveal()).into();
    let new = NewAgent { id: fresh::id(AgentId::new), name: wish.name, public_key };
    let agent = anyone.store.enrol_agent(&hash, &new, now).await?;
    tracing::info!(agent.id = %agent, "enrolled agent {agent}");
    Ok(Answer(StatusCode::CREATED, AgentEnrolled { agent }))
}

/// 32 bytes in hex that are a point one can verify with; a weak point would accept any signature.
pub(super) fn public_key(text: &str) -> Result<[u8; 32], Problem> {
    let mut bytes = [0; 32];
    let good = hex::decode_to_slice(text, &mut bytes).is_ok()
        && VerifyingKey::from_bytes(&bytes).is_ok_and(|key| !key.is_weak());
    if good {
        Ok(bytes)
    } else {
        Err(Problem::new(ErrorCode::InvalidBody, "public_key is not an Ed25519 key in hex."))
    }
}

/// Your agents, by name.
#[utoipa::path(get, path = "/v1/providers", tag = "providers", security(("token" = ["read"])),
    responses((status = 200, description = "All.", body = ProviderList)))]
pub(super) async fn list(caller: Caller<can::Read>) -> Reply<ProviderList> {
    let stored = caller.store.list_providers(caller.account).await?;
    Ok(ok(ProviderList { items: stored.into_iter().map(|view| caller.present(view)).collect() }))
}

fn agent_id(key: &str) -> Result<AgentId, ApiError> {
    key.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no provider of that id."))
}

/// One agent.
#[utoipa::path(get, path = "/v1/providers/{provider}", tag = "providers", security(("token" = ["read"])),
    params(("provider" = AgentId, Path, description = "Its id.")),
    responses((status = 200, description = "It.", body = ProviderView)))]
pub(super) async fn read(caller: Caller<can::Read>, Key(key): Key) -> Reply<ProviderView> {
    let stored = caller.store.provider(caller.account, agent_id(&key)?).await?;
    Ok(ok(caller.present(stored)))
}

/// Calls an agent otherwise.
#[utoipa::path(patch, path = "/v1/providers/{provider}", tag = "providers", security(("token" = ["lend"])), request_body = RenameProvider,
    params(("provider" = AgentId, Path, description = "Its id.")),
    responses((status = 200, description = "It.", body = ProviderView)))]
pub(super) async fn rename(
    caller: Caller<can::Lend>,
    Key(key): Key,
    Json(wish): Json<RenameProvider>,
) -> Reply<ProviderView> {
    let agent = agent_id(&key)?;
    validate::label(&wish.name)?;
    caller.store.rename_agent(caller.account, agent, &wish.name).await?;
    let stored = caller.store.provider(caller.account, agent).await?;
    Ok(ok(caller.present(stored)))
}

/// Empties an agent by a time: it takes no new work, what it serves is started elsewhere, and the rest is stopped then.
#[utoipa::path(put, path = "/v1/providers/{provider}/leave", tag = "providers", security(("token" = ["lend"])), request_body = LeaveProvider,
    params(("provider" = AgentId, Path, description = "Its id.")),
    responses((status = 200, description = "It.", body = ProviderView)))]
pub(super) async fn leave(
    caller: Caller<can::Lend>,
    Key(key): Key,
    Json(wish): Json<LeaveProvider>,
) -> Reply<ProviderView> {
    let agent = agent_id(&key)?;
    caller.store.set_drain(caller.account, agent, wish.by, clock::now()).await?;
    let stored = caller.store.provider(caller.account, agent).await?;
    Ok(ok(caller.present(stored)))
}

/// Takes an agent's right away: its link and tunnels end at once, and what it served is started elsewhere.
#[utoipa::path(delete, path = "/v1/providers/{provider}", tag = "providers", security(("token" = ["lend"])),
    params(("provider" = AgentId, Path, description = "Its id.")),
    responses((status = 204, description = "Revoked.")))]
pub(super) async fn revoke(caller: Caller<can::Lend>, Key(key): Key) -> Result<StatusCode, ApiError> {
    let agent = agent_id(&key)?;
    caller.store.revoke_agent(caller.account, agent, clock::now()).await?;
    caller.online.revoke(agent);
    caller.nudge.sagas();
    tracing::info!(agent.id = %agent, "revoked agent {agent}");
    Ok(StatusCode::NO_CONTENT)
}
