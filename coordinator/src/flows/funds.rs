//! What a tenant may spend, and on whom: asked by the steps that place and pay a rollout, and by whoever looks for
//! another provider. All of it is free where nothing is paid for.

use super::{FlowError, world::World};
use crate::{
    clock,
    ledger::Account,
    logic::placement::{Candidate, Need},
    store::mandate::MandateRow,
};
use std::collections::BTreeSet;
use ttalkak_protocol::{
    api::billing::AgreementState,
    error::{ErrorCode, Problem},
    id::{AccountId, AgentId, DeploymentId},
    money::{Amount, EvmAddress},
};

/// What a tenant has and permits.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    /// Whose money.
    pub(crate) wallet: EvmAddress,
    /// What is permitted.
    pub(crate) mandate: MandateRow,
    /// Deposited, and nothing is set aside from it.
    pub(crate) free: Amount,
    /// What the mandate still allows to lock.
    pub(crate) allowed: Amount,
}

/// The purse of an account; the problem when it has no wallet or no mandate that is in force.
pub(crate) async fn purse(world: &World, account: AccountId) -> Result<Result<Purse, Problem>, FlowError> {
    let Some(wallet) = world.store.wallet(account).await? else {
        return Ok(Err(Problem::new(ErrorCode::WalletRequired, "The account has no wallet to pay with.")));
    };
    let now = clock::now();
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    let in_force = world.store.mandate_in_force(account).await?.filter(|row| {
        row.mandate.tenant == wallet && (row.mandate.start..row.mandate.expiry).contains(&seconds)
    });
    let Some(mandate) = in_force else {
        let message = "The account has no mandate that is in force.";
        return Ok(Err(Problem::new(ErrorCode::MandateRequired, message)));
    };
    let free = world.store.balance(Account::Free(account)).await?;
    let used = world.store.mandate_used(&mandate, now).await?;
    let allowed = mandate.mandate.cap.saturating_sub(used);
    Ok(Ok(Purse { wallet, mandate, free, allowed }))
}

/// The most that an hour of this deployment may cost; `None` where nothing is paid for. An agreement that stands is
/// permitted already.
pub(crate) async fn rate_max(
    world: &World,
    account: AccountId,
    deployment: DeploymentId,
) -> Result<Option<Amount>, FlowError> {
    if world.money.is_none() {
        return Ok(None);
    }
    let permitted =
        purse(world, account).await?.map_or(Amount::ZERO, |p| p.mandate.mandate.rate_per_hour_max);
    let standing = world.store.agreements_of_deployment(deployment).await?;
    let standing =
        standing.iter().filter(|row| matches!(row.state, AgreementState::Pending | AgreementState::Open));
    Ok(standing.map(|row| row.terms.rate_per_hour).chain([permitted]).max())
}

/// Everybody who might run a workload of this deployment now. Where it matters what an agent asks for, one that was not
/// heard yet since it came is not here yet.
pub(crate) async fn candidates(
    world: &World,
    deployment: DeploymentId,
    build_key: Option<&str>,
) -> Result<Vec<Candidate>, FlowError> {
    let heard =
        world.online.all().into_iter().filter(|(_, here)| world.money.is_none() || here.machine.is_some());
    let online: BTreeSet<AgentId> = heard.map(|(agent, _)| agent).collect();
    Ok(world.store.candidates(deployment, build_key, &online, clock::now()).await?)
}

/// What a workload of this deployment needs, with what it may cost; `None` when it was erased.
pub(crate) async fn need(world: &World, deployment: DeploymentId) -> Result<Option<Need>, FlowError> {
    let Some((need, account)) = world.store.need(deployment).await? else { return Ok(None) };
    let rate_max = rate_max(world, account, deployment).await?;
    Ok(Some(Need { rate_max, ..need }))
}
