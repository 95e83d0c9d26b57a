//! The HTTP side of a link: `GET /v1/link` becomes a WebSocket. Compression is never agreed to, so that no small
//! frame can unfold into a large one.

use super::{LinkState, conversation::converse};
use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use ttalkak_protocol::{
    error::{ErrorBody, ErrorCode, ErrorDetail, Problem},
    link::LINK_PATH,
};

/// Connections that have not proved who they are, at a time. A thousand agents that come back at once fit.
const STRANGERS_MAX: usize = 2048;

#[derive(Clone)]
struct Door {
    state: LinkState,
    strangers: Arc<Semaphore>,
}

/// The route of the links.
pub fn routes(state: LinkState) -> Router {
    let door = Door { state, strangers: Arc::new(Semaphore::new(STRANGERS_MAX)) };
    Router::new().route(LINK_PATH, get(open)).with_state(door)
}

async fn open(State(door): State<Door>, mut request: Request) -> Response {
    let Some(accept) = accept_key(request.headers()) else {
        let text = "the link is a WebSocket (version 13)";
        let problem = Problem::new(ErrorCode::UnexpectedMessage, text).with_next("Connect with an agent.");
        return refusal(StatusCode::UPGRADE_REQUIRED, problem);
    };
    let Ok(stranger) = Arc::clone(&door.strangers).try_acquire_owned() else {
        let problem = Problem::new(ErrorCode::Unavailable, "too many agents are connecting at this moment");
        return refusal(StatusCode::SERVICE_UNAVAILABLE, problem);
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let state = door.state.clone();
    door.state.tasks.spawn(async move {
        match upgrade.await {
            Ok(upgraded) => converse(TokioIo::new(upgraded), state, stranger).await,
            Err(error) => tracing::debug!(%error, "a link was not upgraded"),
        }
    });
    let headers = [
        (header::CONNECTION, "upgrade".to_owned()),
        (header::UPGRADE, "websocket".to_owned()),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

fn accept_key(headers: &HeaderMap) -> Option<String> {
    let has = |name, token: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    let fits = has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| fits)?;
    Some(derive_accept_key(key.as_bytes()))
}

fn refusal(status: StatusCode, problem: Problem) -> Response {
    let body = ErrorBody { error: ErrorDetail { problem, request_id: None } };
    (status, [(header::UPGRADE, "websocket")], Json(body)).into_response()
}
