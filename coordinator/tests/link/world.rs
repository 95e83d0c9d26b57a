//! A small world for link tests: the real link behind a real HTTP server, and agents of a few lines.

use ed25519_dalek::{Signer, SigningKey};
use futures_util::{FutureExt, SinkExt, StreamExt, future::BoxFuture};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, protocol::CloseFrame},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_coordinator::{
    link::{AgentRecord, LinkConfig, LinkState, Registry, RegistryError, routes},
    nudge::Nudge,
    online::Online,
};
use ttalkak_protocol::{
    codec,
    id::AgentId,
    link::{
        Assignment, Capacity, Challenge, DrainPlan, FromAgent, FromCoordinator, Hello, Lending, LogBatch,
        LogMark, MachineReading, MoneyReport, Proof, Report, VoucherNews, Welcome, challenge_bytes,
    },
    unit::{Bytes, MilliCpu, UnixMillis},
    version::supported,
};
use uuid::Uuid;

pub(crate) fn agent_id() -> AgentId {
    AgentId::new(Uuid::from_u128(1))
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A store in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) agents: Mutex<BTreeMap<AgentId, AgentRecord>>,
    pub(crate) reports: Mutex<Vec<Report>>,
    pub(crate) generation: Mutex<u64>,
    pub(crate) drain: Mutex<DrainPlan>,
    pub(crate) broken: Mutex<bool>,
}

impl Memory {
    fn answer<T: Send + 'static>(&self, value: T) -> BoxFuture<'_, Result<T, RegistryError>> {
        let broken = *self.broken.lock().unwrap();
        async move { if broken { Err("the disk is full".into()) } else { Ok(value) } }.boxed()
    }
}

impl Registry for Memory {
    fn agent_key(&self, agent: AgentId) -> BoxFuture<'_, Result<Option<AgentRecord>, RegistryError>> {
        let record = self.agents.lock().unwrap().get(&agent).cloned();
        async move { Ok(record) }.boxed()
    }

    fn seen<'a>(&'a self, _: AgentId, _: &'a Hello) -> BoxFuture<'a, Result<(), RegistryError>> {
        self.answer(())
    }

    fn drain_plan(&self, _: AgentId) -> BoxFuture<'_, Result<DrainPlan, RegistryError>> {
        self.answer(self.drain.lock().unwrap().clone())
    }

    fn log_marks(&self, _: AgentId) -> BoxFuture<'_, Result<Vec<LogMark>, RegistryError>> {
        self.answer(vec![])
    }

    fn next_assignment(&self, _: AgentId) -> BoxFuture<'_, Result<Assignment, RegistryError>> {
        let mut generation = self.generation.lock().unwrap();
        *generation += 1;
        self.answer(Assignment { generation: *generation, leases: vec![], pinned: vec![] })
    }

    fn store_report<'a>(
        &'a self,
        _: AgentId,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<Vec<VoucherNews>, RegistryError>> {
        self.reports.lock().unwrap().push(report.clone());
        self.answer(vec![])
    }

    fn store_logs<'a>(
        &'a self,
        _: AgentId,
        logs: &'a LogBatch,
    ) -> BoxFuture<'a, Result<Vec<LogMark>, RegistryError>> {
        let marks =
            logs.lines.last().map(|line| LogMark { lease: line.lease, seq: line.seq, engine_nanos: 0 });
        self.answer(marks.into_iter().collect())
    }
}

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Arc<Memory>,
    pub(crate) online: Online,
    pub(crate) nudge: Nudge,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Times that tests can wait out.
