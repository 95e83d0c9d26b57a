//! The outermost layer: gives each request an id, catches panics, and writes the bodies of failures.
//! A request that changes something runs in a task of its own, so that a visitor who hangs up never leaves it half
//! done between two statements.

use super::{
    caller::Door,
    error::{ApiError, settle},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Method};
use std::panic::AssertUnwindSafe;
use tracing::Instrument;
use uuid::Uuid;

/// The header of every answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, for whoever needs it inside.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) String);

pub(super) async fn finish(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::debug_span!("request", id = %id);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let work = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span);
    let result = if reads {
        work.await.map_err(|_| ())
    } else {
        door.tasks().spawn(work).await.map_err(|_| ()).and_then(|result| result.map_err(|_| ()))
    };
    // The panic itself was told by the panic hook.
    let response = result
        .unwrap_or_else(|()| ApiError::broken("serve a request", "its handler panicked").into_response());
    let mut response = settle(response, &id);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
