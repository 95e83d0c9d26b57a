//! Keeps the promise that a deployment's state tells whether its provider is there, and that one which stays away too
//! long is replaced when somebody else can take over.

use crate::{
    clock,
    flows::{FlowError, funds, world::World},
    fresh,
    logic::{deployment::Fact, placement},
    store::route::ServedRow,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    api::deployment::DeploymentState,
    error::{ErrorCode, Problem},
    id::SagaId,
    unit::Millis,
};

/// Looked at again after this, also when nobody came or went.
const LOOK: Duration = Duration::from_secs(2);
/// A link that is dialled again within this is not worth telling tenants of; the edge tells visitors at once.
const GRACE: Millis = Millis(5_000);
/// A provider that stays away for so long is replaced. Its leases ended by themselves after their time to live, so
/// nothing runs twice for long.
const RELOCATE_AFTER: Millis = Millis(60_000);

/// Runs until shutdown.
pub async fn run(world: World, shutdown: CancellationToken) {
    let mut changes = world.online.subscribe();
    loop {
        if let Err(error) = look(&world).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not compare providers and deployments"
            );
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = changes.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn look(world: &World) -> Result<(), FlowError> {
    for served in world.store.served().await? {
        match world.absent_for(served.agent, clock::now()) {
            None if served.state == DeploymentState::Offline => {
                world.tell(served.deployment, Fact::ProviderReturned, Some(None)).await?;
            }
            None => {}
            Some(away) => absent(world, served, away).await?,
        }
    }
    Ok(())
}

async fn absent(world: &World, served: ServedRow, away: Millis) -> Result<(), FlowError> {
    if away >= GRACE && served.state != DeploymentState::Offline {
        let problem = Problem::new(ErrorCode::ProviderLost, "The provider does not answer.")
            .with_next("Wait for it, or redeploy: another provider is chosen.");
        world.tell(served.deployment, Fact::ProviderLost, Some(Some(&problem))).await?;
    }
    if away >= RELOCATE_AFTER && somebody_else(world, served).await? {
        let begun =
            world.store.request_relocation(fresh::id(SagaId::new), served.deployment, clock::now()).await?;
        if begun {
            tracing::info!(deployment.id = %served.deployment, agent.id = %served.agent, "relocating deployment {}", served.deployment);
            world.nudge.sagas();
        }
    }
    Ok(())
}

async fn somebody_else(world: &World, served: ServedRow) -> Result<bool, FlowError> {
    let candidates = funds::candidates(world, served.deployment, None).await?;
    let need = funds::need(world, served.deployment).await?;
    Ok(need.is_some_and(|need| placement::choose(&need, &candidates).agent.is_some()))
}
