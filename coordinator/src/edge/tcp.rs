//! Raw TCP on public ports: a listener for each port that the table names, opened and closed as the table changes.
//! Those who are being served stay when their port is closed.

use super::{Edge, EdgeState, routes::Found};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::unit::PublicPort;
use ttalkak_tunnel::{TargetKind, copy_both};

/// How soon a port that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// See the HTTP listener: no spinning when the machine is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A port that is open.
struct Open {
    /// Whose it is; may change while it is open.
    name: watch::Sender<String>,
    close: CancellationToken,
    task: JoinHandle<()>,
}

/// Keeps the public ports as the table says until `shutdown`.
pub async fn serve_ports(state: EdgeState, shutdown: CancellationToken) {
    let edge = &state.inner;
    let mut changes = edge.routes.changes();
    let mut open = BTreeMap::new();
    loop {
        changes.mark_unchanged();
        let complete = reconcile(edge, &mut open, &shutdown).await;
        tokio::select! {
            () = shutdown.cancelled() => break,
            Ok(()) = changes.changed() => {}
            () = sleep(RETRY), if !complete => {}
        }
    }
    for port in open.into_values() {
        close(port).await;
    }
}

/// Opens and closes what differs. False when a port could not be opened.
async fn reconcile(
    edge: &Arc<Edge>,
    open: &mut BTreeMap<PublicPort, Open>,
    shutdown: &CancellationToken,
) -> bool {
    let wanted = edge.routes.ports();
    let gone: Vec<_> = open.keys().filter(|port| !wanted.contains_key(port)).copied().collect();
    for port in gone {
        if let Some(port) = open.remove(&port) {
            close(port).await;
        }
    }
    let mut complete = true;
    for (port, name) in wanted {
        if let Some(open) = open.get(&port) {
            open.name.send_if_modified(|known| {
                let differs = *known != name;
                *known = name;
                differs
            });
            continue;
        }
        let address = SocketAddr::new(edge.config.ports_address, port.get());
        match TcpListener::bind(address).await {
            Ok(listener) => {
                let (names, watched) = watch::channel(name);
                let stop = shutdown.child_token();
                let task = edge.tasks.spawn(listen(Arc::clone(edge), listener, watched, stop.clone()));
                open.insert(port, Open { name: names, close: stop, task });
                tracing::info!("public port {port} is open");
            }
            Err(error) => {
                complete = false;
                tracing::warn!(%error, "public port {port} cannot be opened, trying again");
            }
        }
    }
    complete
}

/// Waits until the listener is gone, so that its port can be opened anew at once.
async fn close(port: Open) {
    port.close.cancel();
    if let Err(error) = port.task.await {
        tracing::error!(%error, "a public port's task ended badly");
    }
}

async fn listen(
    edge: Arc<Edge>,
    listener: TcpListener,
    name: watch::Receiver<String>,
    stop: CancellationToken,
) {
    let seats = Arc::new(Semaphore::new(edge.config.port_visitors_max));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => match Arc::clone(&seats).try_acquire_owned() {
                Ok(seat) => {
                    let name = name.borrow().clone();
                    edge.tasks.spawn(visit(Arc::clone(&edge), socket, peer, name, seat));
                }
                Err(_) => cut(socket),
            },
            Err(error) => {
                tracing::warn!(%error, "accept a visitor of a public port");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn visit(
    edge: Arc<Edge>,
    mut socket: TcpStream,
    peer: SocketAddr,
    name: String,
    _seat: OwnedSemaphorePermit,
) {
    let claim = match edge.routes.claim_raw(&name) {
        Found::Target(claim) => claim,
        Found::Nobody { .. } | Found::Unknown => return cut(socket),
    };
    let _ = socket.set_nodelay(true);
    let grace = edge.config.tunnel_grace;
    let opened = edge.tunnels.open(claim.target, TargetKind::Tcp, Some(peer.to_string()), grace).await;
    let mut stream = match opened {
        Ok((stream, _)) => stream,
        Err(error) => {
            tracing::debug!(%error, "no stream for a visitor of {name}");
            return cut(socket);
        }
    };
    if let Err(error) = copy_both(&mut socket, &mut stream).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a visitor of {name} was cut off");
        cut(socket);
    }
}

/// Ends a connection so that the visitor cannot take it for a proper end.
fn cut(socket: TcpStream) {
    if let Err(error) = socket.set_zero_linger() {
        tracing::debug!(%error, "a connection was ended by a plain close");
    }
}
