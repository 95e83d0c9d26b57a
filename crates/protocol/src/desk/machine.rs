//! Section `machine`: gauges of the machine and of what is lent, once a second while a desk looks.

use crate::{
    id::LeaseId,
    unit::{Bytes, MilliCpu, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Section `machine`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Machine {
    /// When it was read.
    pub at: UnixMillis,
    /// All of the machine, whoever uses it.
    pub whole: WholeMachine,
    /// What workloads use of what is lent.
    pub share: Share,
    /// The same for each running workload, by lease.
    pub workloads: Vec<WorkloadUse>,
}

/// The machine as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WholeMachine {
    /// Logical processors.
    pub cpus: u32,
    /// Of all processors, 0 to 100.
    pub cpu_percent: f32,
    /// In use.
    pub memory_used: Bytes,
    /// Built in.
    pub memory_total: Bytes,
    /// Free where the engine keeps its data.
    pub disk_free: Bytes,
    /// Size of that disk.
    pub disk_total: Bytes,
    /// Per second.
    pub received_per_second: Bytes,
    /// Per second.
    pub sent_per_second: Bytes,
}

/// What is lent, and how much of it is in use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Share {
    /// In use by workloads; absent when the engine does not tell.
    pub cpu_used: Option<MilliCpu>,
    /// Reserved by workloads.
    pub cpu_reserved: MilliCpu,
    /// Lent.
    pub cpu_limit: MilliCpu,
    /// In use by workloads; absent when the engine does not tell.
    pub memory_used: Option<Bytes>,
    /// Reserved by workloads.
    pub memory_reserved: Bytes,
    /// Lent.
    pub memory_limit: Bytes,
    /// Images, build cache and sources of ours; absent before the first look.
    pub disk_used: Option<Bytes>,
    /// Lent.
    pub disk_limit: Option<Bytes>,
    /// Visitors' bytes in, per second.
    pub received_per_second: Bytes,
    /// Visitors' bytes out, per second.
    pub sent_per_second: Bytes,
    /// The most in, per second.
    pub download_limit: Option<Bytes>,
    /// The most out, per second.
    pub upload_limit: Option<Bytes>,
}

/// What one workload uses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WorkloadUse {
    /// Which.
    pub lease: LeaseId,
    /// Processor share in use.
    pub cpu: MilliCpu,
    /// Memory in use.
    pub memory: Bytes,
    /// Per second, from visitors and from what it fetches.
    pub received_per_second: Bytes,
    /// Per second.
    pub sent_per_second: Bytes,
}
