//! Section `workloads`: one row for each workload that exists or is wanted here.

use crate::{
    api::deployment::Exposure,
    error::Problem,
    id::{DeploymentId, LeaseId, ReleaseId},
    link::Timings,
    money::Amount,
    unit::{Bytes, MilliCpu, Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Section `workloads`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Workloads {
    /// By lease, which is by age.
    pub rows: Vec<WorkloadRow>,
}

/// One workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WorkloadRow {
    /// Under which lease.
    pub lease: LeaseId,
    /// Of which deployment.
    pub deployment: DeploymentId,
    /// Which version of it.
    pub release: ReleaseId,
    /// The deployment's name; empty for what was found running and is not named by the coordinator yet.
    pub name: String,
    /// HTTP by name, or a raw TCP port.
    pub exposure: Exposure,
    /// Where visitors find it; absent when the coordinator did not say.
    pub url: Option<String>,
    /// Where it stands.
    pub phase: WorkloadPhase,
    /// Since when.
    pub since: UnixMillis,
    /// Reserved processor share.
    pub cpu: MilliCpu,
    /// Reserved memory.
    pub memory: Bytes,
    /// Memory in use, when running, as last seen; the live one is in section `machine`.
    pub memory_used: Option<Bytes>,
    /// How often it was started again after it ended by itself.
    pub restarts: u32,
    /// Its port on this machine's loopback.
    pub port: Option<u16>,
    /// The port it listens on in its container.
    pub container_port: u16,
    /// The engine's digest of its image.
    pub image: Option<String>,
    /// The image's size on disk.
    pub image_bytes: Option<Bytes>,
    /// How long the parts of the way up took.
    pub timings: Timings,
    /// From SIGTERM to SIGKILL.
    pub stop_grace: Millis,
    /// Absent where nothing is paid for it.
    pub paid: Option<WorkloadPay>,
    /// What a desk may do with it now.
    pub may: Vec<WorkloadAct>,
    /// Given back: the coordinator moves it away.
    pub given_back: bool,
}

/// What a workload earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WorkloadPay {
    /// At the agreed rates and without what it sends, base units.
    pub per_hour: Amount,
    /// By the own book, base units.
    pub earned: Amount,
    /// Of that the coordinator has vouched for, base units.
    pub vouched: Amount,
}

/// What can be done with a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WorkloadAct {
    /// [`super::Call::RestartWorkload`].
    Restart,
    /// [`super::Call::StopWorkload`].
    Stop,
    /// [`super::Call::RemoveWorkload`].
    Remove,
}

/// The life of a workload, as a desk shows it. The last lines of one that failed are in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum WorkloadPhase {
    /// Known, not begun.
    Waiting {
        /// Why, when that is worth telling.
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
    /// It runs and has not answered yet.
    Checking,
    /// It runs and answers.
    Healthy,
    /// It runs and does not answer.
    Unhealthy {
        /// What is seen instead.
        why: Problem,
    },
    /// It ended by itself and will be started again.
    BackingOff {
        /// How it ended.
        last: Problem,
        /// When it is started again.
        until: UnixMillis,
    },
    /// It is being stopped.
    Stopping,
    /// It will not come up.
    Failed {
        /// Why.
        problem: Problem,
    },
}
