//! A coordinator that does exactly what a test tells it to, over a real WebSocket on loopback.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a failure in the rig is a failed test, and its tasks end with it"
)]

use ed25519_dalek::{Signature, SigningKey};
use futures_util::{SinkExt, StreamExt};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;
use ttalkak_agent::{
    identity::{AgentRecord, Identity},
    io::{
        link::{self, Link, LinkTimes},
        pace::PaceLimits,
    },
    link_event::{self, LinkEvent, LinkHandle},
};
use ttalkak_protocol::{
    Secret, codec,
    id::AgentId,
    link::{
        Capacity, Challenge, FromAgent, FromCoordinator, Lending, LogMark, MachineReading, MoneyReport,
        Report, Welcome, challenge_bytes,
    },
    unit::{Bytes, MilliCpu, Millis, UnixMillis},
    version::Version,
};
use uuid::Uuid;

/// Far more than loopback needs; a test that reaches it has failed.
pub(crate) const SOON: Duration = Duration::from_secs(10);
const SECRET: [u8; 32] = [7; 32];
const AUDIENCE: &str = "cloud";

pub(crate) struct Fake {
    listener: TcpListener,
}

/// The coordinator's side of one connection.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    n: u64,
}

/// The link under test and the driver's side of its channels.
pub(crate) struct Subject {
    pub(crate) events: mpsc::Receiver<LinkEvent>,
    pub(crate) handle: LinkHandle,
    pub(crate) token: watch::Receiver<Option<Secret<String>>>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) async fn accept(&self) -> Peer {
        let (tcp, _) = timeout(SOON, self.listener.accept()).await.expect("the agent dials").unwrap();
        Peer { socket: accept_async(tcp).await.unwrap(), n: 0 }
    }

    /// A connection that has reached Welcome.
    pub(crate) async fn welcomed(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.shake_hands(vec![]).await;
        peer
    }

    pub(crate) fn link(&self, change: impl FnOnce(&mut LinkTimes)) -> Subject {
        let record = AgentRecord {
            agent: agent(),
            coordinator: format!("http://{}", self.listener.local_addr().unwrap()).parse().unwrap(),
            name: "attic".into(),
        };
        let (handle, events, end) = link_event::channels();
        let (tunnel_token, token) = watch::channel(None);
        let mut times = LinkTimes { pace: quick(), ..LinkTimes::default() };
        change(&mut times);
        let identity = Arc::new(Identity::in_memory(record, SECRET));
        let (api_token, _) = watch::channel(None);
        let lending = ttalkak_protocol::link::Lending::default();
        let link = Link { identity, capacity: capacity(), lending, tunnel_token, api_token, times };
        let shutdown = CancellationToken::new();
        let task = tokio::task::spawn(link::run(link, end, shutdown.clone()));
        Subject { events, handle, token, shutdown, task }
    }
}

impl Subject {
    pub(crate) async fn event(&mut self) -> LinkEvent {
        timeout(SOON, self.events.recv()).await.expect("an event comes").expect("the link runs")
    }

    pub(crate) async fn connected(&mut self) -> link_event::Session {
        match self.event().await {
            LinkEvent::Connected { session, .. } => session,
            other => panic!("expected Connected, got {other:?}"),
        }
    }

    /// What people are told about a lost connection.
    pub(crate) async fn lost(&mut self) -> String {
        match self.event().await {
            LinkEvent::Disconnected { problem } => format!("{}: {}", problem.code, problem.message),
            other => panic!("expected Disconnected, got {other:?}"),
        }
    }
}

impl Peer {
    pub(crate) async fn say(&mut self, message: &FromCoordinator) {
        self.n += 1;
        self.send(codec::encode(self.n, message)).await;
    }

    pub(crate) async fn send(&mut self, frame: Vec<u8>) {
        self.socket.send(Message::binary(frame)).await.unwrap();
    }

    /// The next message, past pings and pongs.
    pub(crate) async fn hear(&mut self) -> (u64, FromAgent) {
        loop {
            match timeout(SOON, self.socket.next()).await.expect("the agent speaks") {
                Some(Ok(Message::Binary(frame))) => {
                    let numbered = codec::decode(&frame, FromAgent::KINDS).unwrap();
                    return (numbered.n, numbered.message);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a frame, got {other:?}"),
            }
        }
    }

    /// The next frame's body as text.
    pub(crate) async fn raw(&mut self) -> String {
        match timeout(SOON, self.socket.next()).await.expect("the agent speaks") {
            Some(Ok(Message::Binary(frame))) => String::from_utf8(frame[4..].to_vec()).unwrap(),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// Code and reason of the closing frame.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match timeout(SOON, self.socket.next()).await.expect("the agent closes") {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a closing frame, got {other:?}"),
            }
        }
    }

    pub(crate) async fn hello(&mut self) {
        let (n, FromAgent::Hello(hello)) = self.hear().await else { panic!("hello comes first") };
        assert_eq!((n, hello.agent, hello.capacity), (1, agent(), capacity()));
    }

    /// The whole handshake; the proof is checked as the coordinator would.
    pub(crate) async fn shake_hands(&mut self, log_marks: Vec<LogMark>) {
        self.hello().await;
        let nonce = "5a".repeat(32);
        self.say(&FromCoordinator::Challenge(Challenge {
            version: Version(1),
            nonce: nonce.clone(),
            audience: AUDIENCE.into(),
        }))
        .await;
        let (_, FromAgent::Proof(proof)) = self.hear().await else { panic!("the proof comes second") };
        let signature = Signature::from_slice(&hex::decode(proof.signature).unwrap()).unwrap();
        let public = SigningKey::from_bytes(&SECRET).verifying_key();
        public.verify_strict(&challenge_bytes(AUDIENCE, &nonce, agent()), &signature).unwrap();
        self.say(&FromCoordinator::Welcome(Welcome {
            version: Version(1),
            report_every: Millis(5000),
            lease_ttl: Millis(30_000),
            tunnel_token: Secret::new("tunnel-token".into()),
            log_marks,
            api_token: None,
        }))
        .await;
    }
}

pub(crate) fn agent() -> AgentId {
    AgentId::new(Uuid::from_u128(7))
}

pub(crate) fn report(generation: u64) -> Report {
    Report {
        generation,
        at: UnixMillis(0),
        workloads: vec![],
        images: vec![],
        machine: MachineReading::default(),
        capacity: capacity(),
        money: MoneyReport::default(),
        lending: Lending::default(),
        handed_back: vec![],
    }
}

fn capacity() -> Capacity {
    Capacity {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpu: MilliCpu(1000),
        memory: Bytes::mib(512),
        workloads_max: 2,
        engine: None,
    }
}

fn quick() -> PaceLimits {
    PaceLimits { first: Duration::from_millis(5), most: Duration::from_millis(40), good_after: SOON }
}
