//! The tasks that work on workloads: each has a lease, a ticket and a name, and its end is heard of.

use crate::logic::event::{Event, Fact, Ticket};
use std::{collections::HashMap, future::Future};
use tokio::task::{AbortHandle, Id, JoinSet};
use tracing::Instrument;
use ttalkak_protocol::id::LeaseId;

/// The name of the task that follows a container; it outlives the cancelling of other work.
pub(super) const WATCH: &str = "watch";

#[derive(Debug)]
struct Task {
    lease: Option<LeaseId>,
    ticket: Ticket,
    work: &'static str,
    abort: AbortHandle,
}

/// All tasks that run.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    set: JoinSet<()>,
    running: HashMap<Id, Task>,
}

impl Tasks {
    /// Starts work on a lease.
    pub(super) fn of_lease(
        &mut self,
        lease: LeaseId,
        ticket: Ticket,
        work: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let span = tracing::info_span!("lease", id = %lease, work);
        self.start(Some(lease), ticket, work, task.instrument(span));
    }

    /// Starts work on no lease in particular.
    pub(super) fn other(&mut self, work: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.start(None, Ticket::default(), work, task);
    }

    fn start(
        &mut self,
        lease: Option<LeaseId>,
        ticket: Ticket,
        work: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let abort = self.set.spawn(task);
        self.running.insert(abort.id(), Task { lease, ticket, work, abort });
    }

    /// Stops the work on a lease: all of it, or all but what follows its container, or only that.
    pub(super) fn cancel(&self, lease: LeaseId, which: impl Fn(&str) -> bool) {
        for task in self.running.values().filter(|task| task.lease == Some(lease) && which(task.work)) {
            task.abort.abort();
        }
    }

    /// Whether any work on a lease runs.
    pub(super) fn any(&self, lease: LeaseId) -> bool {
        self.running.values().any(|task| task.lease == Some(lease))
    }

    /// Waits for the end of a task: `None` when none runs; with an event when it panicked. Cancel-safe.
    pub(super) async fn ended(&mut self) -> Option<Option<Event>> {
        let ended = self.set.join_next_with_id().await?;
        let (id, panicked) = match &ended {
            Ok((id, ())) => (*id, false),
            Err(error) => (error.id(), error.is_panic()),
        };
        Some(self.running.remove(&id).filter(|_| panicked).and_then(|task| {
            tracing::error!(work = task.work, lease.id = ?task.lease.map(|l| l.to_string()), "a task panicked");
            let (lease, fact) = (task.lease?, Fact::Panicked { work: task.work });
            Some(Event::Of { lease, ticket: task.ticket, fact })
        }))
    }

    /// Ends all tasks and waits until they have ended.
    pub(super) async fn abort_all(&mut self) {
        self.running.clear();
        self.set.shutdown().await;
    }
}
