//! What the links ask of the store, as a trait, since tests answer from memory.

use futures_util::future::BoxFuture;
use ttalkak_protocol::{
    id::AgentId,
    link::{Assignment, DrainPlan, Hello, LogBatch, LogMark, Report, VoucherNews},
};

/// A failure of the store, whatever it is; the link closes and the agent comes back.
pub type RegistryError = Box<dyn std::error::Error + Send + Sync>;

/// An enrolled agent, as far as a link needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// Ed25519.
    pub public_key: [u8; 32],
    /// Its right was taken away.
    pub revoked: bool,
    /// It leaves, by its own word or its owner's.
    pub leaves: bool,
}

/// The store, seen from a link. All calls may come twice.
pub trait Registry: Send + Sync {
    /// An agent's key; `None` when it never enrolled.
    fn agent_key(&self, agent: AgentId) -> BoxFuture<'_, Result<Option<AgentRecord>, RegistryError>>;

    /// Notes that the agent came, with what it is.
    fn seen<'a>(&'a self, agent: AgentId, hello: &'a Hello) -> BoxFuture<'a, Result<(), RegistryError>>;

    /// How far the logs of its leases are stored.
    fn log_marks(&self, agent: AgentId) -> BoxFuture<'_, Result<Vec<LogMark>, RegistryError>>;

    /// The full list of leases, with a generation above every earlier one, kept before this returns.
    fn next_assignment(&self, agent: AgentId) -> BoxFuture<'_, Result<Assignment, RegistryError>>;

    /// What becomes of its leases that shall go.
    fn drain_plan(&self, agent: AgentId) -> BoxFuture<'_, Result<DrainPlan, RegistryError>>;

    /// Stores what the agent saw; returns what its readings have earned.
    fn store_report<'a>(
        &'a self,
        agent: AgentId,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<Vec<VoucherNews>, RegistryError>>;

    /// Stores log lines and wakes their readers; returns one mark per lease of the batch.
    fn store_logs<'a>(
        &'a self,
        agent: AgentId,
        logs: &'a LogBatch,
    ) -> BoxFuture<'a, Result<Vec<LogMark>, RegistryError>>;
}
