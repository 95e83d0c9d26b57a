//! What a saga does next, given its log. Resuming is starting: the same function is asked at the first step and after
//! a crash between any two lines of the log.

use std::collections::BTreeMap;

/// One step of a flow, as far as the order of work needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepRule {
    /// Stable; stands in the log.
    pub name: &'static str,
    /// From here on there is only forwards: visitors may already see the new state.
    pub pivot: bool,
}

/// What the log may say about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogEvent {
    /// About to run; also written again when a restarted coordinator runs it again.
    Started,
    /// Ran.
    Succeeded,
    /// Did not; the way is back.
    Failed,
    /// About to be undone.
    UndoStarted,
    /// Undone.
    UndoFinished,
    /// Could not be undone: a person must look.
    UndoFailed,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Which step.
    pub step: String,
    /// What about it.
    pub event: LogEvent,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Run this step (by index), perhaps again.
    Run(usize),
    /// Undo this step (by index), perhaps again.
    Undo(usize),
    /// Every step succeeded.
    Done,
    /// Everything that was begun is undone.
    RolledBack,
    /// An undo failed at this step.
    Stuck(usize),
}

/// The log holds what no run of these steps can have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalLog {
    /// A step that the flow does not have.
    #[error("the log names the step {0}, which this flow does not have")]
    UnknownStep(String),
    /// A line that cannot follow the ones before it.
    #[error("the log says {event:?} of step {step}, which is {status:?}")]
    Event {
        /// Of which step.
        step: String,
        /// What it says.
        event: LogEvent,
        /// What the step was by then.
        status: Status,
    },
}

/// What the log makes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not begun.
    Pending,
    /// Begun, end unknown.
    Running,
    /// Succeeded.
    Done,
    /// Failed; what it began must still be undone.
    Failed,
    /// Being undone, end unknown.
    Undoing,
    /// Undone.
    Undone,
    /// Its undo failed.
    Stuck,
}

/// The one table of what may follow what.
fn follow(status: Status, event: LogEvent) -> Option<Status> {
    use LogEvent as E;
    use Status as S;
    match (status, event) {
        (S::Pending | S::Running, E::Started) => Some(S::Running),
        (S::Running, E::Succeeded) => Some(S::Done),
        (S::Running, E::Failed) => Some(S::Failed),
        (S::Running | S::Done | S::Failed | S::Undoing, E::UndoStarted) => Some(S::Undoing),
        (S::Undoing, E::UndoFinished) => Some(S::Undone),
        (S::Undoing, E::UndoFailed) => Some(S::Stuck),
        (
            S::Pending | S::Running | S::Done | S::Failed | S::Undoing | S::Undone | S::Stuck,
            E::Started | E::Succeeded | E::Failed | E::UndoStarted | E::UndoFinished | E::UndoFailed,
        ) => None,
    }
}

/// Replays the log.
/// Returns one status per step, in the order of `steps`. Errors: a log that this flow cannot have written.
pub fn statuses(steps: &[StepRule], log: &[LogEntry]) -> Result<Vec<Status>, IllegalLog> {
    let index: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(i, step)| (step.name, i)).collect();
    let mut statuses = vec![Status::Pending; steps.len()];
    for LogEntry { step, event } in log {
        let at = *index.get(step.as_str()).ok_or_else(|| IllegalLog::UnknownStep(step.clone()))?;
        let status = statuses[at];
        statuses[at] = follow(status, *event).ok_or_else(|| IllegalLog::Event {
            step: step.clone(),
            event: *event,
            status,
        })?;
    }
    Ok(statuses)
}

/// Decides the next move. `cancelled`: somebody asked to give it up; heeded until a pivot step has begun.
/// Errors: as [`statuses`].
pub fn next(steps: &[StepRule], log: &[LogEntry], cancelled: bool) -> Result<Next, IllegalLog> {
    let statuses = statuses(steps, log)?;
    if let Some(at) = statuses.iter().position(|s| *s == Status::Stuck) {
        return Ok(Next::Stuck(at));
    }
    let backwards = statuses.iter().any(|s| matches!(s, Status::Failed | Status::Undoing | Status::Undone));
    let past_pivot = steps.iter().zip(&statuses).any(|(step, s)| step.pivot && *s != Status::Pending);
    if backwards || (cancelled && !past_pivot) {
        let begun =
            |s: &Status| matches!(s, Status::Running | Status::Done | Status::Failed | Status::Undoing);
        return Ok(statuses.iter().rposition(begun).map_or(Next::RolledBack, Next::Undo));
    }
    let open = statuses.iter().position(|s| matches!(s, Status::Pending | Status::Running));
    Ok(open.map_or(Next::Done, Next::Run))
}

#[cfg(test)]
mod tests;
