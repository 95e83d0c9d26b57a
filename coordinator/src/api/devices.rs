//! Signing a program in that has no browser (after RFC 8628): it shows a code, its owner says yes in the console.

use super::{
    caller::{Anyone, Asker, Caller, TOKEN_PREFIX, can},
    error::ApiError,
    extract::{Answer, Json, Key, Reply, ok},
    providers::Origin,
    rate::Rate,
    validate,
};
use crate::{
    clock, fresh,
    store::{
        StoreError,
        device::{DeviceFound, NewDevice},
    },
};
use http::StatusCode;
use sha2::{Digest, Sha256};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        device::{ApproveDevice, AskDevice, DeviceAsked, DeviceState, DeviceView, PollDevice},
        machine::{PAIRING_CHARS, PAIRING_LETTERS, pairing_code},
    },
    error::Problem,
    id::TokenId,
    unit::Millis,
};

const POLL_PREFIX: &str = "ttd_";
/// The time to walk to another screen.
const GOOD_FOR: Millis = Millis(10 * 60 * 1000);
/// Told to devices.
const POLL_EVERY: Millis = Millis(2_000);
/// A device that nobody uses for so long signs in again.
const TOKEN_GOOD_FOR: Millis = Millis(366 * 24 * 3600 * 1000);
/// Polls let through for one device: a little more than what it is told.
pub(super) const POLL_RATE: Rate = Rate { burst: 5, every_ms: 1_500 };
/// Let through for one address.
pub(super) const ASK_RATE: Rate = Rate { burst: 20, every_ms: 3_000 };

/// A program asks to be signed in: it gets a code to show.
#[utoipa::path(post, path = "/v1/devices", tag = "devices", security(()), request_body = AskDevice,
    responses((status = 201, description = "Waits for its owner.", body = DeviceAsked)))]
pub(super) async fn ask(anyone: Anyone, origin: Origin, Json(wish): Json<AskDevice>) -> Reply<DeviceAsked> {
    let (now, address) = (clock::now(), origin.0.map(|address| address.ip()));
    if !anyone.room().devices_from.take(address, now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Too many devices from this address."));
    }
    validate::label(&wish.device)?;
    let (poll, code) = (fresh::secret(POLL_PREFIX), fresh::letters(PAIRING_LETTERS, PAIRING_CHARS));
    let expires_at = now.after(GOOD_FOR);
    let view = DeviceView {
        device: wish.device,
        address: address.map(|address| address.to_string()),
        asked_at: now,
        expires_at,
        scope: wish.scope,
    };
    if !anyone.store.add_device(&NewDevice { poll: hash(&poll), code: hash(&code), view }).await? {
        return Err(ApiError::new(ErrorCode::Unavailable, "Too many devices wait to be signed in."));
    }
    let (first, second) = code.split_at(PAIRING_CHARS / 2);
    let asked = DeviceAsked {
        device_code: Secret::new(poll),
        user_code: format!("{first}-{second}"),
        verification_url: format!("{}/device", anyone.config.console_url()),
        every_ms: POLL_EVERY,
        expires_at,
    };
    Ok(Answer(StatusCode::CREATED, asked))
}

/// Has its owner answered? The token is given this once.
#[utoipa::path(post, path = "/v1/devices/poll", tag = "devices", security(()), request_body = PollDevice,
    responses((status = 200, description = "How it stands.", body = DeviceState)))]
pub(super) async fn poll(anyone: Anyone, Json(wish): Json<PollDevice>) -> Reply<DeviceState> {
    let (now, poll) = (clock::now(), hash(wish.device_code.reveal()));
    if !anyone.room().device_polls.take(poll, now) {
        return Err(ApiError::new(ErrorCode::RateLimited, "Asked too often."));
    }
    let secret = fresh::secret(TOKEN_PREFIX);
    let fresh = (fresh::id(TokenId::new), &hash(&secret));
    match anyone.store.poll_device(&poll, fresh, now.after(TOKEN_GOOD_FOR), now).await? {
        DeviceFound::Waiting => Ok(ok(DeviceState::Waiting)),
        DeviceFound::Denied => Ok(ok(DeviceState::Denied)),
        DeviceFound::Token(_) => Ok(ok(DeviceState::Approved { token: Secret::new(secret) })),
        DeviceFound::Gone => Err(StoreError::DeviceGone.into()),
    }
}

/// What asks with this code: look whether it is yours before you say yes.
#[utoipa::path(get, path = "/v1/devices/{user_code}", tag = "devices", security(("token" = ["personal"])),
    params(("user_code" = String, Path, description = "As the device shows it.")),
    responses((status = 200, description = "This.", body = DeviceView)))]
pub(super) async fn read(caller: Caller<can::Personal>, Key(key): Key) -> Reply<DeviceView> {
    let code = code(&caller, &key)?;
    let found = caller.store.device(&code, clock::now()).await;
    found.map(ok).map_err(|error| guessed(&caller, error))
}

/// Signs the device in, for this team.
#[utoipa::path(post, path = "/v1/devices/{user_code}/approve", tag = "devices",
    security(("token" = ["personal"])), request_body = ApproveDevice,
    params(("user_code" = String, Path, description = "As the device shows it.")),
    responses((status = 204, description = "It gets its token when it asks next.")))]
pub(super) async fn approve(
    caller: Caller<can::Personal>,
    Key(key): Key,
    Json(wish): Json<ApproveDevice>,
) -> Result<StatusCode, ApiError> {
    let code = code(&caller, &key)?;
    let scope = wish.scope.min(caller.actor().scope);
    answer(&caller, &code, Some((caller.person()?, caller.account, scope))).await
}

/// Turns the device away.
#[utoipa::path(post, path = "/v1/devices/{user_code}/deny", tag = "devices", security(("token" = ["personal"])),
    params(("user_code" = String, Path, description = "As the device shows it.")),
    responses((status = 204, description = "It is told so.")))]
pub(super) async fn deny(caller: Caller<can::Personal>, Key(key): Key) -> Result<StatusCode, ApiError> {
    let code = code(&caller, &key)?;
    answer(&caller, &code, None).await
}

async fn answer(
    asker: &Asker,
    code: &[u8; 32],
    yes: Option<(
        ttalkak_protocol::id::UserId,
        ttalkak_protocol::id::AccountId,
        ttalkak_protocol::api::team::TokenScope,
    )>,
) -> Result<StatusCode, ApiError> {
    let answered = asker.store.answer_device(code, yes, clock::now()).await;
    answered.map_err(|error| guessed(asker, error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The SHA-256 of a code as it was typed. Errors: `RateLimited` after too many wrong ones, `DeviceGone`.
fn code(asker: &Asker, typed: &str) -> Result<[u8; 32], ApiError> {
    if !asker.room().guessing.has(&asker.account, clock::now()) {
        let problem = Problem::new(ErrorCode::RateLimited, "Too many wrong codes; this is locked.");
        return Err(ApiError::Told(problem.with_next("Wait three minutes, then read the code again.")));
    }
    match pairing_code(typed) {
        Some(code) => Ok(hash(&code)),
        None => Err(guessed(asker, StoreError::DeviceGone)),
    }
}

/// Counts a wrong code.
fn guessed(asker: &Asker, error: StoreError) -> ApiError {
    if matches!(error, StoreError::DeviceGone) {
        asker.room().guessing.take(asker.account, clock::now());
    }
    error.into()
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
