//! What a screen may show of a running agent. Deliberately absent: screens, and anything secret.

use crate::logic::meter::Earned;
use ttalkak_protocol::{
    error::Problem,
    id::{DeploymentId, LeaseId, ReleaseId},
    link::{Capacity, DrainPlan, Exposure, ImageReport, Lease, MachineReading, Payment, WorkloadReport},
    unit::{Bytes, ContainerPort, MilliCpu, Millis, UnixMillis},
};

/// The agent at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentView {
    /// Whether the link stands, and if not, why.
    pub link: LinkView,
    /// The engine's name while it answers.
    pub engine: Option<String>,
    /// Why it does not answer, when that is known.
    pub engine_problem: Option<Problem>,
    /// The newest assignment that was acted on.
    pub generation: u64,
    /// What each workload was assigned as, by lease; the same ones as in `workloads`.
    pub leases: Vec<LeaseView>,
    /// All workloads, by lease.
    pub workloads: Vec<WorkloadReport>,
    /// Images of ours.
    pub images: Vec<ImageReport>,
    /// The machine, when last read.
    pub machine: MachineReading,
    /// What is lent.
    pub capacity: Option<Capacity>,
    /// What becomes of leases that shall go, as the coordinator last said.
    pub drain: DrainPlan,
    /// When this was seen.
    pub at: UnixMillis,
}

/// The link as a screen shows it.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum LinkView {
    /// Not tried yet.
    #[default]
    Dialling,
    /// It stands.
    Connected,
    /// It does not.
    Down(Problem),
    /// The coordinator does not want this agent.
    Refused(Problem),
}

/// A lease without what is secret in it.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaseView {
    /// Which.
    pub lease: LeaseId,
    /// Whose.
    pub deployment: DeploymentId,
    /// Which version of it.
    pub release: ReleaseId,
    /// The deployment's name.
    pub name: String,
    /// Where visitors find it.
    pub url: Option<String>,
    /// What its image was built from.
    pub build_key: String,
    /// HTTP by name, or a raw TCP port.
    pub exposure: Exposure,
    /// Where the app listens.
    pub port: ContainerPort,
    /// Processor limit.
    pub cpu: MilliCpu,
    /// Memory limit.
    pub memory: Bytes,
    /// From SIGTERM to SIGKILL.
    pub stop_grace: Millis,
    /// How it is paid.
    pub payment: Option<Payment>,
    /// What it has earned.
    pub earned: Option<Earned>,
}

impl LeaseView {
    /// Of a lease that has earned nothing yet.
    pub fn of(lease: &Lease) -> Self {
        Self {
            lease: lease.lease,
            deployment: lease.deployment,
            release: lease.release,
            name: lease.name.clone(),
            url: lease.url.clone(),
            build_key: lease.build.build_key.clone(),
            exposure: lease.run.exposure,
            port: lease.run.port,
            cpu: lease.run.cpu,
            memory: lease.run.memory,
            stop_grace: lease.run.stop_grace,
            payment: lease.payment,
            earned: None,
        }
    }
}
