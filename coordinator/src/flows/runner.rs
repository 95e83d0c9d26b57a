//! Drives one saga: asks what is next, writes it to the log, does it, writes what came of it. A crash between any two
//! lines is answered by asking again.

use super::{FlowError, Step, StepEnd, deploy, end, steps, world::World};
use crate::{
    clock,
    logic::saga::{self, LogEvent, Next, Status},
    store::saga::{SagaKind, SagaRow, SagaState},
};
use futures_util::future::BoxFuture;
use std::time::Duration;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::SagaId,
};

/// How a drive ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// The saga is closed.
    Closed,
    /// It waits for a fact.
    Waiting,
}

/// How often a long step looks whether it was cancelled.
const CANCEL_LOOK: Duration = Duration::from_millis(250);

/// Drives a saga until it is closed or waits. Safe to call again at any time, by one caller at a time per saga.
pub async fn drive(world: &World, id: SagaId) -> Result<Drive, FlowError> {
    loop {
        let Some(row) = world.store.saga(id).await? else { return Ok(Drive::Closed) };
        let list = steps(row.kind);
        let rules: Vec<_> = list.iter().map(|step| step.rule).collect();
        let log = world.store.saga_log(id).await?;
        let statuses = saga::statuses(&rules, &log)?;
        match saga::next(&rules, &log, row.cancel.is_some())? {
            Next::Run(at) => {
                if statuses[at] == Status::Pending {
                    world
                        .store
                        .append_saga_log(id, list[at].rule.name, LogEvent::Started, None, clock::now())
                        .await?;
                    failpoint(list[at].rule.name, "started");
                }
                if let Drive::Waiting = run(world, id, at).await? {
                    return Ok(Drive::Waiting);
                }
            }
            Next::Undo(at) => undo(world, &row, list[at].rule.name, statuses[at]).await?,
            Next::Done => {
                world.store.finish_saga(id, SagaState::Done, clock::now()).await?;
                return Ok(Drive::Closed);
            }
            Next::RolledBack => {
                roll_back(world, &row).await?;
                return Ok(Drive::Closed);
            }
            Next::Stuck(at) => {
                tracing::error!(saga.id = %id, step = list[at].rule.name, "saga {id} is stuck: its undo failed");
                world.store.finish_saga(id, SagaState::Stuck, clock::now()).await?;
                return Ok(Drive::Closed);
            }
        }
    }
}

/// Runs one step once. `Closed` here means: go on with the next.
async fn run(world: &World, id: SagaId, at: usize) -> Result<Drive, FlowError> {
    let Some(row) = world.store.saga(id).await? else { return Ok(Drive::Closed) };
    let step = steps(row.kind)[at];
    let past_pivot = steps(row.kind)[..=at].iter().any(|step| step.rule.pivot);
    let ended = tokio::select! {
        ended = run_step(world, &row, step.rule.name) => ended?,
        // The step's own work is dropped: a fetch at work is killed, and the next round undoes.
        () = cancelled(world, id), if !past_pivot && row.cancel.is_none() => return Ok(Drive::Closed),
    };
    let name = step.rule.name;
    match ended {
        // The step that erases a deployment takes its own saga along: there is no log left to write to.
        StepEnd::Done if world.store.saga(id).await?.is_none() => Ok(Drive::Closed),
        StepEnd::Done => {
            world.store.append_saga_log(id, name, LogEvent::Succeeded, None, clock::now()).await?;
            failpoint(name, "succeeded");
            tracing::info!(saga.id = %id, step = name, "saga {id} did {name}");
            Ok(Drive::Closed)
        }
        StepEnd::Waiting(progress) => match overdue(&row, step, past_pivot, progress.as_deref()) {
            Some(problem) => fail(world, id, name, problem).await,
            None => {
                world.store.set_saga_progress(id, progress.as_deref()).await?;
                Ok(Drive::Waiting)
            }
        },
        StepEnd::Failed(problem) if past_pivot => {
            tracing::warn!(saga.id = %id, step = name, "saga {id} tries {name} again: {}", problem.message);
            Ok(Drive::Waiting)
        }
        StepEnd::Failed(problem) => fail(world, id, name, problem).await,
    }
}

async fn fail(world: &World, id: SagaId, name: &'static str, problem: Problem) -> Result<Drive, FlowError> {
    tracing::info!(saga.id = %id, step = name, code = %problem.code, "saga {id} failed at {name}: {}", problem.message);
    world.store.append_saga_log(id, name, LogEvent::Failed, Some(&problem), clock::now()).await?;
    failpoint(name, "failed");
    Ok(Drive::Closed)
}

fn overdue(row: &SagaRow, step: Step, past_pivot: bool, progress: Option<&str>) -> Option<Problem> {
    if past_pivot || clock::now().since(row.since) < step.deadline {
        return None;
    }
    if step.rule.name == "choose_offer" {
        let why = progress.unwrap_or("No provider can take it now.");
        return Some(Problem::new(ErrorCode::NoProvider, why));
    }
    let seconds = step.deadline.0 / 1000;
    let last = progress.map(|text| format!(" Last seen: {text}.")).unwrap_or_default();
    Some(Problem::new(
        ErrorCode::DeadlineExceeded,
        format!("The step {} did not end within {seconds} s.{last}", step.rule.name),
    ))
}

/// Boxed, since steps differ much in size and the drive should not be as large as the largest.
fn run_step<'a>(
    world: &'a World,
    row: &'a SagaRow,
    name: &'static str,
) -> BoxFuture<'a, Result<StepEnd, FlowError>> {
    match row.kind {
        SagaKind::Deploy => Box::pin(deploy::run(world, row, name)),
        SagaKind::End => Box::pin(end::run(world, row, name)),
    }
}

async fn undo(world: &World, row: &SagaRow, name: &'static str, status: Status) -> Result<(), FlowError> {
    if status != Status::Undoing {
        world.store.append_saga_log(row.id, name, LogEvent::UndoStarted, None, clock::now()).await?;
        failpoint(name, "undo_started");
    }
    // An undo that errs is tried again: it waits, and never gives up.
    if row.kind == SagaKind::Deploy {
        deploy::undo(world, row, name).await?;
    }
    world.store.append_saga_log(row.id, name, LogEvent::UndoFinished, None, clock::now()).await?;
    failpoint(name, "undo_finished");
    Ok(())
}

async fn roll_back(world: &World, row: &SagaRow) -> Result<(), FlowError> {
    let problem = match (world.store.saga_failure(row.id).await?, row.cancel.clone()) {
        (Some(problem), _) | (None, Some(problem)) => problem,
        (None, None) => Problem::new(ErrorCode::Internal, "The change was given up."),
    };
    if row.kind == SagaKind::Deploy {
        deploy::close(world, row, &problem).await?;
    }
    world.store.finish_saga(row.id, SagaState::Failed, clock::now()).await?;
    world.refresh_address(row.deployment).await
}

/// Ends when somebody asked to give the saga up.
async fn cancelled(world: &World, id: SagaId) {
    let mut look = tokio::time::interval(CANCEL_LOOK);
    loop {
        look.tick().await;
        if let Ok(Some(SagaRow { cancel: Some(_), .. }) | None) = world.store.saga(id).await {
            return;
        }
    }
}

/// Ends the process when a fault test asked for a crash at this line of the log (`TTALKAK_CRASH_AT=step:event`).
fn failpoint(step: &str, event: &str) {
    if crate::config::crash_at() == Some(&format!("{step}:{event}")) {
        tracing::error!(step, event, "crashing here, as asked for");
        std::process::abort();
    }
}
