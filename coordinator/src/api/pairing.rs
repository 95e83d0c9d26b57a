//! Pairing: an agent without a code shows a short one, and its owner approves it from where they are signed in.
//!
//! A short code can be guessed, so guessing is what is bounded: a code lives ten minutes, an account that names five wrong
//! ones is locked out until time gives a try back, and who asks for codes or polls too often is told to wait. The secret
//! that the agent polls with is long and never shown, so that who has seen the screen learns nothing.

use super::{
    ApiState,
    caller::{Anyone, Asker, Caller, can},
    error::ApiError,
    extract::{Answer, Json, Reply, ok},
    providers::{Origin, public_key},
    rate::Rate,
    validate,
};
use crate::{clock, fresh, store::pairing::NewPairing};
use http::StatusCode;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        machine::{
            ApprovePairing, AskPairing, PAIRING_CHARS, PAIRING_LETTERS, Pairing, PairingState, PollPairing,
            pairing_code,
        },
        provider::ProviderView,
    },
    error::Problem,
    id::AgentId,
    unit::Millis,
};

const POLL_PREFIX: &str = "ttp_";
/// The time to walk to another screen.
const GOOD_FOR: Millis = Millis(10 * 60 * 1000);
/// Told to agents.
const POLL_EVERY: Millis = Millis(2_000);
/// Let through for one pairing: a little more than what agents are told.
pub(super) const POLL_RATE: Rate = Rate { burst: 5, every_ms: 1_500 };
/// Polls let through for one address, whatever they ask with; an office of machines fits.
pub(super) const POLL_ADDRESS_RATE: Rate = Rate { burst: 100, every_ms: 100 };
/// Wrong codes that one account may name. At five in a quarter of an hour, and 25^8 codes, a guess at ten thousand open
/// pairings succeeds once in ten thousand years.
pub(super) const GUESS_RATE: Rate = Rate { burst: 5, every_ms: 180_000 };

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// An agent without a code asks to be let in: it gets one to show.
#[utoipa::path(post, path = "/v1/agents/pairings", tag = "agents", security(()), request_body = AskPairing,
    responses((status = 201, description = "Waits for its owner.", body = Pairing)))]
pub(super) async fn ask(anyone: Anyone, origin: Origin, Json(wish): Json<AskPairing>) -> Reply<Pairing> {
    let now = clock::now();
    if !anyone.room().enrolling.take(origin.0.map(|address| address.ip()), now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many pairings from this address."));
    }
    validate::label(&wish.name)?;
    let public_key = public_key(&wish.public_key)?;
    let (code, poll, expires_at) =
        (fresh::letters(PAIRING_LETTERS, PAIRING_CHARS), fresh::secret(POLL_PREFIX), now.after(GOOD_FOR));
    let new = NewPairing { poll: hash(&poll), code: hash(&code), name: wish.name, public_key, expires_at };
    if !anyone.store.add_pairing(&new, now).await? {
        return Err(ApiError::new(ErrorCode::Unavailable, "Too many machines wait to be paired."));
    }
    let (first, second) = code.split_at(PAIRING_CHARS / 2);
    let code = format!("{first}-{second}");
    Ok(Answer(StatusCode::CREATED, Pairing { code, poll: Secret::new(poll), every: POLL_EVERY, expires_at }))
}

/// Has its owner approved it?
#[utoipa::path(post, path = "/v1/agents/pairings/poll", tag = "agents", security(()), request_body = PollPairing,
    responses((status = 200, description = "How it stands.", body = PairingState)))]
pub(super) async fn poll(
    anyone: Anyone,
    origin: Origin,
    Json(wish): Json<PollPairing>,
) -> Reply<PairingState> {
    let (now, poll) = (clock::now(), hash(wish.poll.reveal()));
    let address = origin.0.map(|address| address.ip());
    if !anyone.room().polling_from.take(address, now) || !anyone.room().polling.take(poll, now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Asked too often."));
    }
    match anyone.store.pairing(&poll, now).await? {
        Some(state) => Ok(ok(state)),
        None => Err(over()),
    }
}

fn over() -> ApiError {
    let problem = Problem::new(ErrorCode::EnrolCodeInvalid, "The pairing is over or never was.");
    ApiError::Told(problem.with_next("Ask for a new code on the machine."))
}

/// Lets the machine in that shows this code.
#[utoipa::path(post, path = "/v1/providers/approve", tag = "providers", security(("token" = ["lend"])), request_body = ApprovePairing,
    responses((status = 200, description = "It is an agent of this account now.", body = ProviderView)))]
pub(super) async fn approve(
    caller: Caller<can::Lend>,
    Json(wish): Json<ApprovePairing>,
) -> Reply<ProviderView> {
    let (now, account) = (clock::now(), caller.account);
    if !caller.room().guessing.has(&account, now) {
        let problem = Problem::new(ErrorCode::RateLimited, "Too many wrong codes; approving is locked.");
        return Err(ApiError::Told(problem.with_next("Wait three minutes, then read the code again.")));
    }
    let approved = match pairing_code(&wish.code) {
        Some(code) => approve_code(&caller, &code).await,
        None => Err(ApiError::from(crate::store::StoreError::EnrolCodeInvalid)),
    };
    match approved {
        Ok(view) => Ok(ok(view)),
        Err(ApiError::Store(crate::store::StoreError::EnrolCodeInvalid)) => {
            caller.room().guessing.take(account, now);
            Err(over())
        }
        Err(error) => Err(error),
    }
}

async fn approve_code(caller: &Asker, code: &str) -> Result<ProviderView, ApiError> {
    let fresh = fresh::id(AgentId::new);
    let agent = caller.store.approve_pairing(caller.account, &hash(code), fresh, clock::now()).await?;
    tracing::info!(agent.id = %agent, "paired agent {agent}");
    let state: &ApiState = caller;
    Ok(state.present(caller.store.provider(caller.account, agent).await?))
}
