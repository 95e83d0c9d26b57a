//! The visitors' listener for HTTP/1.1. Each visitor's keep-alive is the edge's own: one that idles holds nothing at
//! the agent.

use super::{
    Edge, EdgeState,
    forward::answer,
    head_watch::{Watch, Watched},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Read of a body at once, and buffered of an answer before the visitor takes it.
const BODY_BUFFER_BYTES: usize = 128 * 1024;
/// When the machine is out of file descriptors, trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often connections that waited too long are let go.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Serves visitors until `shutdown`; then takes no more and lets each finish its request. The visitors' tasks are
/// the state's: wait for its tracker to know that all have left.
pub async fn serve(listener: TcpListener, state: EdgeState, shutdown: CancellationToken) {
    let edge = &state.inner;
    let seats = Arc::new(Semaphore::new(edge.config.visitors_max));
    let mut changes = edge.routes.changes();
    let mut sweep = interval(SWEEP_EVERY);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = sweep.tick() => edge.pool.sweep(|key| edge.routes.leads_to(key)),
            Ok(()) = changes.changed() => edge.pool.sweep(|key| edge.routes.leads_to(key)),
            seated = seat(&listener, &seats) => {
                let Some((socket, peer, seat)) = seated else { continue };
                edge.tasks.spawn(visit(Arc::clone(edge), socket, peer, seat, shutdown.clone()));
            }
        }
    }
    edge.pool.close();
}

/// Waits for a free seat, then for a visitor. Cancel-safe: a seat without a visitor is given back.
async fn seat(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => Some((socket, peer, seat)),
        Err(error) => {
            tracing::warn!(%error, "accept a visitor");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn visit(
    edge: Arc<Edge>,
    socket: TcpStream,
    peer: SocketAddr,
    _seat: OwnedSemaphorePermit,
    shutdown: CancellationToken,
) {
    // hyper writes whole answers or large pieces; waiting for more would only delay the last of them.
    let _ = socket.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(edge.config.head_read_deadline)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BODY_BUFFER_BYTES);
    let watch = Arc::new(Watch::default());
    let socket = Watched::new(socket, Arc::clone(&watch));
    let service = service_fn(|request| {
        let (edge, watch) = (Arc::clone(&edge), Arc::clone(&watch));
        async move { Ok::<_, Infallible>(answer(&edge, peer, &watch, request).await) }
    });
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
        tracing::trace!(error = &error as &dyn std::error::Error, "a visitor's connection ended");
    }
}
