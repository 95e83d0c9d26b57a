//! One link from its first byte to its last: handshake, welcome, then facts up and assignments down.
//! Deliberately absent: what a report means; the store keeps it, the sagas read it.

use super::{
    AgentRecord, LinkState, RegistryError,
    handshake::{self, Proved, greet, refuse},
    socket::{Received, Socket, SocketError},
};
use crate::{
    clock, fresh,
    online::{AGENT_TOKEN_PREFIX, Arrival, Connected, token_hash},
};
use futures_util::FutureExt;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rand::Rng;
use std::time::Duration;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{self, Message, protocol::frame::coding::CloseCode};
use ttalkak_protocol::{
    Secret,
    codec::{LOG_BATCH_LINES_MAX, LOG_LINE_BYTES_MAX},
    error::ErrorCode,
    id::AgentId,
    link::{
        DrainPlan, FromAgent, FromCoordinator, LogBatch, LogsStored, Refused, Renewed, Report, Vouchers,
        Welcome,
    },
    unit::Millis,
    version::{LEAVING, Version},
};

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the agent closed the link")]
    Left,
    #[error("nothing was heard for too long")]
    Silent,
    #[error("a newer connection of the agent took over")]
    Replaced,
    #[error("the coordinator is stopping")]
    Stopping,
    #[error("refused: {}", .0.problem.message)]
    Refused(Refused, CloseCode),
    #[error("use the socket")]
    Socket(#[from] SocketError),
    #[error("use the store")]
    Store(#[source] RegistryError),
}

/// Runs one link. `stranger` counts against those who have not proved who they are; it is let go after the proof.
pub(super) async fn converse(io: TokioIo<Upgraded>, state: LinkState, stranger: OwnedSemaphorePermit) {
    let mut socket = Socket::new(io, state.config.silence_max).await;
    let end = run(&mut socket, &state, stranger).await;
    tracing::debug!(repeated = socket.repeated(), error = &end as &dyn std::error::Error, "link ended");
    say_farewell(socket, end, &state).await;
}

async fn run(socket: &mut Socket, state: &LinkState, stranger: OwnedSemaphorePermit) -> End {
    let shaken = timeout(state.config.handshake_deadline, shake_hands(socket, state));
    let proved = tokio::select! {
        () = state.shutdown.cancelled() => return End::Stopping,
        shaken = shaken => match shaken {
            Ok(Ok(proved)) => proved,
            Ok(Err(end)) => return end,
            Err(_) => {
                let text = "the agent did not prove who it is in time";
                return End::Refused(refuse(ErrorCode::DeadlineExceeded, text, state.config.versions), CloseCode::Policy);
            }
        },
    };
    drop(stranger);
    socket.trust();
    let agent = proved.hello.agent;
    let (token, api_token) = (fresh::secret("ttt_"), fresh::secret(AGENT_TOKEN_PREFIX));
    let arrival = Arrival {
        since: clock::now(),
        build: proved.hello.build.clone(),
        capacity: proved.hello.capacity.clone(),
        lending: proved.hello.lending,
        tunnel_token: token_hash(&token),
        api_token: token_hash(&api_token),
    };
    let connected = state.online.connect(agent, arrival);
    let (version, drain) = (proved.version, DrainPlan::default());
    let mut link = Link { socket, state, agent, connected, version, drain, leaves: false };
    tracing::info!(agent.id = %agent, "agent {agent} is online");
    let end = match link.welcome(proved, token, api_token).await {
        Ok(()) => link.serve().await,
        Err(end) => end,
    };
    drop(link);
    // Who waits for this agent should look again.
    state.nudge.sagas();
    tracing::info!(agent.id = %agent, "the link of agent {agent} ended: {end}");
    end
}

async fn shake_hands(socket: &mut Socket, state: &LinkState) -> Result<Proved, End> {
    let ours = state.config.versions;
    let refused = |refused| End::Refused(refused, CloseCode::Policy);
    let greeted = greet(next_message(socket).await?, ours).map_err(refused)?;
    let record = state.registry.agent_key(greeted.agent()).await.map_err(End::Store)?;
    let nonce: [u8; 32] = rand::rng().random();
    let (challenge, challenged) =
        greeted.challenge(record, &state.config.audience, nonce, ours).map_err(refused)?;
    socket.send(&FromCoordinator::Challenge(challenge)).await?;
    challenged.prove(next_message(socket).await?, ours).map_err(refused)
}

async fn next_message(socket: &mut Socket) -> Result<FromAgent, End> {
    loop {
        let message = socket.next().await;
        match socket.read(message)? {
            Received::Message(_, message) => return Ok(message),
            Received::Unknown(unknown) => socket.send(&FromCoordinator::Unsupported(unknown)).await?,
            Received::Nothing => {}
            Received::Closed => return Err(End::Left),
        }
    }
}

/// A link whose agent has proved who it is.
struct Link<'a> {
    socket: &'a mut Socket,
    state: &'a LinkState,
    agent: AgentId,
    connected: Connected,
    version: Version,
    /// What the agent was last told of leases that shall go.
    drain: DrainPlan,
    /// It leaves, or hands leases back.
    leaves: bool,
}

