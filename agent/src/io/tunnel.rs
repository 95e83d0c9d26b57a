//! Keeps one tunnel to the coordinator's edge up, and joins each of its streams with a backend on this machine.
//! Deliberately absent: which backends there are (the driver publishes them), framing (crates/tunnel), and HTTP
//! beyond the one Upgrade.

mod serve;
mod throttle;
mod upgrade;

pub use throttle::Throttle;
pub use upgrade::UpgradeError;

use crate::{
    address::Coordinator,
    cause::Chain,
    io::{
        clock,
        dial::{DialError, Dialled, dial},
        egress::Egress,
        pace::{Pace, PaceLimits},
    },
};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    secret::Secret,
    unit::UnixMillis,
};
use ttalkak_tunnel::{AgentHandle, CloseReason, Limits, Named, Tunnel};

/// Where each target answers: a lease's or tunnel's id as text, and an address on this machine.
pub type Backends = BTreeMap<String, SocketAddr>;

/// The losses that are remembered.
const LOSSES_MAX: usize = 20;
/// How often the counters of a standing tunnel are published.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// The tunnel's times, together because tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct TunnelTimes {
    /// From dialling to the answer of the Upgrade.
    pub connect: Duration,
    /// A backend on this machine must accept so soon.
    pub backend: Duration,
    /// Streams may go on for so long after a shutdown began.
    pub drain: Duration,
    /// Waits between tries.
    pub pace: PaceLimits,
}

impl Default for TunnelTimes {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            backend: Duration::from_secs(2),
            drain: Duration::from_secs(10),
            pace: PaceLimits {
                // Visitors wait meanwhile, so the first try comes quicker than the link's.
                first: Duration::from_millis(100),
                most: Duration::from_secs(30),
                good_after: Duration::from_secs(60),
            },
        }
    }
}

/// What a tunnel needs.
#[derive(Debug)]
pub struct TunnelClient {
    /// Where to dial.
    pub coordinator: Coordinator,
    /// The credential; while it is `None` nobody dials, and an open tunnel stays.
    pub token: watch::Receiver<Option<Secret<String>>>,
    /// What can be reached.
    pub backends: watch::Receiver<Backends>,
    /// Gets the state, for views.
    pub state: watch::Sender<TunnelState>,
    /// Most streams at a time.
    pub streams_max: usize,
    /// Counts what is sent on behalf of paid leases.
    pub egress: Egress,
    /// What the owner lends of the line.
    pub throttle: Throttle,
    /// Usually the default.
    pub times: TunnelTimes,
}

/// What a screen may know of the tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TunnelState {
    /// Whether it stands.
    pub connected: bool,
    /// How often it came up; all but the first are reconnects.
    pub connections: u64,
    /// The last round trip measured.
    pub round_trip: Option<Duration>,
    /// Streams now.
    pub streams: usize,
    /// Visitors' bytes in, since this process started.
    pub bytes_in: u64,
    /// Visitors' bytes out, since this process started.
    pub bytes_out: u64,
    /// Why it does not stand.
    pub problem: Option<Problem>,
    /// Streams since this process started.
    pub streams_total: u64,
    /// Since when it stands, or does not; absent before the first try.
    pub since: Option<UnixMillis>,
    /// The last times it was lost, newest first.
    pub losses: Vec<Loss>,
}

/// A tunnel that stood and was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// When.
    pub at: UnixMillis,
    /// When it stood again; absent while it does not.
    pub until: Option<UnixMillis>,
    /// Why.
    pub problem: Problem,
}

impl TunnelState {
    /// It stands.
    fn came_up(&mut self, at: UnixMillis) {
        self.connections += 1;
        self.connected = true;
        self.problem = None;
        self.since = Some(at);
        if let Some(loss) = self.losses.first_mut().filter(|loss| loss.until.is_none()) {
            loss.until = Some(at);
        }
    }

    /// It ended, or another try failed.
    fn went_down(&mut self, problem: Problem, at: UnixMillis) {
        if self.connected {
            self.losses.insert(0, Loss { at, until: None, problem: problem.clone() });
            self.losses.truncate(LOSSES_MAX);
        }
        if self.connected || self.since.is_none() {
            self.since = Some(at);
        }
        self.connected = false;
        self.round_trip = None;
        self.streams = 0;
        self.problem = Some(problem);
    }
}

