//! Wakes the workers that keep promises. A lost nudge only costs time: each worker also looks by a timer.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Notify, watch};
use ttalkak_protocol::id::AgentId;

/// A cheap handle; clones wake the same workers.
#[derive(Clone)]
pub struct Nudge {
    inner: Arc<Inner>,
}

struct Inner {
    sagas: Notify,
    agents: Mutex<BTreeSet<AgentId>>,
    assignments: watch::Sender<u64>,
}

impl Default for Nudge {
    fn default() -> Self {
        let (assignments, _) = watch::channel(0);
        Self { inner: Arc::new(Inner { sagas: Notify::new(), agents: Mutex::default(), assignments }) }
    }
}

impl Nudge {
    /// Something that a saga waits for may have changed.
    pub fn sagas(&self) {
        self.inner.sagas.notify_one();
    }

    /// Waits for the next [`Nudge::sagas`]; one that came before is not lost. Cancel-safe.
    pub async fn sagas_nudged(&self) {
        self.inner.sagas.notified().await;
    }

    /// The leases of this agent changed: its link should send a new assignment.
    pub fn assignment(&self, agent: AgentId) {
        self.inner.agents.lock().unwrap_or_else(PoisonError::into_inner).insert(agent);
        self.inner.assignments.send_modify(|count| *count += 1);
    }

    /// For links: changes each time some agent's assignment may have changed.
    pub fn assignments(&self) -> watch::Receiver<u64> {
        self.inner.assignments.subscribe()
    }

    /// Takes the mark off an agent; `true` when it was marked since the last call.
    pub fn take_assignment(&self, agent: AgentId) -> bool {
        self.inner.agents.lock().unwrap_or_else(PoisonError::into_inner).remove(&agent)
    }
}
