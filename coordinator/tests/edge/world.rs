//! A small world for edge tests: real sockets, a real tunnel, and an agent of a few lines.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_coordinator::{
    edge::{
        EdgeConfig, EdgeState,
        routes::{RouteEntry, RouteTable, Serving, Target},
        serve, serve_ports,
        tunnels::{NamedTunnels, Owner, Tunnels},
    },
    online::{Arrival, Connected, Online, TokenHash, token_hash},
};
use ttalkak_protocol::{
    id::{AgentId, LeaseId, TunnelId},
    link::{Capacity, Exposure},
    unit::{MilliCpu, PublicPort, UnixMillis},
};
use ttalkak_tunnel::{Limits, ResetCode, Tunnel, TunnelStream, copy_both};
use uuid::Uuid;

pub(crate) const AGENT_TOKEN: &str = "agent-token";
pub(crate) const NAMED_TOKEN: &str = "named-token";

pub(crate) fn agent_id() -> AgentId {
    AgentId::new(Uuid::from_u128(1))
}

pub(crate) fn lease(number: u128) -> LeaseId {
    LeaseId::new(Uuid::from_u128(number))
}

pub(crate) fn named() -> TunnelId {
    TunnelId::new(Uuid::from_u128(77))
}

struct Names;

impl NamedTunnels for Names {
    fn named_tunnel<'a>(
        &'a self,
        hash: &'a TokenHash,
    ) -> BoxFuture<'a, Result<Option<TunnelId>, Box<dyn std::error::Error + Send + Sync>>> {
        let found = (*hash == token_hash(NAMED_TOKEN)).then(named);
        Box::pin(async move { Ok(found) })
    }
}

