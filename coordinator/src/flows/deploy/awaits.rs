//! The steps that wait for the agent: facts are read, judged by `logic::rollout`, and told.

use super::{
    super::{FlowError, StepEnd, world::World},
    tell,
};
use crate::{
    clock,
    logic::rollout::{Awaited, Milestone, judge},
    store::{lease::LeaseRow, saga::SagaRow},
};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    unit::Millis,
};

/// An agent that restarts, or whose network blips, is back well before this; a rollout need not begin anew for that.
const ABSENCE: Millis = Millis(120_000);

pub(super) async fn milestone(
    world: &World,
    row: &SagaRow,
    milestone: Milestone,
) -> Result<StepEnd, FlowError> {
    let Some(lease) = world.store.lease_of_saga(row.id).await? else { return Ok(lost()) };
    match judge(milestone, lease.report.as_ref()) {
        Awaited::Ready => Ok(StepEnd::Done),
        Awaited::Failed { problem, .. } => Ok(StepEnd::Failed(problem)),
        Awaited::Waiting { fact, progress } => {
            if let Some(fact) = fact {
                tell(world, row, fact).await?;
            }
            Ok(absent(world, &lease).unwrap_or(StepEnd::Waiting(progress)))
        }
    }
}

pub(super) async fn tunnel(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    let Some(lease) = world.store.lease_of_saga(row.id).await? else { return Ok(lost()) };
    tell(world, row, crate::logic::deployment::Fact::WorkloadStarted).await?;
    if world.visitors.reachable(lease.agent) {
        return Ok(StepEnd::Done);
    }
    Ok(absent(world, &lease)
        .unwrap_or_else(|| StepEnd::Waiting(Some("waiting for the provider's tunnel".to_owned()))))
}

fn absent(world: &World, lease: &LeaseRow) -> Option<StepEnd> {
    let away = world.absent_for(lease.agent, clock::now())?;
    Some(if away > ABSENCE {
        lost()
    } else {
        StepEnd::Waiting(Some("the provider does not answer; waiting for it".to_owned()))
    })
}

fn lost() -> StepEnd {
    StepEnd::Failed(Problem::new(
        ErrorCode::ProviderLost,
        "The provider went away in the middle of the deploy.",
    ))
}
