//! The links: one WebSocket for each agent. Delivers assignments, stores reports and log lines, and keeps `Online`
//! true. Deliberately absent: SQL (behind [`Registry`]), decisions about leases, and visitors' bytes.

mod conversation;
mod handshake;
mod registry;
mod socket;
mod upgrade;

pub use registry::{AgentRecord, Registry, RegistryError};
pub use upgrade::routes;

use crate::{nudge::Nudge, online::Online};
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::version::{VersionRange, supported};

/// The times of a link. Tests shorten them.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    /// This coordinator's own id; agents sign it, so that a proof cannot be replayed elsewhere.
    pub audience: String,
    /// What is spoken here.
    pub versions: VersionRange,
    /// From the first byte to the welcome.
    pub handshake_deadline: Duration,
    /// A link that is silent for so long is over.
    pub silence_max: Duration,
    /// A ping this often.
    pub ping_every: Duration,
    /// Told to agents: a report at least this often.
    pub report_every: Duration,
    /// Told to agents: a lease that is not renewed for so long is over.
    pub lease_ttl: Duration,
    /// Changes of an assignment that come within this span are sent together.
    pub assignment_debounce: Duration,
    /// How often it is checked that the agent may still be here; a revocation closes within this and a little.
    pub right_check_every: Duration,
}

impl LinkConfig {
    /// The times of the real service.
    pub fn new(audience: impl Into<String>) -> Self {
        Self {
            audience: audience.into(),
            versions: supported(),
            handshake_deadline: Duration::from_secs(10),
            // Three pings may be lost.
            silence_max: Duration::from_secs(15),
            ping_every: Duration::from_secs(5),
            report_every: Duration::from_secs(5),
            lease_ttl: Duration::from_secs(300),
            assignment_debounce: Duration::from_millis(20),
            right_check_every: Duration::from_secs(4),
        }
    }
}

/// What the links need. A cheap handle.
#[derive(Clone)]
pub struct LinkState {
    /// Times and names.
    pub config: Arc<LinkConfig>,
    /// Who is known, what to run, where facts go.
    pub registry: Arc<dyn Registry>,
    /// Who is online.
    pub online: Online,
    /// Wakes sagas on facts; tells of changed assignments.
    pub nudge: Nudge,
    /// Owns the task of each link.
    pub tasks: TaskTracker,
    /// Ends all links; the agents come back when we are back.
    pub shutdown: CancellationToken,
}