pub(crate) struct World {
    pub(crate) edge: SocketAddr,
    pub(crate) doors: SocketAddr,
    pub(crate) routes: RouteTable,
    pub(crate) tunnels: Tunnels,
    pub(crate) online: Online,
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    /// Keeps the agent online.
    pub(crate) link: Connected,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The real limits, but for the times that a test has to wait out.
pub(crate) fn config() -> EdgeConfig {
    EdgeConfig {
        tunnel_grace: Duration::from_millis(100),
        ports_address: [127, 0, 0, 1].into(),
        ..EdgeConfig::default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: EdgeConfig) -> Self {
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let online = Online::default();
        let link = online.connect(agent_id(), arrival());
        let tunnels =
            Tunnels::new(online.clone(), Arc::new(Names), Limits::default(), tasks.clone(), shutdown.clone());
        let routes = RouteTable::default();
        let state = EdgeState::new(config, routes.clone(), tunnels.clone(), tasks.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let edge = listener.local_addr().unwrap();
        tasks.spawn(serve(listener, state.clone(), shutdown.clone()));
        tasks.spawn(serve_ports(state, shutdown.clone()));
        let doors = serve_router(&tasks, tunnels.routes()).await;
        Self { edge, doors, routes, tunnels, online, tasks, shutdown, link }
    }

    /// A world with an agent and one app of the given name and lease.
    pub(crate) async fn with_app(name: &str, number: u128, backend: SocketAddr) -> (Self, Agent) {
        let world = Self::new().await;
        let agent = world.agent(&[(number, backend)]).await;
        world.route(name, number);
        (world, agent)
    }

    pub(crate) async fn agent(&self, backends: &[(u128, SocketAddr)]) -> Agent {
        let backends = backends.iter().map(|(number, to)| (lease(*number).to_string(), *to)).collect();
        let agent = Agent::dial(self, AGENT_TOKEN, backends).await.unwrap();
        self.until_open(Owner::Agent(agent_id())).await;
        agent
    }

    pub(crate) async fn until_open(&self, owner: Owner) {
        let mut changes = self.tunnels.changes();
        while !self.tunnels.is_open(owner) {
            changes.changed().await.unwrap();
        }
    }

    pub(crate) async fn until_closed(&self, owner: Owner) {
        let mut changes = self.tunnels.changes();
        while self.tunnels.is_open(owner) {
            changes.changed().await.unwrap();
        }
    }

    pub(crate) fn route(&self, name: &str, number: u128) {
        let target = Target::Lease { lease: lease(number), agent: agent_id() };
        self.serve_by(name, target, None);
    }

    pub(crate) fn serve_by(&self, name: &str, target: Target, port: Option<PublicPort>) {
        let exposure = if port.is_some() { Exposure::Tcp } else { Exposure::Http };
        self.routes
            .set(name, RouteEntry { exposure, public_port: port, place: None, serving: Serving::By(target) });
    }

    /// A visitor's connection.
    pub(crate) async fn visitor(&self) -> Visitor {
        let socket = TcpStream::connect(self.edge).await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
        self.tasks.spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        Visitor { sender }
    }

    pub(crate) async fn get(&self, name: &str, path: &str) -> (StatusCode, String) {
        let response = self.visitor().await.send(get(name, path)).await;
        let status = response.status();
        (status, text(response).await)
    }

    /// Sends bytes as they are and reads until the edge closes.
    pub(crate) async fn raw(&self, bytes: &str) -> String {
        let mut socket = TcpStream::connect(self.edge).await.unwrap();
        socket.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

pub(crate) fn arrival() -> Arrival {
    let capacity = Capacity {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpu: MilliCpu(1000),
        memory: ttalkak_protocol::unit::Bytes::mib(512),
        workloads_max: 9,
        engine: None,
    };
    Arrival {
        since: UnixMillis(0),
        build: "test".into(),
        capacity,
        lending: ttalkak_protocol::link::Lending::default(),
        tunnel_token: token_hash(AGENT_TOKEN),
        api_token: token_hash("api"),
    }
}

pub(crate) struct Visitor {
    sender: SendRequest<TestBody>,
}

pub(crate) type TestBody = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

impl Visitor {
    pub(crate) async fn send(&mut self, request: Request<TestBody>) -> Response<Incoming> {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(&mut self, request: Request<TestBody>) -> hyper::Result<Response<Incoming>> {
        self.sender.ready().await?;
        self.sender.send_request(request).await
    }
}

pub(crate) fn get(name: &str, path: &str) -> Request<TestBody> {
    Request::get(path).header("host", format!("{name}.localhost")).body(Empty::new().boxed()).unwrap()
}

pub(crate) fn post(name: &str, path: &str, body: impl Into<Bytes>) -> Request<TestBody> {
    let body = Full::new(body.into()).boxed();
    Request::post(path).header("host", format!("{name}.localhost")).body(body).unwrap()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) async fn serve_router(tasks: &TaskTracker, router: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// The agent's end of a tunnel: connects each stream to the backend of its target.
pub(crate) struct Agent {
    backends: Arc<Mutex<BTreeMap<String, SocketAddr>>>,
    /// Cancelled: the tunnel is dropped as if the machine were gone.
    kill: CancellationToken,
    /// Cancelled: the tunnel is drained.
    drain: CancellationToken,
    ended: CancellationToken,
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill.cancel();
    }
}

impl Agent {
    pub(crate) async fn dial(
        world: &World,
        token: &str,
        backends: BTreeMap<String, SocketAddr>,
    ) -> Result<Self, String> {
        let mut socket = TcpStream::connect(world.doors).await.unwrap();
        let head = format!(
            "GET /v1/tunnel HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ttalkak-tunnel\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let answer = read_head(&mut socket).await;
        if !answer.starts_with("HTTP/1.1 101") {
            return Err(answer);
        }
        let backends = Arc::new(Mutex::new(backends));
        let (kill, drain, ended) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (mut handle, driver) = Tunnel::agent(socket, Limits::default(), drain.clone());
        let (known, stop) = (Arc::clone(&backends), kill.clone());
        let over = ended.clone().drop_guard();
        let streams = TaskTracker::new();
        world.tasks.spawn(async move {
            let _over = over;
            let accept = async {
                while let Some((target, stream)) = handle.accept().await {
                    let backend = known.lock().unwrap().get(target.target()).copied();
                    streams.spawn(connect(backend, stream));
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                _ = driver => {}
                () = accept => {}
            }
        });
        Ok(Self { backends, kill, drain, ended })
    }

    pub(crate) fn kill(&self) {
        self.kill.cancel();
    }

    /// Waits until the tunnel has ended.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub(crate) fn drain(&self) {
        self.drain.cancel();
    }

    pub(crate) fn set(&self, number: u128, backend: SocketAddr) {
        self.backends.lock().unwrap().insert(lease(number).to_string(), backend);
    }
}

async fn connect(backend: Option<SocketAddr>, mut stream: TunnelStream) {
    let Some(backend) = backend else { return stream.reject(ResetCode::NoSuchTarget) };
    match TcpStream::connect(backend).await {
        Ok(mut socket) => {
            let _ = stream.confirm();
            if copy_both(&mut stream, &mut socket).await.is_err() {
                let _ = socket.set_zero_linger();
            }
        }
        Err(_) => stream.reject(ResetCode::BackendRefused),
    }
}

/// Reads to the end of a head and not a byte further.
pub(crate) async fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A backend of raw sockets: `serve` deals with each connection.
pub(crate) async fn raw_backend<F, Fut>(tasks: &TaskTracker, serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let inner = tasks.clone();
    tasks.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            inner.spawn(serve(socket));
        }
    });
    address
}
