//! Stopping and deleting: visitors are told, leases end, the agent lets go, and for a deletion every trace goes.

use super::{FlowError, Step, StepEnd, step, world::World};
use crate::{
    clock,
    logic::{deployment::Fact, request::Wanted},
    store::{balance_end::balance_ended, lease::LeaseEnd, saga::SagaRow, term::term_over},
};
use ttalkak_protocol::{api::deployment::EndReason, unit::Millis};

/// The agent has its stop grace and then some; one that is gone for longer stops the workload when it returns.
const LET_GO: Millis = Millis(45_000);

pub(super) const STEPS: &[Step] = &[
    step("withdraw_route", u64::MAX),
    step("end_leases", u64::MAX),
    step("await_stopped", u64::MAX),
    step("mark_ended", u64::MAX),
];

pub(super) async fn run(world: &World, row: &SagaRow, name: &str) -> Result<StepEnd, FlowError> {
    match name {
        "withdraw_route" => {
            world.store.withdraw_route(row.deployment).await?;
            world.tell(row.deployment, Fact::DrainStarted, Some(None)).await?;
            Ok(StepEnd::Done)
        }
        "end_leases" => end_leases(world, row).await,
        "await_stopped" => await_stopped(world, row).await,
        _ => mark_ended(world, row).await,
    }
}

async fn end_leases(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    for lease in world.store.leases_of_deployment(row.deployment).await? {
        world.store.end_lease(lease.id, LeaseEnd::Returned, clock::now()).await?;
        world.nudge.assignment(lease.agent);
    }
    Ok(StepEnd::Done)
}

async fn await_stopped(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    if clock::now().since(row.since) > LET_GO {
        return Ok(StepEnd::Done);
    }
    for (lease, agent) in world.store.leases_ended_since(row.deployment, row.created_at).await? {
        if world.online.contains(agent) && !world.has_let_go(agent, lease) {
            return Ok(StepEnd::Waiting(Some("waiting for the app to stop".to_owned())));
        }
    }
    Ok(StepEnd::Done)
}

async fn mark_ended(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    let deleted = world.store.wanted(row.deployment).await? == Some(Wanted::Deleted);
    let (reason, problem) = if deleted {
        (EndReason::Deleted, None)
    } else if world.store.ends_for_term(row.deployment).await? {
        (EndReason::Term, Some(term_over()))
    } else if world.store.ends_for_balance(row.deployment).await? {
        (EndReason::Balance, Some(balance_ended()))
    } else {
        (EndReason::Stopped, None)
    };
    world.store.retire_releases(row.deployment, clock::now()).await?;
    world.end_agreements(row.deployment, None).await?;
    world.tell(row.deployment, Fact::DrainEnded(reason), Some(problem.as_ref())).await?;
    if deleted {
        if let Some(address) = world.store.address(row.deployment).await? {
            world.visitors.remove(&address);
        }
        world.store.erase_deployment(row.deployment).await?;
        world.store.erase_logs(row.deployment).await?;
        tracing::info!(deployment.id = %row.deployment, "deleted deployment {}", row.deployment);
    }
    Ok(StepEnd::Done)
}
