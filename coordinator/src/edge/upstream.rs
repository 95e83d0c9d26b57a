//! One request to an app and the head of its answer, over a connection that waited or a new one. A request is sent
//! again only when the app cannot have seen it, or may see it twice.

use super::{
    Edge,
    body::{Progress, Upload},
    cause::Cause,
    pool::Sender,
    routes::Target,
    tunnels::NoStream,
};
use http::{Method, Request, Response};
use hyper::body::{Body, Incoming};
use hyper_util::rt::TokioIo;
use std::{error::Error, io, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};
use ttalkak_tunnel::{ResetCode, StreamError, TargetKind, stream_error};

/// A connection that waited may be dead without our knowing, and so may the tunnel under it.
const TRIES: usize = 3;
/// Buffered of an answer before the visitor takes it; also the longest head of an answer.
const ANSWER_BUFFER_BYTES: usize = 128 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    Nobody(NoStream),
    /// The agent said why.
    Reset(ResetCode),
    /// The tunnel ended under the request.
    TunnelLost,
    /// The app closed the connection, or what it said is not HTTP.
    NoAnswer,
    /// The answer is late.
    Late,
    /// The visitor's own body broke off or is malformed.
    Visitor,
}

impl Failure {
    /// The cause for the page, and a sentence more.
    pub(super) const fn cause(&self) -> (Cause, &'static str) {
        match self {
            Self::Nobody(NoStream::Offline) | Self::TunnelLost => (Cause::ProviderOffline, ""),
            Self::Nobody(NoStream::Busy) | Self::Reset(ResetCode::Overloaded) => {
                (Cause::ProviderOffline, "It serves as many visitors as it can at this moment.")
            }
            Self::Reset(ResetCode::GoingAway) => (Cause::ProviderOffline, ""),
            Self::Reset(ResetCode::BackendRefused) => (Cause::Crashed, "Nothing listens on its port."),
            Self::Reset(ResetCode::BackendTimeout) => (Cause::Crashed, "It does not accept connections."),
            Self::Reset(ResetCode::NoSuchTarget) => (Cause::Crashed, "It is not running."),
            Self::Reset(
                ResetCode::BackendUnreachable
                | ResetCode::Cancelled
                | ResetCode::Protocol
                | ResetCode::Unsupported
                | ResetCode::Internal
                | ResetCode::Other(_),
            ) => (Cause::Crashed, ""),
            Self::NoAnswer => (Cause::Crashed, "It closed the connection without an answer."),
            Self::Late => (Cause::Timeout, ""),
            Self::Visitor => (Cause::Crashed, "The request broke off."),
        }
    }

    fn of(error: &hyper::Error) -> Self {
        match stream_cause(error) {
            Some(StreamError::Reset(code)) => Self::Reset(*code),
            Some(StreamError::TunnelClosed(_)) => Self::TunnelLost,
            Some(StreamError::Illegal(_)) => Self::NoAnswer,
            None if error.is_user() => Self::Visitor,
            None => Self::NoAnswer,
        }
    }

    /// Whether another connection may do better.
    const fn is_of_the_tunnel(&self) -> bool {
        match self {
            Self::TunnelLost | Self::Reset(ResetCode::GoingAway) => true,
            Self::Nobody(_) | Self::Reset(_) | Self::NoAnswer | Self::Late | Self::Visitor => false,
        }
    }
}

/// What the tunnel's stream said, somewhere among the causes.
fn stream_cause(error: &hyper::Error) -> Option<&StreamError> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<io::Error>().and_then(stream_error) {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn exchange(
    edge: &Arc<Edge>,
    target: Target,
    mut request: Request<Upload>,
) -> Result<(Response<Incoming>, Sender), Failure> {
    let spare = may_come_twice(&request).then(|| head_of(&request));
    let progress = request.body().progress();
    let mut waited = edge.pool.take(target.key());
    for remaining in (0..TRIES).rev() {
        let had_waited = waited.is_some();
        let mut sender = match waited.take() {
            Some(sender) => sender,
            None => connect(edge, target).await?,
        };
        let sent = sender.requests.try_send_request(request);
        let answered = in_time(sent, progress.as_deref(), edge.config.answer_deadline).await;
        let mut error = match answered.ok_or(Failure::Late)? {
            Ok(response) => return Ok((response, sender)),
            Err(error) => error,
        };
        let unsent = error.take_message().or_else(|| spare.as_ref().map(head_of));
        let failure = Failure::of(error.error());
        match unsent {
            Some(again) if remaining > 0 && (had_waited || failure.is_of_the_tunnel()) => request = again,
            Some(_) | None => return Err(failure),
        }
    }
    Err(Failure::TunnelLost)
}

/// Without a body, and by a method that changes nothing (RFC 9110, 9.2.1).
fn may_come_twice(request: &Request<Upload>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        && request.body().is_end_stream()
}

fn head_of(request: &Request<Upload>) -> Request<Upload> {
    let mut copy = Request::new(Upload::empty());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy
}

async fn connect(edge: &Arc<Edge>, target: Target) -> Result<Sender, Failure> {
    let opened = edge.tunnels.open(target, TargetKind::Http, None, edge.config.tunnel_grace).await;
    let (stream, tunnel) = opened.map_err(Failure::Nobody)?;
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(ANSWER_BUFFER_BYTES);
    let (requests, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|error| Failure::of(&error))?;
    edge.tasks.spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(error = &error as &dyn Error, "a connection to an app ended");
        }
    });
    Ok(Sender { requests, tunnel })
}

/// Waits for an answer until `deadline` after the request's last byte. `None` when it is late.
async fn in_time<F: Future>(answer: F, progress: Option<&Progress>, deadline: Duration) -> Option<F::Output> {
    let mut answer = std::pin::pin!(answer);
    let mut until = Instant::now() + deadline;
    loop {
        tokio::select! {
            answered = &mut answer => return Some(answered),
            () = sleep_until(until) => {
                let moved = progress.map(|progress| progress.moved_at() + deadline);
                until = moved.filter(|until| *until > Instant::now())?;
            }
        }
    }
}
