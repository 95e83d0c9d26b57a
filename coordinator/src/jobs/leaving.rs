//! Keeps the promise that an agent which leaves, hands a lease back or loses its right is rid of its leases in time:
//! what serves is started elsewhere first, and what nobody else can take is stopped with a true word to visitors.
//! Also brings back what was stopped so, as soon as somebody can take it. Deliberately absent: deciding.

use crate::{
    clock,
    flows::{FlowError, funds, world::World},
    fresh,
    logic::{
        deployment::Fact,
        leaving::{Act, decide},
        placement,
    },
    store::{lease::LeaseEnd, leaving::LeavingRow},
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::{DeploymentId, SagaId},
};

/// Looked at again after this: a provider's minutes should not end late by more.
const LOOK: Duration = Duration::from_millis(500);

/// Runs until shutdown.
pub async fn run(world: World, shutdown: CancellationToken) {
    loop {
        if let Err(error) = look(&world).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not see to leases that shall go");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

pub(super) async fn look(world: &World) -> Result<(), FlowError> {
    for row in world.store.leaving().await? {
        let fits = fits(world, row.deployment).await?;
        match decide(&row.leaving, fits, clock::now()) {
            Act::Nothing => {}
            Act::Move => relocate(world, row.deployment).await?,
            Act::BeginAnew => give_up(world, &row, true).await?,
            Act::GiveUp => give_up(world, &row, false).await?,
            Act::LetGo => {
                world.store.end_lease(row.lease, LeaseEnd::Returned, clock::now()).await?;
                world.nudge.assignment(row.agent);
            }
            Act::Stop => stop(world, &row).await?,
        }
    }
    for deployment in world.store.stranded().await? {
        if fits(world, deployment).await? {
            relocate(world, deployment).await?;
        }
    }
    Ok(())
}

async fn fits(world: &World, deployment: DeploymentId) -> Result<bool, FlowError> {
    let Some(need) = funds::need(world, deployment).await? else { return Ok(false) };
    let candidates = funds::candidates(world, deployment, None).await?;
    Ok(placement::choose(&need, &candidates).agent.is_some())
}

async fn relocate(world: &World, deployment: DeploymentId) -> Result<(), FlowError> {
    if world.store.request_relocation(fresh::id(SagaId::new), deployment, clock::now()).await? {
        tracing::info!(deployment.id = %deployment, "moving deployment {deployment}: its provider leaves");
        world.nudge.sagas();
    }
    Ok(())
}

/// The rollout's own undo ends the lease.
async fn give_up(world: &World, row: &LeavingRow, again: bool) -> Result<(), FlowError> {
    let why = problem(row, "in the middle of the deploy");
    if world.store.give_up_rollout(row, &why, again, clock::now()).await? {
        let (deployment, next) =
            (row.deployment, if again { "begins anew elsewhere" } else { "is given up" });
        tracing::info!(deployment.id = %deployment, "the rollout of deployment {deployment} {next}: its provider leaves");
        world.nudge.sagas();
    }
    Ok(())
}

async fn stop(world: &World, row: &LeavingRow) -> Result<(), FlowError> {
    let (deployment, agent) = (row.deployment, row.agent);
    if !world.store.withdraw(row, clock::now()).await? {
        return Ok(());
    }
    world.nudge.assignment(agent);
    let why = problem(row, "and nobody else could take over in time");
    world.tell(deployment, Fact::ProviderLost, Some(Some(&why))).await?;
    // A rollout that is on its way keeps its own agreement, and ends the older ones itself.
    if !row.leaving.changing {
        world.end_agreements(deployment, None).await?;
    }
    tracing::info!(deployment.id = %deployment, agent.id = %agent, lease.id = %row.lease, "stopped deployment {deployment}: its provider left");
    Ok(())
}

fn problem(row: &LeavingRow, end: &str) -> Problem {
    let words = row.handed_back.map_or("has left", |reason| reason.words());
    Problem::new(ErrorCode::ProviderLost, format!("The provider {words}, {end}."))
        .with_next("Nothing to do: it is started again as soon as another provider can take it.")
}

#[cfg(test)]
mod tests;
