//! What an agent and the coordinator say to each other over the link: one WebSocket, messages only, never visitors'
//! bytes. Wanted state goes down whole ([`Assignment`]), facts come up ([`Report`], [`LogBatch`]).

use crate::{
    error::{ErrorCode, Problem},
    id::{AgentId, DeploymentId, LeaseId, ReleaseId},
    secret::Secret,
    unit::{Bytes, ContainerPort, HostPort, MilliCpu, Millis, UnixMillis},
    version::{Version, VersionRange},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use crate::api::deployment::Exposure;

mod lending;
mod payment;
mod report;
pub use lending::*;
pub use payment::*;
pub use report::*;

/// The path of the link's WebSocket on the coordinator.
pub const LINK_PATH: &str = "/v1/link";
/// The path at which an HTTP Upgrade becomes a tunnel.
pub const TUNNEL_PATH: &str = "/v1/tunnel";
/// The protocol name in that Upgrade.
pub const TUNNEL_UPGRADE: &str = "ttalkak-tunnel";
/// What an agent signs starts with this, so that a signature can never serve another purpose.
pub const CHALLENGE_CONTEXT: &str = "ttalkak link challenge v1";

/// The bytes that an agent signs with its Ed25519 key to prove who it is on this connection.
/// `audience` is the coordinator's own id from the challenge, so that a proof cannot be replayed elsewhere.
pub fn challenge_bytes(audience: &str, nonce: &str, agent: AgentId) -> Vec<u8> {
    format!("{CHALLENGE_CONTEXT}\n{audience}\n{nonce}\n{agent}").into_bytes()
}

/// From the agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "reports are nearly all that is ever sent")]
pub enum FromAgent {
    /// First: who and what speaks.
    Hello(Hello),
    /// Second: the signed challenge.
    Proof(Proof),
    /// Facts; also the heartbeat.
    Report(Report),
    /// Lines of build and run logs.
    Logs(LogBatch),
    /// Answer to a kind that this side does not know.
    Unsupported(Unsupported),
}

/// From the coordinator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromCoordinator {
    /// Prove that you hold the key.
    Challenge(Challenge),
    /// The connection stands.
    Welcome(Welcome),
    /// It does not; the connection is closed after this.
    Refused(Refused),
    /// All leases to honour.
    Assignment(Assignment),
    /// A report was stored: the leases are renewed from the moment it was sent.
    Renewed(Renewed),
    /// Log lines up to these are kept; the agent may forget them.
    LogsStored(LogsStored),
    /// Readings were charged, and this is what they have earned.
    Vouchers(Vouchers),
    /// What becomes of leases that shall go. Since version 2.
    Drain(DrainPlan),
    /// Answer to a kind that this side does not know.
    Unsupported(Unsupported),
}

impl FromAgent {
    /// The kinds of this direction, for [`crate::codec::decode`].
    pub const KINDS: &[&str] = &["hello", "proof", "report", "logs", "unsupported"];
}

impl FromCoordinator {
    /// The kinds of this direction, for [`crate::codec::decode`].
    pub const KINDS: &[&str] = &[
        "challenge",
        "welcome",
        "refused",
        "assignment",
        "renewed",
        "logs_stored",
        "vouchers",
        "drain",
        "unsupported",
    ];
}

/// Who dials, what it speaks, what it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// What this agent can speak.
    pub versions: VersionRange,
    /// Who it says it is.
    pub agent: AgentId,
    /// Program version, for people.
    pub build: String,
    /// The machine and what may be used of it.
    pub capacity: Capacity,
    /// Whether it takes new work. Since version 2.
    #[serde(default, skip_serializing_if = "Lending::is_default")]
    pub lending: Lending,
}

/// What a machine is and what its owner lends of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Capacity {
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// Lent processor share.
    pub cpu: MilliCpu,
    /// Lent memory.
    pub memory: Bytes,
    /// Most workloads at a time.
    pub workloads_max: u32,
    /// Engine name and version, such as `docker 20.10.24`; `None` while no engine answers.
    pub engine: Option<String>,
}

/// A nonce to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// The version both will speak.
    pub version: Version,
    /// 32 random bytes, hex; used once.
    pub nonce: String,
    /// The coordinator's own id.
    pub audience: String,
}

/// The answer to a [`Challenge`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Ed25519 over [`challenge_bytes`], hex, 64 bytes.
    pub signature: String,
}

