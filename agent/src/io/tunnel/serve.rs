//! One stream of the tunnel: find its backend, connect, copy until both sides have ended.
//! Deliberately absent: counting streams, which the session does, and deadlines for idle ones: a WebSocket may be
//! silent for hours, and the edge knows better when a visitor has left.

use super::{Backends, Throttle};
use crate::io::egress::Counter;
use std::{io, net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, sync::watch, time::timeout};
use ttalkak_tunnel::{OpenTarget, ResetCode, TunnelStream, copy::Side, copy_both};

pub(super) async fn serve(
    target: OpenTarget,
    mut stream: TunnelStream,
    backends: watch::Receiver<Backends>,
    (throttle, counter): (Throttle, Option<Counter>),
    within: Duration,
) {
    // The borrow must not live across an await: the driver publishes into the same cell.
    let backend = backends.borrow().get(target.target()).copied();
    let Some(backend) = backend else {
        tracing::debug!("the target is not served here");
        return stream.reject(ResetCode::NoSuchTarget);
    };
    let mut socket = match connect(backend, within).await {
        Ok(socket) => socket,
        Err(code) => {
            tracing::debug!(%code, port = backend.port(), "the backend cannot be reached");
            return stream.reject(code);
        }
    };
    if let Err(error) = stream.confirm() {
        tracing::debug!(%error, "the visitor left before the backend answered");
        return;
    }
    let copied = copy_both(&mut throttle.slow(&mut stream, counter), &mut socket).await;
    match copied {
        Ok(copied) => tracing::trace!(bytes_in = copied.a_to_b, bytes_out = copied.b_to_a, "done"),
        Err(error) => {
            tracing::debug!(side = ?error.side, cause = %error.cause, "cut short");
            match error.side {
                // Dropping the socket is what tells the backend.
                Side::A => {}
                Side::B => stream.reject(ResetCode::Internal),
            }
        }
    }
}

async fn connect(backend: SocketAddr, within: Duration) -> Result<TcpStream, ResetCode> {
    let connected =
        timeout(within, TcpStream::connect(backend)).await.map_err(|_| ResetCode::BackendTimeout)?;
    let socket = connected.map_err(|error| {
        let refused = error.kind() == io::ErrorKind::ConnectionRefused;
        if refused { ResetCode::BackendRefused } else { ResetCode::BackendUnreachable }
    })?;
    // A failure here costs some milliseconds of latency, not the visit.
    let _ = socket.set_nodelay(true);
    Ok(socket)
}
