//! All that an agent can want done. Each variant is carried out by the driver with one piece of `io`.

use super::{event::Ticket, meter::BookEntry, policy::RunPolicy};
use std::{collections::BTreeSet, time::Duration};
use ttalkak_protocol::{
    id::{DeploymentId, LeaseId},
    link::{BuildSpec, Exposure, SourceRef},
    money::{Domain, Voucher},
    unit::{Bytes, ContainerPort, HostPort, MilliCpu, Millis},
};

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Have the source archive on disk, checked. Answer: `SourceFetched` or `SourceFailed`.
    Fetch {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// What.
        source: SourceRef,
    },
    /// Make an image. Answer: `BuildStepped` any number of times, then `ImageBuilt`, `BuildFailed` or `EngineLost`.
    Build {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// Whose; goes into the image's name.
        deployment: DeploymentId,
        /// How.
        spec: BuildSpec,
    },
    /// Create, inspect, audit and start a container. Answer: `Started`, `PortTaken`, `ImageMissing`, `StartFailed` or
    /// `EngineLost`.
    Start {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// Exactly how it must be.
        policy: Box<RunPolicy>,
    },
    /// Take a running container over if it is as the policy wants. Answer: `Started`, `NotAdopted` or `EngineLost`.
    Adopt {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// The engine's id.
        container: String,
        /// Exactly how it must be.
        policy: Box<RunPolicy>,
    },
    /// Ship its log and tell how it ends. Answer: `Exited`, or nothing when the engine goes away.
    Watch {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// The engine's id.
        container: String,
    },
    /// Ask whether it is healthy. Answer: `Probed`.
    Probe {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// What to ask.
        order: ProbeOrder,
    },
    /// Keep the last lines, stop and remove the container. Answer: `GaveUp`.
    GiveUp {
        /// For whom.
        lease: LeaseId,
        /// To be put on the answer.
        ticket: Ticket,
        /// The engine's id.
        container: String,
        /// From SIGTERM to SIGKILL.
        grace: Millis,
    },
    /// Stop a container with grace; its watch tells how it ended.
    StopContainer {
        /// Whose.
        lease: LeaseId,
        /// The engine's id.
        container: String,
        /// From SIGTERM to SIGKILL.
        grace: Millis,
    },
    /// Hold a running container to other limits.
    Limit {
        /// The engine's id.
        container: String,
        /// Processor share.
        cpu: MilliCpu,
        /// Memory, swap included.
        memory: Bytes,
    },
    /// Cancel all work of a lease, stop its container with grace, remove it. Answer: `Gone`.
    Retire {
        /// Whose.
        lease: LeaseId,
        /// From SIGTERM to SIGKILL.
        grace: Millis,
    },
    /// Look at everything of ours. Answer: `Observed`.
    Observe {
        /// To be put on the answer.
        round: u64,
    },
    /// Remove a container at once.
    RemoveContainer {
        /// The engine's id.
        id: String,
    },
    /// Remove the image of a build key.
    RemoveImage {
        /// The build key on its label.
        build_key: String,
    },
    /// Remove an image that has no name any more.
    RemoveStrayImage {
        /// The engine's id.
        id: String,
    },
    /// Remove a network of ours.
    RemoveNetwork {
        /// The engine's id.
        id: String,
    },
    /// Delete all source archives but these.
    KeepSources {
        /// SHA-256, hex.
        digests: BTreeSet<String>,
    },
    /// Have the book of money on disk. Answer: `BookWritten`.
    KeepBook {
        /// Counts the states of the book; an older one never replaces a newer one.
        version: u64,
        /// What is to be written.
        entry: Box<BookEntry>,
    },
    /// Have our wallet sign that we want no more under an agreement. Answer: `CloseSigned`, or nothing.
    SignClose {
        /// Where the signature counts.
        domain: Domain,
        /// The agreement and its total.
        total: Voucher,
    },
    /// Write a line into the program's own log: somebody should know.
    Warn {
        /// One line.
        text: String,
    },
    /// Write a line of our own into a lease's log.
    Say {
        /// Whose log.
        lease: LeaseId,
        /// One line.
        text: String,
    },
}

/// A question to a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeOrder {
    /// The engine's id.
    pub container: String,
    /// Where it listens on our loopback.
    pub host_port: HostPort,
    /// Where it should listen inside.
    pub container_port: ContainerPort,
    /// What kind of answer counts.
    pub exposure: Exposure,
    /// Path that must answer below 500.
    pub health_path: Option<String>,
    /// Whether to find out what it listens on when it does not answer; costs a look into its network namespace.
    pub diagnose: bool,
    /// How long to wait for the answer.
    pub patience: Duration,
}
