//! The browser's view: files and a WebSocket on loopback, for tests and for looking at a machine without a desktop. Only
//! when asked for. A page needs the token that the daemon prints at its start, and must come from this very address, so
//! that no other site can reach it through the owner's browser.
//! Deliberately absent: TLS and any address but loopback.

use super::{Asked, DESKS_MAX, Garbage, Hub, serve};
use axum::{
    Router,
    extract::{
        Query, Request, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::{SinkExt, StreamExt, future::ready};
use rand::RngCore;
use serde::Deserialize;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use subtle::ConstantTimeEq;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};
use tokio_util::sync::CancellationToken;
use tower_http::services::{ServeDir, ServeFile};
use ttalkak_protocol::desk::{DESK_PATH, MESSAGE_BYTES_MAX};

/// Why the browser's view cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Others could reach it.
    #[error(
        "{0} is not a loopback address; the browser's view is for this machine alone, such as 127.0.0.1:7799"
    )]
    NotLoopback(SocketAddr),
    /// No files to show.
    #[error("{0} has no index.html; give the folder of the built screens with --desk-files")]
    NoFiles(PathBuf),
    /// The system said no.
    #[error("listen on {address}")]
    Bind {
        /// Where.
        address: SocketAddr,
        #[source]
        /// What it said.
        cause: std::io::Error,
    },
}

/// The open browser's view.
#[derive(Debug)]
pub struct WebDoor {
    listener: TcpListener,
    address: SocketAddr,
    files: PathBuf,
    token: String,
}

#[derive(Debug, Clone)]
struct Shared {
    hub: Hub,
    asks: mpsc::Sender<Asked>,
    stop: CancellationToken,
    room: Arc<Semaphore>,
    token: Arc<str>,
    port: u16,
}

impl WebDoor {
    /// Opens the view at `address`, showing `files`.
    /// Errors: [`WebError`].
    pub async fn open(address: SocketAddr, files: &Path) -> Result<Self, WebError> {
        if !address.ip().is_loopback() {
            return Err(WebError::NotLoopback(address));
        }
        if !files.join("index.html").is_file() {
            return Err(WebError::NoFiles(files.to_owned()));
        }
        let failed = |cause| WebError::Bind { address, cause };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        Ok(Self { listener, address, files: files.to_owned(), token: hex::encode(secret) })
    }

    /// Where to open it, token included. The token stands in the fragment, which browsers do not send.
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token)
    }

    /// Serves until `stop`.
    pub async fn run(self, hub: Hub, asks: mpsc::Sender<Asked>, stop: CancellationToken) {
        let shared = Shared {
            hub,
            asks,
            stop: stop.clone(),
            room: Arc::new(Semaphore::new(DESKS_MAX)),
            token: self.token.into(),
            port: self.address.port(),
        };
        let index = ServeFile::new(self.files.join("index.html"));
        let app = Router::new()
            .route(DESK_PATH, get(desk))
            .fallback_service(ServeDir::new(&self.files).fallback(index))
            .layer(middleware::from_fn_with_state(shared.clone(), only_here))
            .with_state(shared);
        let served = axum::serve(self.listener, app).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "the browser's view ended");
        }
    }
}

#[derive(Debug, Deserialize)]
struct Pass {
    token: String,
}

/// A name that somebody else made point to this machine is refused, as is a page of another origin.
async fn only_here(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if is_from_here(request.headers(), shared.port) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "Open this view by the address that the daemon prints.").into_response()
    }
}

fn is_from_here(headers: &HeaderMap, port: u16) -> bool {
    let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let host = text(header::HOST).is_some_and(|host| hosts.iter().any(|ours| ours == host));
    let origin = headers.get(header::ORIGIN).is_none()
        || text(header::ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| hosts.iter().any(|ours| ours == origin));
    host && origin
}

async fn desk(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Query(pass): Query<Pass>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let right: bool = pass.token.as_bytes().ct_eq(shared.token.as_bytes()).into();
    // A browser always says where a page is from; only a program that is none does not.
    if !right || !headers.contains_key(header::ORIGIN) {
        return (StatusCode::FORBIDDEN, "The token is not that of this daemon.").into_response();
    }
    let Ok(place) = shared.room.clone().try_acquire_owned() else {
        return (StatusCode::TOO_MANY_REQUESTS, "Too many windows are connected.").into_response();
    };
    upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX).on_upgrade(
        move |socket| async move {
            talk(socket, shared).await;
            drop(place);
        },
    )
}

async fn talk(socket: WebSocket, shared: Shared) {
    let (outgoing, incoming) = socket.split();
    let outgoing = outgoing.with(|text: String| ready(Ok::<_, axum::Error>(Message::Text(text.into()))));
    let incoming = incoming.filter_map(|message| ready(read(message)));
    serve(incoming, outgoing, shared.hub, shared.asks, shared.stop).await;
}

fn read(message: Result<Message, axum::Error>) -> Option<Result<String, Garbage>> {
    match message {
        Ok(Message::Text(text)) => Some(Ok(text.as_str().to_owned())),
        Ok(Message::Binary(_)) => Some(Err(Garbage::NotText)),
        // axum answers pings by itself.
        Ok(Message::Ping(_) | Message::Pong(_)) => None,
        Ok(Message::Close(_)) | Err(_) => Some(Err(Garbage::Gone)),
    }
}