pub(crate) fn config() -> LinkConfig {
    LinkConfig {
        handshake_deadline: Duration::from_secs(5),
        right_check_every: Duration::from_millis(50),
        ..LinkConfig::new("co-1")
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: LinkConfig) -> Self {
        let memory = Arc::new(Memory::default());
        let record =
            AgentRecord { public_key: key().verifying_key().to_bytes(), revoked: false, leaves: false };
        memory.agents.lock().unwrap().insert(agent_id(), record);
        let world = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            memory,
            online: Online::default(),
            nudge: Nudge::default(),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let state = LinkState {
            config: Arc::new(config),
            registry: Arc::clone(&world.memory) as Arc<dyn Registry>,
            online: world.online.clone(),
            nudge: world.nudge.clone(),
            tasks: world.tasks.clone(),
            shutdown: world.shutdown.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = TaskTracker::new();
        server.spawn(async move { axum::serve(listener, routes(state)).await.unwrap() });
        Self { address, ..world }
    }

    /// A connection that has said nothing yet.
    pub(crate) async fn dial(&self) -> Agent {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (ws, _) = client_async(format!("ws://{}/v1/link", self.address), socket).await.unwrap();
        Agent { ws, n: 0 }
    }

    /// An agent that was welcomed and has its first assignment.
    pub(crate) async fn welcomed(&self) -> (Agent, Welcome, Assignment) {
        let mut agent = self.dial().await;
        agent.shake_hands(agent_id()).await;
        let FromCoordinator::Welcome(welcome) = agent.next().await else { panic!("no welcome") };
        let FromCoordinator::Assignment(assignment) = agent.next().await else { panic!("no assignment") };
        (agent, welcome, assignment)
    }

    pub(crate) async fn until_offline(&self) {
        let mut changes = self.online.subscribe();
        while self.online.contains(agent_id()) {
            changes.changed().await.unwrap();
        }
    }
}

pub(crate) fn hello(agent: AgentId) -> Hello {
    Hello {
        versions: supported(),
        agent,
        build: "test".into(),
        capacity: capacity(),
        lending: Lending::default(),
    }
}

fn capacity() -> Capacity {
    Capacity {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpu: MilliCpu(1000),
        memory: Bytes::mib(512),
        workloads_max: 1,
        engine: None,
    }
}

pub(crate) fn report(generation: u64) -> Report {
    Report {
        generation,
        at: UnixMillis(1),
        workloads: vec![],
        images: vec![],
        machine: MachineReading { cpu_percent: 7.0, ..MachineReading::default() },
        capacity: capacity(),
        money: MoneyReport::default(),
        lending: Lending::default(),
        handed_back: vec![],
    }
}

pub(crate) fn proof(challenge: &Challenge, agent: AgentId) -> FromAgent {
    let bytes = challenge_bytes(&challenge.audience, &challenge.nonce, agent);
    FromAgent::Proof(Proof { signature: hex::encode(key().sign(&bytes).to_bytes()) })
}

/// An agent's end of the link.
pub(crate) struct Agent {
    pub(crate) ws: WebSocketStream<TcpStream>,
    pub(crate) n: u64,
}

impl Agent {
    pub(crate) async fn send(&mut self, message: FromAgent) {
        self.n += 1;
        self.raw(codec::encode(self.n, &message)).await;
    }

    pub(crate) async fn raw(&mut self, frame: Vec<u8>) {
        self.ws.send(Message::Binary(frame.into())).await.unwrap();
    }

    /// The next message; fails the test when the link ends instead.
    pub(crate) async fn next(&mut self) -> FromCoordinator {
        match self.ended_or_next().await {
            Ok(message) => message,
            Err(close) => panic!("the link ended: {close:?}"),
        }
    }

    /// The next message, or how the link ended.
    pub(crate) async fn ended_or_next(&mut self) -> Result<FromCoordinator, Option<CloseFrame>> {
        loop {
            match self.ws.next().await {
                Some(Ok(Message::Binary(frame))) => {
                    return Ok(codec::decode(&frame, FromCoordinator::KINDS).unwrap().message);
                }
                Some(Ok(Message::Close(close))) => return Err(close),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Reads to the end: the refusal's code and the close code.
    pub(crate) async fn end(&mut self) -> (Option<String>, Option<u16>) {
        let mut refused = None;
        loop {
            match self.ended_or_next().await {
                Ok(FromCoordinator::Refused(refusal)) => refused = Some(refusal.problem.code.to_string()),
                Ok(_) => {}
                Err(close) => return (refused, close.map(|close| close.code.into())),
            }
        }
    }

    pub(crate) async fn challenge(&mut self, agent: AgentId) -> Challenge {
        self.send(FromAgent::Hello(hello(agent))).await;
        let FromCoordinator::Challenge(challenge) = self.next().await else { panic!("no challenge") };
        challenge
    }

    pub(crate) async fn shake_hands(&mut self, agent: AgentId) {
        let challenge = self.challenge(agent).await;
        self.send(proof(&challenge, agent)).await;
    }
}
