//! An agent made by hand: it holds a key of its own and sends exactly the frames that it is told to, also those that
//! no honest agent would send.

use crate::World;
use ed25519_dalek::{Signer, SigningKey};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, protocol::CloseFrame},
};
use ttalkak_protocol::{
    codec,
    id::AgentId,
    link::{
        Capacity, Challenge, FromAgent, FromCoordinator, Hello, LINK_PATH, Lending, MachineReading,
        MoneyReport, Proof, Report, Welcome, challenge_bytes,
    },
    unit::{Bytes, MilliCpu, UnixMillis},
    version::{VersionRange, supported},
};

/// An enrolled agent that has not dialled yet.
pub struct MadeAgent {
    /// Who it is.
    pub id: AgentId,
    key: SigningKey,
    address: String,
}

/// One link of it.
pub struct MadeLink {
    /// The WebSocket, for what is below messages.
    pub socket: WebSocketStream<TcpStream>,
    /// The number of the last frame.
    pub n: u64,
}

impl MadeAgent {
    /// Enrols with a fresh key. It lends nothing, so that no workload is ever given to it.
    pub async fn enrol(world: &World) -> Self {
        let (status, code) = world.post_api("/v1/enrolments", &json!({})).await;
        assert!(status < 300, "{code}");
        let key = SigningKey::from_bytes(&seed());
        let wish = json!({
            "code": code["code"],
            "public_key": hex::encode(key.verifying_key().to_bytes()),
            "name": "made by hand",
        });
        let (status, enrolled) = world.post_api("/v1/agents", &wish).await;
        assert!(status < 300, "{enrolled}");
        let id = enrolled["agent"].as_str().and_then(|id| id.parse().ok()).expect("an agent's id");
        Self { id, key, address: world.api_url().trim_start_matches("http://").to_owned() }
    }

    /// Where the coordinator listens, as `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A link on which nothing was said yet.
    pub async fn dial(&self) -> MadeLink {
        let socket = TcpStream::connect(&self.address).await.expect("a coordinator that listens");
        let url = format!("ws://{}{LINK_PATH}", self.address);
        let (socket, _) = client_async(url, socket).await.expect("a WebSocket");
        MadeLink { socket, n: 0 }
    }

    /// The first message.
    pub fn hello(&self, versions: VersionRange) -> FromAgent {
        FromAgent::Hello(Hello {
            versions,
            agent: self.id,
            build: "by hand".into(),
            capacity: capacity(),
            lending: Lending::default(),
        })
    }

    /// The second message.
    pub fn proof(&self, challenge: &Challenge) -> FromAgent {
        let bytes = challenge_bytes(&challenge.audience, &challenge.nonce, self.id);
        FromAgent::Proof(Proof { signature: hex::encode(self.key.sign(&bytes).to_bytes()) })
    }

    /// A link that was challenged.
    pub async fn challenged(&self) -> (MadeLink, Challenge) {
        let mut link = self.dial().await;
        link.send(&self.hello(supported())).await;
        let FromCoordinator::Challenge(challenge) = link.next().await else { panic!("no challenge") };
        (link, challenge)
    }

    /// A link that was welcomed and has its first assignment.
    pub async fn welcomed(&self) -> (MadeLink, Welcome) {
        let (mut link, challenge) = self.challenged().await;
        link.send(&self.proof(&challenge)).await;
        let FromCoordinator::Welcome(welcome) = link.next().await else { panic!("no welcome") };
        let FromCoordinator::Assignment(_) = link.next().await else { panic!("no assignment") };
        (link, welcome)
    }
}

impl MadeLink {
    /// Sends a message with the next number.
    pub async fn send(&mut self, message: &FromAgent) {
        self.n += 1;
        self.raw(codec::encode(self.n, message)).await;
    }

    /// Sends any bytes as a frame.
    pub async fn raw(&mut self, frame: Vec<u8>) {
        self.socket.send(Message::Binary(frame.into())).await.expect("a link that takes bytes");
    }

    /// Sends a heartbeat and waits until it is stored.
    pub async fn heartbeat(&mut self) {
        self.send(&FromAgent::Report(report(1))).await;
        let FromCoordinator::Renewed(renewed) = self.next().await else { panic!("not renewed") };
        assert_eq!(renewed.report, self.n);
    }

    /// The next message; fails the test when the link ends instead.
    pub async fn next(&mut self) -> FromCoordinator {
        match self.next_or_end().await {
            Ok(message) => message,
            Err(close) => panic!("the link ended: {close:?}"),
        }
    }

    async fn next_or_end(&mut self) -> Result<FromCoordinator, Option<CloseFrame>> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) => {
                    let decoded = codec::decode(&frame, FromCoordinator::KINDS);
                    return Ok(decoded.expect("a message of the protocol").message);
                }
                Some(Ok(Message::Close(close))) => return Err(close),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Reads to the end: the code of the refusal, when there was one.
    pub async fn refusal(&mut self) -> Option<String> {
        let mut refused = None;
        while let Ok(message) = self.next_or_end().await {
            if let FromCoordinator::Refused(refusal) = message {
                refused = Some(refusal.problem.code.to_string());
            }
        }
        refused
    }
}

/// A heartbeat without workloads.
pub fn report(generation: u64) -> Report {
    Report {
        generation,
        at: UnixMillis(1),
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
        cpu: MilliCpu(100),
        memory: Bytes::mib(1),
        workloads_max: 1,
        engine: None,
    }
}

/// 32 bytes that no other agent of the tests has.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    seed[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    seed
}
