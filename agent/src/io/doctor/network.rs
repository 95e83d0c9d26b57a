//! The way to the coordinator, step by step as the link goes it: name, connection, TLS, one request.

use crate::{
    address::Coordinator,
    io::{
        api::{http_date, speaks_of_certificate},
        dial::{DialError, Dialled, dial},
    },
    logic::doctor::{CoordinatorLook, Reached},
};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use std::{io, time::Duration};
use tokio::time::timeout;
use ttalkak_protocol::api::HealthView;

/// A coordinator's health is a line; a sign-in page need not be read.
const BODY_MAX: usize = 64 * 1024;

pub(super) async fn look(coordinator: Option<&Coordinator>, within: Duration) -> CoordinatorLook {
    let Some(coordinator) = coordinator else { return CoordinatorLook::None };
    CoordinatorLook::Tried {
        address: coordinator.to_string(),
        port: coordinator.port(),
        plaintext: coordinator.readable_by_others(),
        reached: reach(coordinator, within).await,
    }
}

async fn reach(coordinator: &Coordinator, within: Duration) -> Reached {
    let stream = match dial(coordinator, within).await {
        Ok(stream) => stream,
        Err(error) => return unreached(coordinator, error).await,
    };
    match timeout(within, ask(coordinator, stream)).await {
        Err(_) => Reached::Silent,
        Ok(Some(reached)) => reached,
        Ok(None) => Reached::Stranger { status: 0, location: None },
    }
}

async fn unreached(coordinator: &Coordinator, error: DialError) -> Reached {
    match error {
        DialError::Resolve { .. } => Reached::Unresolved,
        DialError::Connect { cause, .. } if cause.kind() == io::ErrorKind::ConnectionRefused => {
            Reached::Refused
        }
        DialError::Connect { .. } => Reached::Blocked,
        DialError::NoRoots => Reached::NoRoots,
        DialError::Tls { cause, .. } if speaks_of_certificate(&cause) => {
            Reached::Certificate { why: cause.to_string() }
        }
        DialError::Tls { .. } => Reached::NoTls,
        // The deadline spans all steps: whether the connection came about is asked again, alone.
        DialError::Deadline { within, .. } => {
            let open = tokio::net::TcpStream::connect((coordinator.host(), coordinator.port()));
            if timeout(within / 2, open).await.is_ok_and(|open| open.is_ok()) {
                Reached::Silent
            } else {
                Reached::Blocked
            }
        }
    }
}

/// `None`: what answers speaks no HTTP.
async fn ask(coordinator: &Coordinator, stream: Dialled) -> Option<Reached> {
    let (mut send, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get("/v1/health")
        .header(header::HOST, coordinator.authority())
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .expect("a checked address is a header");
    let exchange = async {
        let answer = send.send_request(request).await.ok()?;
        let text = |name| Some(answer.headers().get(name)?.to_str().ok()?.to_owned());
        let (date, location) = (text(header::DATE), text(header::LOCATION));
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), BODY_MAX).collect().await;
        let health = body.ok().and_then(|body| serde_json::from_slice::<HealthView>(&body.to_bytes()).ok());
        Some(match health {
            Some(health) => Reached::Answered {
                version: health.version.clone(),
                date: date.and_then(|date| http_date(&date)),
            },
            None => Reached::Stranger { status, location },
        })
    };
    // The connection moves only while it is polled; its own end says nothing more.
    let drive = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = drive => None,
    }
}