/// The terms of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version spoken from here on.
    pub version: Version,
    /// A report at least this often.
    pub report_every: Millis,
    /// A lease that was not renewed for so long is over: the agent stops its workload by itself.
    pub lease_ttl: Millis,
    /// Bearer token for [`TUNNEL_PATH`]; good for this connection only.
    pub tunnel_token: Secret<String>,
    /// Where the run log of each lease was last stored, so that nothing is sent twice or lost.
    pub log_marks: Vec<LogMark>,
    /// Bearer token for `/v1/agents/me`; good for this connection only. Since version 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_token: Option<Secret<String>>,
}

/// Why there will be no connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Code, sentence, next move.
    #[serde(flatten)]
    pub problem: Problem,
    /// What the coordinator speaks.
    pub supported: VersionRange,
}

impl Refused {
    /// A refusal with the code's own next move.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { problem: Problem::new(code, message), supported: crate::version::supported() }
    }
}

/// A kind that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsupported {
    /// The number of the message. On the wire it is `of_n`, since `n` is the number of this answer itself.
    #[serde(rename = "of_n")]
    pub n: u64,
    /// The kind it named.
    pub of: String,
}

/// Leases are renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewed {
    /// The number of the report that renews; the agent counts the time to live from when it sent that report.
    pub report: u64,
}

/// The full list of leases one agent should honour. Whole each time; an older generation is ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Only ever grows, also across restarts of the coordinator.
    pub generation: u64,
    /// What should run here. A workload whose lease is not listed is stopped with its grace and removed.
    pub leases: Vec<Lease>,
    /// Build keys of images to keep beside those in use: the releases one may roll back to.
    pub pinned: Vec<String>,
}

/// One workload to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// This lease.
    pub lease: LeaseId,
    /// Whose.
    pub deployment: DeploymentId,
    /// Which version of it.
    pub release: ReleaseId,
    /// The deployment's name, for people and logs.
    pub name: String,
    /// Where visitors find it; absent from a coordinator that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How to make the image.
    pub build: BuildSpec,
    /// How to run it.
    pub run: RunSpec,
    /// How it is paid; absent where nothing is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
}

/// How to make an image, complete: the agent decides nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildSpec {
    /// SHA-256 (hex) over everything that goes into the image. An image of this key that exists is used as it is.
    pub build_key: String,
    /// Where the source archive is.
    pub source: SourceRef,
    /// The Dockerfile's text, generated or the repository's own.
    pub dockerfile: String,
    /// Files put into the build context beside the source; they win over files of the source.
    pub files: BTreeMap<String, String>,
    /// Build arguments, public.
    pub args: BTreeMap<String, String>,
    /// Build secrets, mounted for the steps that ask for them.
    pub secrets: BTreeMap<String, Secret<String>>,
    /// The build is stopped after so long.
    pub deadline: Millis,
}

/// A source archive and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRef {
    /// Path on the coordinator, fetched with `token` as bearer.
    pub path: String,
    /// Good for this archive only.
    pub token: Secret<String>,
    /// SHA-256 of the archive's bytes, hex.
    pub digest: String,
    /// Its length.
    pub bytes: Bytes,
}

/// How to run an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// Environment of the app; `PORT` is among it.
    pub env: BTreeMap<String, Secret<String>>,
    /// Where the app should listen.
    pub port: ContainerPort,
    /// HTTP by name, or a raw TCP port.
    pub exposure: Exposure,
    /// Memory limit, swap included.
    pub memory: Bytes,
    /// Processor limit.
    pub cpu: MilliCpu,
    /// From SIGTERM to SIGKILL.
    pub stop_grace: Millis,
    /// The app must be healthy so soon after its start.
    pub start_deadline: Millis,
    /// Path that must answer below 500; `None`: any HTTP answer, or an accepted connection, is health.
    pub health_path: Option<String>,
}

/// Log lines of a lease up to `seq` are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogsStored {
    /// One mark per lease of the batch.
    pub marks: Vec<LogMark>,
}

/// How far the log of a lease is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMark {
    /// Whose log.
    pub lease: LeaseId,
    /// The last stored line.
    pub seq: u64,
    /// The engine's own time of the last stored run line, nanoseconds since 1970; 0 when there is none.
    pub engine_nanos: i64,
}

/// A host port and the machine-side state of a tunnel stay on the agent; the edge names the lease only.
/// This is what the agent looks up for each stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backend {
    /// Where the workload of the lease listens on this machine's loopback.
    pub port: HostPort,
}

/// Time of a fact, when the agent saw it.
pub type SeenAt = UnixMillis;
