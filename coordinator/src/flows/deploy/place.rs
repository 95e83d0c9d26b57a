//! Choosing a provider and granting it the lease.

use super::{
    super::{FlowError, StepEnd, world::World},
    tell,
};
use crate::{
    clock, fresh,
    logic::{
        deployment::Fact,
        placement::{self, Need},
    },
    store::{rollout::RolloutRow, saga::SagaRow},
};
use ttalkak_protocol::id::LeaseId;

pub(super) async fn choose(world: &World, row: &SagaRow, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    let need = Need { memory: rollout.settings.memory, cpu: rollout.settings.cpu };
    let online = world.online.all().into_keys().collect();
    let candidates = world.store.candidates(row.deployment, rollout.build_key.as_deref(), &online).await?;
    let placement = placement::choose(&need, &candidates);
    let Some(agent) = placement.agent else {
        return Ok(StepEnd::Waiting(Some(placement::explain(&need, &placement))));
    };
    world.store.set_saga_agent(row.id, agent).await?;
    tracing::info!(saga.id = %row.id, agent.id = %agent, "placed deployment {} on agent {agent}", row.deployment);
    Ok(StepEnd::Done)
}

pub(super) async fn grant(world: &World, row: &SagaRow, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    let agent = world.store.saga_agent(row.id).await?.ok_or(FlowError::Corrupt("the agent of a saga"))?;
    let whose = (row.deployment, rollout.release);
    world.store.grant_lease(row.id, fresh::id(LeaseId::new), whose, agent, clock::now()).await?;
    world.nudge.assignment(agent);
    tell(world, row, Fact::ProviderChosen).await?;
    Ok(StepEnd::Done)
}
