//! The sagas as lists of steps, and the runner that drives them. A step carries out what was decided and returns what
//! came of it; the order of steps is decided by `logic::saga`. Deliberately absent: SQL, sockets, HTTP.

mod deploy;
mod end;
pub(crate) mod funds;
pub mod plan;
pub mod runner;
pub mod world;

use crate::{logic::saga::StepRule, store::StoreError, store::saga::SagaKind};
use ttalkak_protocol::{error::Problem, unit::Millis};

/// What came of running a step.
#[derive(Debug)]
pub enum StepEnd {
    /// It is done.
    Done,
    /// Not yet: ask again when something changed, or after this.
    Waiting(Option<String>),
    /// It will not be.
    Failed(Problem),
}

/// A step could not be tried; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The store failed.
    #[error("use the store")]
    Store(#[from] StoreError),
    /// The log holds what no run can have written.
    #[error("read the saga log")]
    Log(#[from] crate::logic::saga::IllegalLog),
    /// A file of ours could not be read or written.
    #[error("use the source archive {path}")]
    Archive {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A blocking task panicked: a bug.
    #[error("a blocking task ended early")]
    Task(#[from] tokio::task::JoinError),
    /// A row holds what this program never writes.
    #[error("{0} cannot be read")]
    Corrupt(&'static str),
}

/// A step as the runner needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Name and whether it is the pivot.
    pub rule: StepRule,
    /// A step that is not done after so long fails. After the pivot a step is tried for ever instead.
    pub deadline: Millis,
}

/// The steps of a kind of saga, in order.
pub fn steps(kind: SagaKind) -> &'static [Step] {
    match kind {
        SagaKind::Deploy => deploy::STEPS,
        SagaKind::End => end::STEPS,
    }
}

const fn step(name: &'static str, deadline_ms: u64) -> Step {
    Step { rule: StepRule { name, pivot: false }, deadline: Millis(deadline_ms) }
}

const fn pivot(name: &'static str) -> Step {
    Step { rule: StepRule { name, pivot: true }, deadline: Millis(u64::MAX) }
}
