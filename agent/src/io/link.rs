//! Keeps the one WebSocket to the coordinator: dials, proves who we are, carries messages, and does it all again.
//! Deliberately absent: what to report, which lines to send again after a break, and what an assignment means
//! (driver.rs and logic); visitors' bytes (tunnel.rs).

mod error;
mod fit;
mod handshake;
mod session;
mod wire;

pub use error::LinkError;
pub use handshake::HandshakeError;

use crate::{
    cause::Chain,
    identity::Identity,
    io::{
        dial::dial,
        pace::{Pace, PaceLimits},
    },
    link_event::{LinkEnd, LinkEvent, Session},
};
use handshake::{Handshake, Step};
use session::Ended;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    link::{Capacity, FromAgent, Hello, LINK_PATH, Lending, Welcome},
    secret::Secret,
    version,
};
use wire::{Heard, Wire};

/// The link's times, together because tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct LinkTimes {
    /// From dialling to Welcome.
    pub handshake: Duration,
    /// A WebSocket ping is sent when nothing was heard for so long.
    pub ping_after: Duration,
    /// Without a single byte for so long, in or (while sending) out, the peer counts as dead. Three lost pings.
    pub dead_after: Duration,
    /// Last reports and log lines may take so long at shutdown.
    pub goodbye: Duration,
    /// Waits between tries.
    pub pace: PaceLimits,
    /// Wait after a refusal; an owner has to act, so hurry would only load the coordinator.
    pub refused: Duration,
}

impl Default for LinkTimes {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            ping_after: Duration::from_secs(5),
            dead_after: Duration::from_secs(15),
            goodbye: Duration::from_secs(2),
            pace: PaceLimits {
                first: Duration::from_millis(250),
                most: Duration::from_secs(30),
                good_after: Duration::from_secs(60),
            },
            refused: Duration::from_secs(60),
        }
    }
}

/// What a link needs besides its channels.
#[derive(Debug)]
pub struct Link {
    /// Who we are and where the coordinator is.
    pub identity: Arc<Identity>,
    /// Told in Hello until a first report says it better.
    pub capacity: Capacity,
    /// Told in Hello until a first report says it better.
    pub lending: Lending,
    /// Gets the API's token of each Welcome, and `None` when the link is gone.
    pub api_token: watch::Sender<Option<Secret<String>>>,
    /// Gets the tunnel's token of each Welcome, and `None` when the link, and the token with it, is gone.
    pub tunnel_token: watch::Sender<Option<Secret<String>>>,
    /// Usually the default.
    pub times: LinkTimes,
}

/// Runs until `shutdown`, or until the driver has dropped its ends. Never gives up before.
pub async fn run(link: Link, mut end: LinkEnd, shutdown: CancellationToken) {
    let mut pace = Pace::new(link.times.pace);
    let mut session = Session(0);
    loop {
        session.0 += 1;
        let began = Instant::now();
        let ended = tokio::select! {
            // A handshake that is cut short leaves nothing behind: the socket closes with it.
            connected = connect(&link, &end) => match connected {
                Ok(Connected::Stands(wire, welcome)) => stand(&link, &mut end, session, wire, welcome, &shutdown).await,
                Ok(Connected::Refused(refused)) => Ended::Refused(refused),
                Err(error) => Ended::Lost(error),
            },
            () = shutdown.cancelled() => Ended::Shutdown,
        };
        let wait = match ended {
            Ended::Shutdown => return,
            Ended::Refused(refused) => {
                tracing::error!(code = %refused.problem.code, "the coordinator refused this agent: {} {}", refused.problem.message, refused.problem.next);
                let _ = end.events.send(LinkEvent::Refused(refused)).await;
                link.times.refused
            }
            Ended::Lost(error) => {
                let wait = pace.after(began.elapsed(), rand::random());
                tracing::warn!(
                    session = session.0,
                    wait_ms = wait.as_millis(),
                    "the link is down: {}",
                    Chain(&error)
                );
                let _ = end.events.send(LinkEvent::Disconnected { problem: error.problem() }).await;
                wait
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = shutdown.cancelled() => return,
            () = end.events.closed() => return,
        }
    }
}

async fn stand(
    link: &Link,
    end: &mut LinkEnd,
    session: Session,
    wire: Box<Wire>,
    welcome: Box<Welcome>,
    shutdown: &CancellationToken,
) -> Ended {
    tracing::info!(session = session.0, "the link to {} stands", link.identity.record.coordinator);
    link.tunnel_token.send_replace(Some(welcome.tunnel_token.clone()));
    link.api_token.send_replace(welcome.api_token.clone());
    let ended = session::run(*wire, end, session, *welcome, &link.times, shutdown).await;
    link.tunnel_token.send_replace(None);
    link.api_token.send_replace(None);
    ended
}

enum Connected {
    Stands(Box<Wire>, Box<Welcome>),
    Refused(ttalkak_protocol::link::Refused),
}

async fn connect(link: &Link, end: &LinkEnd) -> Result<Connected, LinkError> {
    let within = link.times.handshake;
    timeout(within, shake_hands(link, end)).await.unwrap_or(Err(LinkError::Deadline(within)))
}

async fn shake_hands(link: &Link, end: &LinkEnd) -> Result<Connected, LinkError> {
    let coordinator = &link.identity.record.coordinator;
    let stream = dial(coordinator, link.times.handshake).await?;
    let mut wire = Wire::open(&coordinator.websocket(LINK_PATH), stream, link.times.dead_after).await?;
    let hello = hello(link, end);
    let mut state = Handshake::begin(&hello);
    wire.say(&FromAgent::Hello(hello)).await?;
    loop {
        let message = match wire.hear().await {
            Ok(Heard::Message(message)) => message,
            Ok(Heard::Nothing) => continue,
            Ok(Heard::Unknown(unsupported)) => {
                wire.say(&FromAgent::Unsupported(unsupported)).await?;
                continue;
            }
            Err(error) => {
                wire.close(&error).await;
                return Err(error);
            }
        };
        match state.on(message, &link.identity) {
            Ok(Step::Send(next, proof)) => {
                state = next;
                wire.say(&FromAgent::Proof(proof)).await?;
            }
            Ok(Step::Stands(welcome)) => return Ok(Connected::Stands(Box::new(wire), welcome)),
            Ok(Step::Refused(refused)) => return Ok(Connected::Refused(refused)),
            Err(broken) => {
                let error = LinkError::Handshake(broken);
                wire.close(&error).await;
                return Err(error);
            }
        }
    }
}

fn hello(link: &Link, end: &LinkEnd) -> Hello {
    let (capacity, lending) = match end.reports.borrow().as_ref() {
        Some(report) => (report.capacity.clone(), report.lending),
        None => (link.capacity.clone(), link.lending),
    };
    Hello {
        versions: version::supported(),
        agent: link.identity.record.agent,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        capacity,
        lending,
    }
}
