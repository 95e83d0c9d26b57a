//! Choosing a provider and granting it the lease.

use super::{
    super::{FlowError, StepEnd, funds, world::World},
    pay, tell,
};
use crate::{
    clock, fresh,
    logic::{
        deployment::Fact,
        placement::{self, Why},
    },
    store::{rollout::RolloutRow, saga::SagaRow},
};
use ttalkak_protocol::id::LeaseId;

pub(super) async fn choose(world: &World, row: &SagaRow, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    let need = pay::need(world, row, rollout).await?;
    let candidates = funds::candidates(world, row.deployment, rollout.build_key.as_deref()).await?;
    let placement = placement::choose(&need, &candidates);
    let Some(agent) = placement.agent else {
        if placement.others.iter().any(|(_, why)| *why == Why::Price)
            && let Some(problem) = pay::unpaid(world, rollout).await?
        {
            return Ok(StepEnd::Failed(problem));
        }
        return Ok(StepEnd::Waiting(Some(placement::explain(&need, &placement))));
    };
    world.store.set_saga_agent(row.id, agent).await?;
    tracing::info!(saga.id = %row.id, agent.id = %agent, "placed deployment {} on agent {agent}", row.deployment);
    Ok(StepEnd::Done)
}

pub(super) async fn grant(world: &World, row: &SagaRow, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    let agent = world.store.saga_agent(row.id).await?.ok_or(FlowError::Corrupt("the agent of a saga"))?;
    let whose = (row.deployment, rollout.release);
    let agreement = world.store.agreement_of_saga(row.id).await?.map(|(id, _)| id);
    let granted = (agent, agreement);
    world.store.grant_lease(row.id, fresh::id(LeaseId::new), whose, granted, clock::now()).await?;
    world.nudge.assignment(agent);
    tell(world, row, Fact::ProviderChosen).await?;
    Ok(StepEnd::Done)
}
