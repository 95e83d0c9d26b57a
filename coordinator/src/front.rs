//! The listener of the API, the links and the tunnels: HTTP/1.1 with a limit on how long a head or a part of a body may
//! take, so that half a request holds a connection for seconds and not for ever.
//! Deliberately absent: routes, which come in whole.

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::timeout::TimeoutBody;

/// A head that is not whole by then is not waited for any longer, nor is the next request of a kept connection.
const HEAD_DEADLINE: Duration = Duration::from_secs(20);
/// A body of which nothing comes for so long is given up.
const BODY_SILENCE: Duration = Duration::from_secs(30);
/// Connections that speak HTTP at a time. Links and tunnels leave this count with their upgrade.
const CALLERS_MAX: usize = 4096;
/// When the machine is out of file descriptors, trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown`; then takes no more, lets each request end, and returns. Dropped before that, it cuts them.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let seats = Arc::new(Semaphore::new(CALLERS_MAX));
    let mut callers = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = callers.join_next() => {}
            caller = next_caller(&listener, &seats) => {
                let Some((socket, peer, seat)) = caller else { continue };
                callers.spawn(serve_one(socket, peer, seat, router.clone(), shutdown.clone()));
            }
        }
    }
    while callers.join_next().await.is_some() {}
}

/// Waits for a free seat, then for a caller. Cancel-safe: a seat without a caller is given back.
async fn next_caller(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => Some((socket, peer, seat)),
        Err(error) => {
            tracing::warn!(%error, "accept a caller of the API");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn serve_one(
    socket: TcpStream,
    peer: SocketAddr,
    _seat: OwnedSemaphorePermit,
    router: Router,
    shutdown: CancellationToken,
) {
    // Small link frames follow each other: with Nagle's algorithm each second one would wait for a delayed ack.
    let _ = socket.set_nodelay(true);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(|body| Body::new(TimeoutBody::new(BODY_SILENCE, body))))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
    let connection = builder.serve_connection(TokioIo::new(socket), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(error = &error as &dyn std::error::Error, "a caller's connection ended");
    }
}
