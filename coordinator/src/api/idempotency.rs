//! `Idempotency-Key`: a POST that is sent again gets the answer of the first one, and its work is done once.
//! Answers may hold fresh secrets, so they are kept sealed.

use super::{
    BODY_BYTES_MAX,
    caller::{Anyone, Door},
    error::{ApiError, settle},
    extract::too_large,
    finish::RequestId,
};
use crate::{
    clock,
    store::idempotency::{ANSWER_BYTES_MAX, Claim, KeptAnswer},
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};
use std::panic::AssertUnwindSafe;
use ttalkak_protocol::{ErrorCode, id::AccountId};
use uuid::Uuid;

/// The header that names a request.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Tells an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const KEY_CHARS_MAX: usize = 255;

pub(super) async fn once(State(door): State<Door>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return next.run(request).await;
    }
    match claim_and_run(&door, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn claim_and_run(door: &Door, request: Request, next: Next) -> Result<Response, ApiError> {
    let key = key_of(request.headers())?;
    // Whoever is not known is told so by the handler. Public routes share an account that nobody has: the request's
    // hash covers the code it carries, so that nobody gets another's answer.
    let account = match door.owner(request.headers()).await {
        Ok(owner) => owner.actor.account,
        Err(_) if request.headers().contains_key(header::AUTHORIZATION) => {
            return Ok(next.run(request).await);
        }
        Err(_) => AccountId::new(Uuid::nil()),
    };
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (request, hash) = hashed(request).await?;
    let anyone = door.anyone();
    let claim = anyone.store.claim_key(account, &key, &hash, anyone.room().started, clock::now()).await?;
    match claim {
        Claim::First => {
            let work = AssertUnwindSafe(next.run(request)).catch_unwind();
            let Ok(response) = work.await else {
                anyone.store.forget_key(account, &key).await?;
                return Err(ApiError::broken("serve a request", "its handler panicked"));
            };
            keep(&anyone, account, &key, settle(response, &request_id)).await
        }
        Claim::Answered(answer) => replay(&anyone, account, &key, answer),
        Claim::InProgress => Err(ApiError::new(
            ErrorCode::IdempotencyInProgress,
            "The first request of this key is still at work.",
        )),
        Claim::OtherRequest => {
            Err(ApiError::new(ErrorCode::IdempotencyConflict, "This key came before with another request."))
        }
    }
}

/// Errors: `IdempotencyKeyInvalid`.
fn key_of(headers: &HeaderMap) -> Result<String, ApiError> {
    let mut all = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = all.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let good = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.chars().all(|c| c.is_ascii_graphic());
    if good && all.next().is_none() {
        return Ok(key.to_owned());
    }
    Err(ApiError::new(
        ErrorCode::IdempotencyKeyInvalid,
        "The Idempotency-Key is not 1 to 255 visible characters.",
    ))
}

/// Hashes method, path and body. An upload's body is not read ahead: its announced length stands for it.
async fn hashed(request: Request) -> Result<(Request, [u8; 32]), ApiError> {
    let (parts, body) = request.into_parts();
    let mut hash = Sha256::new();
    hash.update(format!("{} {}\n", parts.method, parts.uri));
    if parts.uri.path() == super::uploads::PATH {
        let length = parts.headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes).unwrap_or_default();
        hash.update(length);
        return Ok((Request::from_parts(parts, body), hash.finalize().into()));
    }
    let body: Bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| too_large())?;
    hash.update(&body);
    Ok((Request::from_parts(parts, Body::from(body)), hash.finalize().into()))
}

fn purpose(account: AccountId, key: &str) -> String {
    format!("answer:{account}:{key}")
}

/// Keeps an answer, unless the fault was ours: then the key is free again.
async fn keep(
    anyone: &Anyone,
    account: AccountId,
    key: &str,
    response: Response,
) -> Result<Response, ApiError> {
    let (parts, body) = response.into_parts();
    let body =
        to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|error| ApiError::broken("read an answer", error))?;
    // A request without a good token, or one too many, was never begun.
    let begun = !matches!(parts.status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
    if !begun || parts.status.is_server_error() {
        anyone.store.forget_key(account, key).await?;
        return Ok(Response::from_parts(parts, Body::from(body)));
    }
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let sealed = anyone.sealer.seal(&purpose(account, key), &body);
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        content_type: content_type.map(str::to_owned),
        body: sealed,
    };
    // The work is done: an answer that could not be kept is no reason to say that it failed.
    if let Err(error) = anyone.store.keep_answer(account, key, &answer).await {
        tracing::warn!(%error, "the answer of an idempotency key was not kept");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(anyone: &Anyone, account: AccountId, key: &str, answer: KeptAnswer) -> Result<Response, ApiError> {
    let body = anyone
        .sealer
        .open_sealed(&purpose(account, key), &answer.body)
        .map_err(|error| ApiError::broken("open a kept answer", error))?;
    let mut response = body.into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(value) = answer.content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