impl Link<'_> {
    async fn welcome(&mut self, proved: Proved, token: String, api_token: String) -> Result<(), End> {
        let (config, registry) = (&self.state.config, &self.state.registry);
        registry.seen(self.agent, &proved.hello).await.map_err(End::Store)?;
        let log_marks = registry.log_marks(self.agent).await.map_err(End::Store)?;
        let welcome = Welcome {
            version: proved.version,
            report_every: millis(config.report_every),
            lease_ttl: millis(config.lease_ttl),
            tunnel_token: Secret::new(token),
            log_marks,
            api_token: (proved.version >= LEAVING).then(|| Secret::new(api_token)),
        };
        self.socket.send(&FromCoordinator::Welcome(welcome)).await?;
        self.connected.if_current(|| self.state.nudge.take_assignment(self.agent));
        self.send_assignment().await?;
        self.state.nudge.sagas();
        Ok(())
    }

    async fn serve(&mut self) -> End {
        match self.serve_until_error().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    /// Each arm is cancel-safe: it only waits; what it waited for is dealt with after the others were dropped.
    async fn serve_until_error(&mut self) -> Result<std::convert::Infallible, End> {
        let state = self.state;
        let config = &state.config;
        let mut ping = ticks(config.ping_every);
        let mut right_check = ticks(config.right_check_every);
        let mut assignments = state.nudge.assignments();
        assignments.mark_changed();
        let mut assignment_due: Option<Instant> = None;
        let replaced = self.connected.replaced().clone();
        loop {
            let silent_at = self.socket.heard_at() + config.silence_max;
            tokio::select! {
                () = state.shutdown.cancelled() => return Err(End::Stopping),
                () = replaced.cancelled() => return Err(self.why_replaced().await),
                message = self.socket.next() => self.take(message).await?,
                () = sleep_until(silent_at) => self.check_silence(silent_at).await?,
                _ = ping.tick() => self.socket.ping().await?,
                _ = right_check.tick() => {
                    self.check_right().await?;
                    self.tell_drain().await?;
                }
                Ok(()) = assignments.changed() => {
                    assignment_due.get_or_insert_with(|| Instant::now() + config.assignment_debounce);
                }
                () = sleep_until(assignment_due.unwrap_or_else(Instant::now)), if assignment_due.is_some() => {
                    assignment_due = None;
                    // Asked and taken in one: a mark must not be lost to a connection that was just replaced.
                    if self.connected.if_current(|| state.nudge.take_assignment(self.agent)) == Some(true) {
                        self.send_assignment().await?;
                        self.tell_drain().await?;
                    }
                }
            }
        }
    }

    async fn take(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Result<(), End> {
        let (n, message) = match self.socket.read(message)? {
            Received::Message(n, message) => (n, message),
            Received::Unknown(unknown) => {
                return Ok(self.socket.send(&FromCoordinator::Unsupported(unknown)).await?);
            }
            Received::Nothing => return Ok(()),
            Received::Closed => return Err(End::Left),
        };
        if self.connected.if_current(|| ()).is_none() {
            return Err(self.why_replaced().await);
        }
        match message {
            FromAgent::Report(report) => self.take_report(n, &report).await,
            FromAgent::Logs(logs) => self.take_logs(&logs).await,
            FromAgent::Unsupported(unknown) => {
                tracing::debug!(agent.id = %self.agent, "the agent does not know messages of kind {}", unknown.of);
                Ok(())
            }
            FromAgent::Hello(_) => Err(self.unexpected("a second hello came")),
            FromAgent::Proof(_) => Err(self.unexpected("a proof came that nobody asked for")),
        }
    }

    async fn take_report(&mut self, n: u64, report: &Report) -> Result<(), End> {
        let items = self.state.registry.store_report(self.agent, report).await.map_err(End::Store)?;
        self.connected.note((&report.capacity, report.lending), report.machine);
        self.leaves = report.lending.leaving_by.is_some() || !report.handed_back.is_empty();
        self.state.nudge.sagas();
        if !items.is_empty() {
            self.socket.send(&FromCoordinator::Vouchers(Vouchers { items })).await?;
        }
        self.socket.send(&FromCoordinator::Renewed(Renewed { report: n })).await?;
        self.tell_drain().await
    }

    /// Tells an agent that leaves what becomes of its leases, when that has changed. The last word is that nothing
    /// leaves any more.
    async fn tell_drain(&mut self) -> Result<(), End> {
        if self.version < LEAVING || (!self.leaves && self.drain.items.is_empty()) {
            return Ok(());
        }
        let plan = self.state.registry.drain_plan(self.agent).await.map_err(End::Store)?;
        if plan == self.drain {
            return Ok(());
        }
        self.drain = plan.clone();
        Ok(self.socket.send(&FromCoordinator::Drain(plan)).await?)
    }

    async fn take_logs(&mut self, logs: &LogBatch) -> Result<(), End> {
        let too_long = logs.lines.iter().any(|line| line.text.len() > LOG_LINE_BYTES_MAX);
        if logs.lines.len() > LOG_BATCH_LINES_MAX || too_long {
            let text = "the log batch has too many lines, or a line that is too long";
            let refused = refuse(ErrorCode::FrameRefused, text, self.state.config.versions);
            return Err(End::Refused(refused, CloseCode::Policy));
        }
        let marks = self.state.registry.store_logs(self.agent, logs).await.map_err(End::Store)?;
        Ok(self.socket.send(&FromCoordinator::LogsStored(LogsStored { marks })).await?)
    }

    async fn send_assignment(&mut self) -> Result<(), End> {
        let assignment = self.state.registry.next_assignment(self.agent).await.map_err(End::Store)?;
        Ok(self.socket.send(&FromCoordinator::Assignment(assignment)).await?)
    }

    /// Bytes may have waited in the kernel while the store was slow, so they are looked for once more.
    async fn check_silence(&mut self, silent_at: Instant) -> Result<(), End> {
        if let Some(message) = self.socket.next().now_or_never() {
            return self.take(message).await;
        }
        let still = self.socket.heard_at() + self.state.config.silence_max <= silent_at;
        if still { Err(End::Silent) } else { Ok(()) }
    }

    async fn check_right(&mut self) -> Result<(), End> {
        let record = self.state.registry.agent_key(self.agent).await.map_err(End::Store)?;
        if let Some(AgentRecord { revoked: false, leaves, .. }) = record {
            self.leaves |= leaves;
            return Ok(());
        }
        self.state.online.revoke(self.agent);
        let refused = handshake::revoked(self.agent, self.state.config.versions);
        Err(End::Refused(refused, CloseCode::Policy))
    }

    /// A connection is cut short by a newer one or by a revocation; the store knows which.
    async fn why_replaced(&mut self) -> End {
        match self.state.registry.agent_key(self.agent).await {
            Ok(Some(AgentRecord { revoked: false, .. })) | Err(_) => End::Replaced,
            Ok(_) => {
                let refused = handshake::revoked(self.agent, self.state.config.versions);
                End::Refused(refused, CloseCode::Policy)
            }
        }
    }

    fn unexpected(&self, text: &str) -> End {
        let refused = refuse(ErrorCode::UnexpectedMessage, text, self.state.config.versions);
        End::Refused(refused, CloseCode::Policy)
    }
}

async fn say_farewell(mut socket: Socket, end: End, state: &LinkState) {
    let (refused, code) = match end {
        End::Left | End::Socket(SocketError::Transport(_) | SocketError::Stuck) => return,
        End::Refused(refused, code) => (Some(refused), code),
        End::Socket(SocketError::Frame { close, message }) => {
            (Some(refuse(ErrorCode::FrameRefused, message, state.config.versions)), close)
        }
        End::Silent => (None, CloseCode::Away),
        End::Replaced => (None, CloseCode::Library(CLOSE_REPLACED)),
        End::Stopping => (None, CloseCode::Restart),
        End::Store(error) => {
            tracing::error!(
                error = &*error as &dyn std::error::Error,
                "a link ends because the store failed"
            );
            (None, CloseCode::Again)
        }
    };
    let reason = refused.as_ref().map_or_else(String::new, |refused| refused.problem.code.to_string());
    if let Some(refused) = refused
        && socket.send(&FromCoordinator::Refused(refused)).await.is_err()
    {
        return;
    }
    socket.close(code, &reason).await;
}

/// The close code of a link that a newer connection of the same agent has replaced.
const CLOSE_REPLACED: u16 = 4001;

fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn millis(span: Duration) -> Millis {
    Millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
