//! Asking a workload whether it is healthy, from outside, the way a visitor would. A bare accepted connection proves
//! nothing over HTTP: Docker's proxy accepts for every published port, whether or not the app listens.

use super::engine::Engine;
use crate::logic::{effect::ProbeOrder, event::Probed, listening::diagnose};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Empty;
use hyper_util::rt::TokioIo;
use std::{net::Ipv4Addr, time::Duration};
use tokio::{io::AsyncReadExt, net::TcpStream};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::Exposure,
};

/// A raw TCP app that keeps a connection open for so long listens. The proxy closes it at once when nobody does.
const HELD_OPEN: Duration = Duration::from_millis(300);

/// Asks once.
pub async fn probe(engine: &Engine, order: &ProbeOrder) -> Probed {
    let asked = tokio::time::timeout(order.patience, ask(order)).await;
    let seen = match asked {
        Ok(Ok(())) => return Probed::Healthy,
        Ok(Err(seen)) => seen,
        Err(_) => format!("it does not answer within {} s", order.patience.as_secs()),
    };
    let sockets = if order.diagnose { engine.listening(&order.container).await } else { None };
    let why = match sockets {
        Some(sockets) => diagnose(&sockets, order.container_port, &seen),
        None => Problem::new(
            ErrorCode::AppUnhealthy,
            format!("The app does not answer on port {}: {seen}.", order.container_port),
        ),
    };
    Probed::Sick { why }
}

async fn ask(order: &ProbeOrder) -> Result<(), String> {
    let address = (Ipv4Addr::LOCALHOST, order.host_port.get());
    let stream =
        TcpStream::connect(address).await.map_err(|error| format!("it refuses connections ({error})"))?;
    match order.exposure {
        Exposure::Tcp => held_open(stream).await,
        Exposure::Http => http_answer(stream, order).await,
    }
}

async fn held_open(mut stream: TcpStream) -> Result<(), String> {
    let mut byte = [0];
    match tokio::time::timeout(HELD_OPEN, stream.read(&mut byte)).await {
        // Silence, or a greeting.
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0) | Err(_)) => Err("it closes each connection".to_owned()),
    }
}

async fn http_answer(stream: TcpStream, order: &ProbeOrder) -> Result<(), String> {
    let closed = |_| "it closes the connection without an HTTP answer".to_owned();
    let (mut send, connection) =
        hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(closed)?;
    let path = order.health_path.as_deref().unwrap_or("/");
    let request = Request::get(path)
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, "ttalkak-probe")
        .header(header::CONNECTION, "close")
        .body(Empty::new())
        .map_err(|_| format!("{path} is not a path that can be asked for"))?;
    // The connection is driven here and not in a task: both end together, and nothing is left behind.
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(send.send_request(request));
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer.map_err(closed)?,
        _ = &mut connection => answer.await.map_err(closed)?,
    };
    let status: StatusCode = answer.status();
    if order.health_path.is_some() && status.is_server_error() {
        return Err(format!("{path} answers {}", status.as_u16()));
    }
    Ok(())
}
