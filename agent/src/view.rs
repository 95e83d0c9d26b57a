//! What a screen may show of a running agent. Deliberately absent: screens, and anything secret.

use ttalkak_protocol::{
    error::Problem,
    link::{Capacity, DrainPlan, MachineReading, WorkloadReport},
    unit::UnixMillis,
};

/// The agent at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentView {
    /// Whether the link stands, and if not, why.
    pub link: LinkView,
    /// The engine's name while it answers.
    pub engine: Option<String>,
    /// The newest assignment that was acted on.
    pub generation: u64,
    /// All workloads, by lease.
    pub workloads: Vec<WorkloadReport>,
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
}
