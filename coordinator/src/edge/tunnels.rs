//! The tunnels that stand: who holds them, and a new stream for who asks. An agent may hold several; the newest
//! serves, so that a tunnel which hangs after a change of network is not asked first.
//! Deliberately absent: framing and flow control, which the tunnel crate does.

use super::routes::Target;
use crate::online::{Online, TokenHash, token_hash};
use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::{
    collections::BTreeMap,
    io::Cursor,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, join},
    net::TcpStream,
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    error::{ErrorBody, ErrorCode, ErrorDetail, Problem},
    id::{AgentId, TunnelId},
    link::{TUNNEL_PATH, TUNNEL_UPGRADE},
};
use ttalkak_tunnel::{EdgeHandle, Limits, Named, OpenTarget, TargetKind, Transport, Tunnel, TunnelStream};

/// Tunnels that one owner may hold; the oldest is drained when one more comes.
const TUNNELS_PER_OWNER_MAX: usize = 8;
/// A tunnel that went away this long ago is waited for no more.
const GONE_RECENTLY: Duration = Duration::from_secs(10);

/// Who holds a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// An agent; all its leases are behind it.
    Agent(AgentId),
    /// A local service.
    Named(TunnelId),
}

/// Where connect tokens of named tunnels are looked up; a trait, since tests answer from memory.
pub trait NamedTunnels: Send + Sync {
    /// The tunnel whose connect token has this SHA-256.
    fn named_tunnel<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<TunnelId>, Box<dyn std::error::Error + Send + Sync>>>;
}

/// Why there is no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoStream {
    /// Nobody holds a tunnel.
    #[error("no tunnel stands")]
    Offline,
    /// Every tunnel carries as many streams as it may.
    #[error("the tunnel carries as many streams as it may")]
    Busy,
}

/// All tunnels. A cheap handle.
#[derive(Clone)]
pub struct Tunnels {
    inner: Arc<Inner>,
}

struct Inner {
    online: Online,
    named: Arc<dyn NamedTunnels>,
    limits: Limits,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    owners: Mutex<BTreeMap<Owner, Held>>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Held {
    /// Oldest first.
    lanes: Vec<Lane>,
    count: u64,
    gone_at: Option<Instant>,
}

struct Lane {
    number: u64,
    handle: EdgeHandle,
    close: CancellationToken,
}

impl Tunnels {
    /// `tasks` owns each tunnel's task; `shutdown` drains all of them.
    pub fn new(
        online: Online,
        named: Arc<dyn NamedTunnels>,
        limits: Limits,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        let (changes, _) = watch::channel(0);
        let owners = Mutex::default();
        Self { inner: Arc::new(Inner { online, named, limits, tasks, shutdown, owners, changes }) }
    }

    /// The route at which agents and local services open their tunnels.
    pub fn routes(&self) -> Router {
        Router::new().route(TUNNEL_PATH, get(admit)).with_state(self.clone())
    }

    /// Whether a tunnel of this owner can take a stream.
    pub fn is_open(&self, owner: Owner) -> bool {
        self.owners().get(&owner).is_some_and(|held| held.lanes.iter().any(|lane| lane.handle.is_alive()))
    }

    /// Changes each time a tunnel comes or goes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Ends all tunnels of an owner whose right ended. What is on its way is cut after the drain.
    pub fn close(&self, owner: Owner) {
        if let Some(held) = self.owners().get(&owner) {
            held.lanes.iter().for_each(|lane| lane.close.cancel());
        }
    }

    /// A new stream to a target, and the tunnel it goes through. When the owner's tunnel went away a moment ago, waits up to `grace` for the next.
    /// `peer`: the visitor, for raw TCP, where no header can tell.
    pub(super) async fn open(
        &self,
        target: Target,
        kind: TargetKind,
        peer: Option<String>,
        grace: Duration,
    ) -> Result<(TunnelStream, EdgeHandle), NoStream> {
        let (owner, name) = match target {
            Target::Lease { lease, agent } => (Owner::Agent(agent), lease.to_string()),
            Target::Tunnel(tunnel) => (Owner::Named(tunnel), tunnel.to_string()),
        };
        let mut wish = OpenTarget::new(name, kind).expect("ids are short printable texts");
        if let Some(peer) = peer {
            wish = wish.with_peer(peer).expect("socket addresses are short printable texts");
        }
        let mut changes = self.changes();
        let until = Instant::now() + grace;
        loop {
            changes.mark_unchanged();
            match self.try_open(owner, &wish).await {
                Err(NoStream::Offline) if self.is_awaited(owner) => {}
                opened => return opened,
            }
            if timeout_at(until, changes.changed()).await.is_err() {
                return Err(NoStream::Offline);
            }
        }
    }

    async fn try_open(
        &self,
        owner: Owner,
        wish: &OpenTarget,
    ) -> Result<(TunnelStream, EdgeHandle), NoStream> {
        let handles = self.handles(owner);
        let alive = handles.iter().any(EdgeHandle::is_alive);
        for handle in handles {
            if let Ok(stream) = handle.open(wish).await {
                return Ok((stream, handle));
            }
        }
        Err(if alive { NoStream::Busy } else { NoStream::Offline })
    }

    /// Newest first.
    fn handles(&self, owner: Owner) -> Vec<EdgeHandle> {
        let owners = self.owners();
        let lanes = owners.get(&owner).map_or(&[][..], |held| &held.lanes);
        lanes.iter().rev().map(|lane| lane.handle.clone()).collect()
    }

