//! Facts that an agent saw, stamped with the generation it acted on.

use crate::{
    error::Problem,
    id::LeaseId,
    link::{Capacity, HandedBack, Lending, MoneyReport},
    unit::{Bytes, HostPort, Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// All that an agent knows of its workloads and machine. Sent on every change and as the heartbeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The newest assignment that was acted on; 0 before the first.
    pub generation: u64,
    /// When, by the agent's clock.
    pub at: UnixMillis,
    /// One for each workload that exists or is wanted here.
    pub workloads: Vec<WorkloadReport>,
    /// Images of ours that are kept here, by build key.
    pub images: Vec<ImageReport>,
    /// The machine now.
    pub machine: MachineReading,
    /// What is lent; changes when the owner moves a limit or the engine comes or goes.
    pub capacity: Capacity,
    /// Offer, readings and closes.
    #[serde(default, skip_serializing_if = "MoneyReport::is_empty")]
    pub money: MoneyReport,
    /// Whether it takes new work, and until when it is here. Since version 2.
    #[serde(default, skip_serializing_if = "Lending::is_default")]
    pub lending: Lending,
    /// Leases it wants to be rid of, at most [`crate::link::HANDED_BACK_MAX`]. Since version 2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_back: Vec<HandedBack>,
}

/// What an agent knows of one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadReport {
    /// Under which lease.
    pub lease: LeaseId,
    /// Where it stands.
    pub phase: Phase,
    /// Since when it stands there, by the agent's clock.
    pub since: UnixMillis,
    /// Its port on the agent's loopback, once it has one.
    pub host_port: Option<HostPort>,
    /// The image it was made of, once there is one.
    pub image: Option<ImageReport>,
    /// How often it was started again after it ended by itself.
    pub restarts: u32,
    /// Memory in use, when running.
    pub memory_used: Option<Bytes>,
    /// How long the parts of the way took.
    pub timings: Timings,
}

/// How long each part of bringing a workload up took; zero for a part that was not needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Timings {
    /// Fetching and checking the source archive.
    #[serde(default)]
    pub fetch: Millis,
    /// The engine's build, context upload included.
    #[serde(default)]
    pub build: Millis,
    /// Creating and starting the container.
    #[serde(default)]
    pub start: Millis,
    /// From started to the first healthy probe.
    #[serde(default)]
    pub healthy: Millis,
}

/// An image in the agent's engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageReport {
    /// What it was built from.
    pub build_key: String,
    /// The engine's digest, `sha256:…`.
    pub digest: String,
    /// Size on disk.
    pub bytes: Bytes,
}

/// The life of a workload as the agent sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Known, not begun: another build runs, or the engine is away.
    Waiting {
        /// Why it waits, when that is worth telling.
        why: Option<Problem>,
    },
    /// The source archive is on its way.
    Fetching,
    /// The image is being made.
    Building {
        /// Steps finished.
        step: u32,
        /// Steps known so far.
        total: u32,
        /// The step at work, one line.
        doing: String,
    },
    /// The container is being made and started.
    Starting,
    /// The container runs.
    Running {
        /// What the probes say.
        health: Health,
    },
    /// It ended by itself and will be started again.
    BackingOff {
        /// How it ended.
        last: Problem,
        /// When it is started again, by the agent's clock.
        until: UnixMillis,
    },
    /// SIGTERM is sent; it is about to go.
    Stopping,
    /// It will not come up; the agent has given up on this lease.
    Failed {
        /// Why.
        problem: Problem,
        /// The last lines it wrote, at most 200.
        last_lines: Vec<String>,
    },
}

/// What the probes of a running workload say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "health", rename_all = "snake_case")]
pub enum Health {
    /// No answer yet, and its time to start is not over.
    Unknown,
    /// It answers.
    Healthy,
    /// It answered once or its time is over, and it does not answer now.
    Unhealthy {
        /// What is seen instead: wrong port, loopback only, never listened, no answer.
        why: Problem,
    },
}

/// Use of the machine as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MachineReading {
    /// Share of all processors in use, 0 to 100.
    pub cpu_percent: f32,
    /// Memory in use.
    pub memory_used: Bytes,
    /// Memory there is.
    pub memory_total: Bytes,
    /// Free room where the engine keeps its data.
    pub disk_free: Bytes,
    /// Size of that disk.
    pub disk_total: Bytes,
    /// Received since the last reading, per second.
    pub received_per_second: Bytes,
    /// Sent since the last reading, per second.
    pub sent_per_second: Bytes,
}

/// Lines of logs, oldest first within a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBatch {
    /// At most [`crate::codec::LOG_BATCH_LINES_MAX`].
    pub lines: Vec<LogLine>,
}

/// One line that a build or an app wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Whose.
    pub lease: LeaseId,
    /// Counts from 1 within a lease, build and run lines together; a repeated number is dropped by the reader.
    pub seq: u64,
    /// Where it came from.
    pub stream: LogStream,
    /// When it was written.
    pub at: UnixMillis,
    /// The engine's own time of a run line, nanoseconds since 1970; 0 for other lines.
    #[serde(default)]
    pub engine_nanos: i64,
    /// Without the line end; invalid UTF-8 replaced; cut at [`crate::codec::LOG_LINE_BYTES_MAX`].
    pub text: String,
}

/// The source of a log line.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum LogStream {
    /// The build's output.
    Build,
    /// The app's standard output.
    Stdout,
    /// The app's standard error.
    Stderr,
    /// What the platform has to say: started, crashed, lines dropped.
    System,
}