/// Why a tunnel did not come up or ended.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// The coordinator was not reached.
    #[error("reach the coordinator")]
    Dial(#[from] DialError),
    /// It was, and does not give us a tunnel.
    #[error("open a tunnel")]
    Upgrade(#[from] UpgradeError),
    /// It took too long.
    #[error("the coordinator did not answer the request for a tunnel within {0:?}")]
    Deadline(Duration),
    /// It stood and ended.
    #[error("the tunnel ended")]
    Ended(#[source] CloseReason),
    /// A bug: the tunnel's task died.
    #[error("the tunnel's task died")]
    Died(#[source] tokio::task::JoinError),
}

impl TunnelError {
    /// The failure as people and programs read it. The coordinator's own words when it refused.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Upgrade(UpgradeError::Refused { problem, .. }) => problem.clone(),
            Self::Upgrade(_) | Self::Dial(_) | Self::Deadline(_) | Self::Ended(_) | Self::Died(_) => {
                Problem::new(ErrorCode::Unavailable, Chain(self).to_string())
                    .with_next("Check the network and that the coordinator is up; the agent keeps trying.")
            }
        }
    }
}

/// Runs until `shutdown`: dials whenever there is a token and no tunnel. After `shutdown` no new streams come, and
/// those that exist get `times.drain`.
pub async fn run(mut client: TunnelClient, shutdown: CancellationToken) {
    let mut pace = Pace::new(client.times.pace);
    let streams = TaskTracker::new();
    while let Some(token) = next_token(&mut client.token, &shutdown).await {
        let began = Instant::now();
        let opened = tokio::select! {
            opened = open(&client, &token) => opened,
            () = shutdown.cancelled() => break,
        };
        let error = match opened {
            Ok(stream) => stand(&client, stream, &streams, &shutdown).await,
            Err(error) => error,
        };
        if shutdown.is_cancelled() {
            break;
        }
        let wait = pace.after(began.elapsed(), rand::random());
        tracing::warn!(wait_ms = wait.as_millis(), "the tunnel is down: {}", Chain(&error));
        client.state.send_modify(|state| state.went_down(error.problem(), clock::wall()));
        tokio::select! {
            () = sleep(wait) => {}
            // A new token comes with a new link: what was wrong may be right now.
            Ok(()) = client.token.changed() => {}
            () = shutdown.cancelled() => break,
        }
    }
    streams.close();
    // The sessions have ended, and with them each stream has; a second is for their tasks to notice.
    if timeout(Duration::from_secs(1), streams.wait()).await.is_err() {
        tracing::warn!("{} streams of the tunnel did not stop", streams.len());
    }
    client.state.send_modify(|state| *state = TunnelState { connected: false, streams: 0, ..state.clone() });
}

/// Waits for a credential; `None` when there will be no more.
async fn next_token(
    token: &mut watch::Receiver<Option<Secret<String>>>,
    shutdown: &CancellationToken,
) -> Option<Secret<String>> {
    tokio::select! {
        token = token.wait_for(Option::is_some) => token.ok().and_then(|token| token.clone()),
        () = shutdown.cancelled() => None,
    }
}

async fn open(client: &TunnelClient, token: &Secret<String>) -> Result<Dialled, TunnelError> {
    let within = client.times.connect;
    let opening = async {
        let mut stream = dial(&client.coordinator, within).await?;
        upgrade::upgrade(&mut stream, client.coordinator.authority(), token).await?;
        Ok(stream)
    };
    timeout(within, opening).await.unwrap_or(Err(TunnelError::Deadline(within)))
}

/// Serves an open tunnel until it ends; returns why.
async fn stand(
    client: &TunnelClient,
    stream: Dialled,
    streams: &TaskTracker,
    shutdown: &CancellationToken,
) -> TunnelError {
    let limits = Limits { max_streams: client.streams_max, drain: client.times.drain, ..Limits::default() };
    let transport = Named::new(if client.coordinator.tls() { "tls" } else { "tcp" }, stream);
    let (mut handle, driver) = Tunnel::agent(transport, limits, shutdown.child_token());
    let mut driver = streams.spawn(driver.instrument(tracing::info_span!("tunnel")));
    let mut meter = StateMeter::begin(&client.state);
    tracing::info!("the tunnel to {} stands", client.coordinator);
    let mut ticks = interval(STATE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // `accept`, `tick` and the join handle lose nothing when another arm wins.
        tokio::select! {
            Some((target, stream)) = handle.accept() => {
                let span = tracing::debug_span!("stream", id = %stream.id(), target = target.target());
                let counter = client.egress.counter(target.target());
                client.state.send_modify(|state| state.streams_total += 1);
                let line = (client.throttle.clone(), counter);
                let serving = serve::serve(target, stream, client.backends.clone(), line, client.times.backend);
                streams.spawn(serving.instrument(span));
            }
            _ = ticks.tick() => meter.publish(&client.state, &handle),
            ended = &mut driver => {
                meter.publish(&client.state, &handle);
                return match ended {
                    Ok(reason) => TunnelError::Ended(reason),
                    Err(died) => TunnelError::Died(died),
                };
            }
        }
    }
}

/// Adds the counters of one tunnel to those of the ones before it.
struct StateMeter {
    bytes_in: u64,
    bytes_out: u64,
}

impl StateMeter {
    fn begin(state: &watch::Sender<TunnelState>) -> Self {
        let mut before = (0, 0);
        state.send_modify(|state| {
            before = (state.bytes_in, state.bytes_out);
            state.came_up(clock::wall());
        });
        Self { bytes_in: before.0, bytes_out: before.1 }
    }

    fn publish(&mut self, state: &watch::Sender<TunnelState>, handle: &AgentHandle) {
        let stats = handle.stats();
        state.send_if_modified(|state| {
            let next = TunnelState {
                round_trip: stats.round_trip,
                streams: stats.streams,
                bytes_in: self.bytes_in + stats.bytes_in,
                bytes_out: self.bytes_out + stats.bytes_out,
                ..state.clone()
            };
            std::mem::replace(state, next.clone()) != next
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_with_its_reason_and_how_long_it_lasted() {
        let problem = |text: &str| Problem::new(ErrorCode::Unavailable, text);
        let mut state = TunnelState::default();
        // A first try that fails loses nothing.
        state.went_down(problem("no route"), UnixMillis(1));
        assert!(state.losses.is_empty() && state.since == Some(UnixMillis(1)));
        state.came_up(UnixMillis(10));
        state.went_down(problem("reset"), UnixMillis(20));
        state.went_down(problem("refused"), UnixMillis(25));
        state.came_up(UnixMillis(30));
        let loss = Loss { at: UnixMillis(20), until: Some(UnixMillis(30)), problem: problem("reset") };
        assert_eq!((state.losses.as_slice(), state.since), ([loss].as_slice(), Some(UnixMillis(30))));
        for at in 0..50 {
            state.came_up(UnixMillis(at));
            state.went_down(problem("again"), UnixMillis(at));
        }
        assert_eq!(state.losses.len(), LOSSES_MAX);
    }
}
