//! The pivot and what follows it: visitors are led to the new workload, and the old one goes when they have left it.

use super::super::{FlowError, StepEnd, world::World};
use crate::{
    clock,
    store::{lease::LeaseEnd, rollout::RolloutRow, saga::SagaRow},
};
use ttalkak_protocol::unit::Millis;

/// Visitors of the old workload have so long to finish. Longer ones (a download, a WebSocket) are cut with the app's
/// own grace: a deploy must come to an end.
const DRAIN: Millis = Millis(30_000);

pub(super) async fn publish(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    let Some(lease) = world.store.lease_of_saga(row.id).await? else {
        return Err(FlowError::Corrupt("the lease of a rollout past its pivot"));
    };
    world.store.publish_route(row.deployment, lease.id, clock::now()).await?;
    world.refresh_address(row.deployment).await?;
    Ok(StepEnd::Done)
}

pub(super) async fn mark_live(
    world: &World,
    row: &SagaRow,
    rollout: &RolloutRow,
) -> Result<StepEnd, FlowError> {
    let report = world.store.lease_of_saga(row.id).await?.and_then(|lease| lease.report);
    let image = report.as_ref().and_then(|report| report.image.as_ref());
    let timings = report.as_ref().map(|report| report.timings).unwrap_or_default();
    world.store.mark_live(rollout, image, &timings, clock::now()).await?;
    world.refresh_address(row.deployment).await?;
    tracing::info!(deployment.id = %row.deployment, "deployment {} is live with release {}", row.deployment, rollout.number);
    Ok(StepEnd::Done)
}

pub(super) async fn drain_previous(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    let serving = world.store.lease_of_saga(row.id).await?;
    let (serving, agreement) = (serving.as_ref().map(|l| l.id), serving.as_ref().and_then(|l| l.agreement));
    let overdue = clock::now().since(row.since) > DRAIN;
    for lease in world.store.leases_of_deployment(row.deployment).await? {
        if Some(lease.id) == serving {
            continue;
        }
        if world.visitors.streams(lease.id) > 0 && !overdue {
            return Ok(StepEnd::Waiting(Some("waiting for visitors of the old release".to_owned())));
        }
        world.store.end_lease(lease.id, LeaseEnd::Returned, clock::now()).await?;
        world.nudge.assignment(lease.agent);
    }
    // Nothing runs under an agreement with a provider from before, or at a price from before, any more.
    world.end_agreements(row.deployment, agreement).await?;
    Ok(StepEnd::Done)
}
