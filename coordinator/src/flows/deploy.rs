//! Brings a release to visitors: its source, its plan, a provider, an image, a healthy workload, and then the route.
//! The new workload starts beside the old one, which goes only when visitors have left it.

mod awaits;
pub(super) mod pay;
mod place;
mod publish;
pub(super) mod source;

use super::{FlowError, Step, StepEnd, pivot, step, world::World};
use crate::{
    clock,
    logic::{deployment::Fact, recipe, rollout::Milestone},
    store::{lease::LeaseEnd, rollout::RolloutRow, saga::SagaRow},
};
use ttalkak_protocol::{
    api::release::ReleaseState,
    error::{ErrorCode, Problem},
    link::Phase,
};

/// Time for another build on the same machine to end before ours begins.
const QUEUE_MS: u64 = 30 * 60 * 1000;

/// The chain's finality, and time for a call that must be sent again.
const ESCROW_MS: u64 = 45 * 60 * 1000;

pub(super) const STEPS: &[Step] = &[
    step("hold_funds", 60_000),
    step("fetch_source", 180_000),
    step("plan_build", 60_000),
    step("choose_offer", 60_000),
    step("agree", 60_000),
    step("grant_lease", 60_000),
    step("await_image", recipe::BUILD_DEADLINE.0 + QUEUE_MS),
    step("await_escrow", ESCROW_MS),
    step("await_running", 180_000),
    step("await_tunnel", 60_000),
    step("await_healthy", recipe::START_DEADLINE.0 + 60_000),
    pivot("publish_route"),
    step("mark_live", u64::MAX),
    step("drain_previous", u64::MAX),
];

pub(super) async fn run(world: &World, row: &SagaRow, name: &str) -> Result<StepEnd, FlowError> {
    let rollout = rollout(world, row).await?;
    match name {
        "hold_funds" => {
            // Said when it was asked for, too; but an older saga may have ended the deployment since.
            tell(world, row, Fact::RolloutStarted).await?;
            pay::hold_funds(world, row, &rollout).await
        }
        "fetch_source" => source::fetch(world, &rollout).await,
        "plan_build" => source::plan(world, &rollout).await,
        "choose_offer" => place::choose(world, row, &rollout).await,
        "agree" => pay::agree(world, row, &rollout).await,
        "grant_lease" => place::grant(world, row, &rollout).await,
        "await_image" => awaits::milestone(world, row, Milestone::Image).await,
        "await_escrow" => pay::await_escrow(world, row).await,
        "await_running" => awaits::milestone(world, row, Milestone::Running).await,
        "await_tunnel" => awaits::tunnel(world, row).await,
        "await_healthy" => awaits::milestone(world, row, Milestone::Healthy).await,
        "publish_route" => publish::publish(world, row).await,
        "mark_live" => publish::mark_live(world, row, &rollout).await,
        _ => publish::drain_previous(world, row).await,
    }
}

/// Undoes a step. What only wrote facts about the release has nothing to undo.
pub(super) async fn undo(world: &World, row: &SagaRow, name: &str) -> Result<(), FlowError> {
    match name {
        "hold_funds" => pay::undo_hold(world, row).await,
        "agree" => pay::undo_agree(world, row).await,
        "grant_lease" => revoke_lease(world, row).await,
        _ => Ok(()),
    }
}

async fn revoke_lease(world: &World, row: &SagaRow) -> Result<(), FlowError> {
    if let Some(lease) = world.store.lease_of_saga(row.id).await? {
        keep_last_lines(world, row, lease.report.as_ref().map(|report| &report.phase)).await?;
        world.store.end_lease(lease.id, LeaseEnd::Revoked, clock::now()).await?;
        world.nudge.assignment(lease.agent);
    }
    Ok(())
}

/// What a failed workload last wrote goes with the release, since the lease is about to go.
async fn keep_last_lines(world: &World, row: &SagaRow, phase: Option<&Phase>) -> Result<(), FlowError> {
    if let (Some(Phase::Failed { last_lines, .. }), Some(release)) = (phase, row.release) {
        world.store.keep_last_lines(release, last_lines).await?;
    }
    Ok(())
}

/// Closes the release of a rollout that was given up.
pub(super) async fn close(world: &World, row: &SagaRow, problem: &Problem) -> Result<(), FlowError> {
    let rollout = rollout(world, row).await?;
    let given_up = matches!(problem.code, ErrorCode::Superseded | ErrorCode::Cancelled);
    let state = if given_up { ReleaseState::Cancelled } else { ReleaseState::Failed };
    world.store.close_release(&rollout, state, problem, clock::now()).await?;
    Ok(())
}

async fn rollout(world: &World, row: &SagaRow) -> Result<RolloutRow, FlowError> {
    let release = row.release.ok_or(FlowError::Corrupt("a deploy without a release"))?;
    Ok(world.store.rollout(release).await?)
}

/// Tells the deployment how far it is, unless that would move it backwards from a state it reached.
async fn tell(world: &World, row: &SagaRow, fact: Fact) -> Result<(), FlowError> {
    world.tell(row.deployment, fact, None).await
}