    /// It was here a moment ago, so it is probably on its way back.
    fn is_awaited(&self, owner: Owner) -> bool {
        let owners = self.owners();
        let Some(held) = owners.get(&owner) else { return false };
        // A lane that is there and takes no streams is draining, or about to be removed.
        !held.lanes.is_empty() || held.gone_at.is_some_and(|gone_at| gone_at.elapsed() < GONE_RECENTLY)
    }

    async fn owner_of(&self, headers: &HeaderMap) -> Result<Option<(Owner, CancellationToken)>, Problem> {
        let Some(token) = bearer(headers) else { return Ok(None) };
        let hash = token_hash(token);
        if let Some((agent, right)) = self.inner.online.tunnel_owner(&hash) {
            return Ok(Some((Owner::Agent(agent), right.child_token())));
        }
        match self.inner.named.named_tunnel(&hash).await {
            Ok(tunnel) => Ok(tunnel.map(|tunnel| (Owner::Named(tunnel), CancellationToken::new()))),
            Err(error) => {
                tracing::error!(error = &*error as &dyn std::error::Error, "look up a tunnel's token");
                Err(Problem::new(ErrorCode::Unavailable, "the tunnel's token cannot be checked now"))
            }
        }
    }

    async fn carry(self, upgrade: OnUpgrade, owner: Owner, close: CancellationToken) {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%error, "a tunnel was not upgraded"),
        };
        // Either ending of the right or of the process drains the tunnel.
        let drain = close.clone();
        let shutdown = self.inner.shutdown.clone();
        let (handle, driver) = Tunnel::edge(transport_of(upgraded), self.inner.limits, drain.clone());
        let number = self.add(owner, handle, close);
        tracing::info!(?owner, "tunnel {number} of {owner:?} stands");
        let mut driver = std::pin::pin!(driver);
        let reason = tokio::select! {
            reason = &mut driver => reason,
            () = shutdown.cancelled() => {
                drain.cancel();
                driver.await
            }
        };
        self.remove(owner, number);
        tracing::info!(?owner, "tunnel {number} of {owner:?} ended: {reason}");
    }

    fn add(&self, owner: Owner, handle: EdgeHandle, close: CancellationToken) -> u64 {
        let mut owners = self.owners();
        let held = owners.entry(owner).or_default();
        held.count += 1;
        held.gone_at = None;
        let number = held.count;
        held.lanes.push(Lane { number, handle, close });
        if held.lanes.len() > TUNNELS_PER_OWNER_MAX
            && let Some(oldest) = held.lanes.first()
        {
            oldest.close.cancel();
        }
        drop(owners);
        self.inner.changes.send_modify(|count| *count += 1);
        number
    }

    fn remove(&self, owner: Owner, number: u64) {
        let mut owners = self.owners();
        if let Some(held) = owners.get_mut(&owner) {
            held.lanes.retain(|lane| lane.number != number);
            if held.lanes.is_empty() {
                held.gone_at = Some(Instant::now());
            }
        }
        // Owners that are long gone are forgotten when the next one goes.
        owners.retain(|_, held| {
            !held.lanes.is_empty() || held.gone_at.is_some_and(|at| at.elapsed() < GONE_RECENTLY)
        });
        drop(owners);
        self.inner.changes.send_modify(|count| *count += 1);
    }

    fn owners(&self) -> MutexGuard<'_, BTreeMap<Owner, Held>> {
        self.inner.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn admit(State(tunnels): State<Tunnels>, mut request: Request) -> Response {
    let (owner, close) = match tunnels.owner_of(request.headers()).await {
        Ok(Some(admitted)) => admitted,
        Ok(None) => {
            let text = "the tunnel's token is not known";
            let next = "Take the token of the newest welcome, or the connect token of the tunnel.";
            return refusal(Problem::new(ErrorCode::Unauthorized, text).with_next(next));
        }
        Err(problem) => return refusal(problem),
    };
    let wanted = request.headers().get(header::UPGRADE);
    if !wanted.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(TUNNEL_UPGRADE.as_bytes())) {
        let text = format!("a tunnel begins with an upgrade to {TUNNEL_UPGRADE}");
        return refusal(Problem::new(ErrorCode::UnexpectedMessage, text));
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let tasks = tunnels.inner.tasks.clone();
    tasks.spawn(tunnels.carry(upgrade, owner, close));
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, TUNNEL_UPGRADE)];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// The bare socket when there is one: it can be told not to hold small frames back. Held back behind one another,
/// the end of one request and the beginning of the next cost 40 ms, which is the peer's delayed acknowledgement.
fn transport_of(upgraded: Upgraded) -> Box<dyn Transport> {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) if parts.read_buf.is_empty() => Box::new(parts.io.into_inner()),
        Ok(parts) => {
            let socket = parts.io.into_inner();
            let _ = socket.set_nodelay(true);
            let (read, write) = socket.into_split();
            Box::new(Named::new("tcp", join(Cursor::new(parts.read_buf).chain(read), write)))
        }
        Err(upgraded) => Box::new(Named::new("upgrade", TokioIo::new(upgraded))),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refusal(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(ErrorBody { error: ErrorDetail { problem, request_id: None } })).into_response()
}
