//! The steps that pay for a rollout: money is set aside first, the agreement with the chosen provider is made or used
//! again, and visitors come only once it stands on chain. Where nothing is paid for each is done at once.

use super::super::{
    FlowError, StepEnd,
    funds::{self, Purse},
    world::World,
};
use crate::{
    clock, fresh,
    logic::{
        lock::{self, Lock, Means, Short},
        placement::{self, Need},
        price, term,
    },
    money::Money,
    store::{
        StoreError,
        agreement::{AgreementRow, NewAgreement},
        opening::Opening,
        rollout::RolloutRow,
        saga::SagaRow,
    },
};
use rand::Rng;
use ttalkak_protocol::{
    api::billing::AgreementState,
    error::{ErrorCode, Problem},
    id::{AgentId, AgreementId},
    link::Offer,
    money::{Amount, Terms},
    unit::UnixMillis,
};

/// JavaScript reads whole numbers below this.
const SALT_END: u64 = 1 << 53;

/// Sets money aside for the cheapest provider that could do it, or says at once what is missing.
pub(super) async fn hold_funds(
    world: &World,
    row: &SagaRow,
    rollout: &RolloutRow,
) -> Result<StepEnd, FlowError> {
    let Some(money) = &world.money else { return Ok(StepEnd::Done) };
    let need = need(world, row, rollout).await?;
    let candidates = funds::candidates(world, row.deployment, rollout.build_key.as_deref()).await?;
    // Nobody is here, or somebody lends for nothing: the next steps tell.
    let Some(rate) = placement::cheapest(&need, &candidates).filter(|rate| *rate > Amount::ZERO) else {
        return Ok(StepEnd::Done);
    };
    if standing(world, row).await?.is_some() {
        return Ok(StepEnd::Done);
    }
    let purse = match funds::purse(world, rollout.account).await? {
        Ok(purse) => purse,
        Err(problem) => return Ok(StepEnd::Failed(problem)),
    };
    let (lock, means) = (lock_of(money, rollout.until, rate), means(&purse));
    if let Some(short) = lock.falls_short(rate, means) {
        return Ok(StepEnd::Failed(missing(money, short, rate, lock, means)));
    }
    let amount = lock.amount(means);
    told(world.store.hold_for_saga(row.id, rollout.account, amount, clock::now()).await)
}

/// What a workload of this release needs, with what it may cost.
pub(super) async fn need(world: &World, row: &SagaRow, rollout: &RolloutRow) -> Result<Need, FlowError> {
    let rate_max = funds::rate_max(world, rollout.account, row.deployment).await?;
    Ok(Need { memory: rollout.settings.memory, cpu: rollout.settings.cpu, rate_max })
}

/// What is wrong with the account when nobody can be paid; `None` when it is not the money.
pub(super) async fn unpaid(world: &World, rollout: &RolloutRow) -> Result<Option<Problem>, FlowError> {
    if world.money.is_none() {
        return Ok(None);
    }
    Ok(funds::purse(world, rollout.account).await?.err())
}

/// Makes the deployment's agreement with the chosen provider, or uses the one that stands.
pub(super) async fn agree(world: &World, row: &SagaRow, rollout: &RolloutRow) -> Result<StepEnd, FlowError> {
    let Some(money) = &world.money else { return Ok(StepEnd::Done) };
    if world.store.agreement_of_saga(row.id).await?.is_some() {
        return Ok(StepEnd::Done);
    }
    let agent = world.store.saga_agent(row.id).await?.ok_or(FlowError::Corrupt("the agent of a saga"))?;
    let need = need(world, row, rollout).await?;
    let reserved = price::reserved(&need);
    let offer = world.store.offer(agent).await?;
    let asked = offer.map(|offer| (offer, price::terms_rate(&offer.rates, &reserved)));
    let Some((offer, rate)) = asked.filter(|(_, rate)| *rate > Amount::ZERO) else {
        world.store.use_agreement(row.id, None, clock::now()).await?;
        return Ok(StepEnd::Done);
    };
    let now = clock::now();
    let again = world.store.agreements_of_deployment(row.deployment).await?;
    let purse = funds::purse(world, rollout.account).await?;
    // What stands goes on without a mandate, as long as its terms reach.
    let lasts = |old: &AgreementRow| match &purse {
        Ok(purse) => term::serves(old.terms.expiry, seconds(now), &purse.mandate.mandate, rollout.until),
        Err(_) => term::reaches(old.terms.expiry, seconds(now), rollout.until),
    };
    if let Some(again) = again.iter().find(|old| fits(old, agent, &offer, &need, money) && lasts(old)) {
        world.store.use_agreement(row.id, Some(again.id), now).await?;
        return Ok(StepEnd::Done);
    }
    let purse = match purse {
        Ok(purse) => purse,
        Err(problem) => return Ok(StepEnd::Failed(problem)),
    };
    let (lock, means) = (lock_of(money, rollout.until, rate), means(&purse));
    if rate > means.rate_max {
        return Ok(StepEnd::Failed(missing(money, Short::TooDear, rate, lock, means)));
    }
    let new = NewAgreement {
        id: fresh::id(AgreementId::new),
        deployment: row.deployment,
        deployment_name: rollout.name.clone(),
        account: rollout.account,
        agent,
        mandate: Some(purse.mandate.id),
        terms: terms(money, &purse, (&offer, rate), rollout.until, now),
        rates: offer.rates,
        reserved,
    };
    let opening = Opening { saga: row.id, new, mandate: purse.mandate, lock: (lock.least, lock.most) };
    told(world.store.open_agreement(&opening, now).await.map(drop))
}

/// Waits until the agreement stands on chain and is final. The image is made meanwhile; nothing is started before.
pub(super) async fn await_escrow(world: &World, row: &SagaRow) -> Result<StepEnd, FlowError> {
    let Some((id, _)) = world.store.agreement_of_saga(row.id).await? else { return Ok(StepEnd::Done) };
    let Some(agreement) = world.store.agreement(id).await? else { return Ok(StepEnd::Done) };
    match agreement.state {
        AgreementState::Open => {
            // An agent that heard of it before is told again, which costs a message; one that did not may start now.
            if let Some(lease) = world.store.lease_of_saga(row.id).await? {
                world.nudge.assignment(lease.agent);
            }
            Ok(StepEnd::Done)
        }
        AgreementState::Pending => match world.store.opening_problem(id).await? {
            Some(problem) => Ok(StepEnd::Failed(problem)),
            None => Ok(StepEnd::Waiting(Some("waiting for the escrow".to_owned()))),
        },
        AgreementState::Void => {
            let problem = world.store.opening_problem(id).await?;
            Ok(StepEnd::Failed(problem.unwrap_or_else(gone)))
        }
        AgreementState::Ending | AgreementState::Closed => Ok(StepEnd::Failed(gone())),
    }
}

/// Gives back what was set aside.
pub(super) async fn undo_hold(world: &World, row: &SagaRow) -> Result<(), FlowError> {
    Ok(world.store.void_holds_of_saga(row.id, clock::now()).await?)
}

/// Takes the agreement back, when it was made for this rollout.
pub(super) async fn undo_agree(world: &World, row: &SagaRow) -> Result<(), FlowError> {
    if let Some((id, true)) = world.store.agreement_of_saga(row.id).await? {
        world.store.take_back(id, clock::now()).await?;
        world.agreements_ended();
    }
    Ok(())
}

async fn standing(world: &World, row: &SagaRow) -> Result<Option<AgreementRow>, FlowError> {
    let all = world.store.agreements_of_deployment(row.deployment).await?;
    Ok(all.into_iter().find(|row| matches!(row.state, AgreementState::Pending | AgreementState::Open)))
}

/// Whether an agreement is what would be agreed on now, but for its time.
fn fits(old: &AgreementRow, agent: AgentId, offer: &Offer, need: &Need, money: &Money) -> bool {
    matches!(old.state, AgreementState::Pending | AgreementState::Open)
        && old.agent == agent
        && old.terms.provider == offer.payee
        && old.terms.token == money.token()
        && old.rates == offer.rates
        && old.reserved == price::reserved(need)
}

fn terms(
    money: &Money,
    purse: &Purse,
    (offer, rate_per_hour): (&Offer, Amount),
    until: Option<UnixMillis>,
    now: UnixMillis,
) -> Terms {
    let span = term::span(seconds(now), &purse.mandate.mandate, until);
    Terms {
        tenant: purse.wallet,
        provider: offer.payee,
        token: money.token(),
        rate_per_hour,
        start: span.start,
        expiry: span.end,
        salt: rand::rng().random_range(0..SALT_END),
    }
}

/// What an agreement of a deployment that ends then would lock.
pub(in crate::flows) fn lock_of(money: &Money, until: Option<UnixMillis>, rate: Amount) -> Lock {
    let left = until.map(|until| until.since(clock::now()));
    lock::lock(rate, money.config.lock_for, left)
}

pub(in crate::flows) fn means(purse: &Purse) -> Means {
    let rate_max = purse.mandate.mandate.rate_per_hour_max;
    Means { rate_max, allowed: purse.allowed, free: purse.free }
}

/// What is missing, in words.
pub(in crate::flows) fn missing(
    money: &Money,
    short: Short,
    rate: Amount,
    lock: Lock,
    means: Means,
) -> Problem {
    let shown = |amount: Amount| money.shown(amount);
    let (code, message) = match short {
        Short::TooDear => (
            ErrorCode::MandateRequired,
            format!(
                "The cheapest provider asks for {} an hour, and the mandate permits {}.",
                shown(rate),
                shown(means.rate_max)
            ),
        ),
        Short::Mandate => (
            ErrorCode::MandateExhausted,
            format!(
                "It needs {} to begin, and the mandate allows {} more.",
                shown(lock.least),
                shown(means.allowed)
            ),
        ),
        Short::Funds => (
            ErrorCode::FundsInsufficient,
            format!("It needs {} to begin, and {} is free.", shown(lock.least), shown(means.free)),
        ),
    };
    Problem::new(code, message)
}

fn gone() -> Problem {
    Problem::new(
        ErrorCode::ChainUnavailable,
        "The agreement with the provider ended before the app was live.",
    )
}

fn seconds(now: UnixMillis) -> u64 {
    u64::try_from(now.0 / 1000).unwrap_or(0)
}

/// A refusal that the tenant can mend is the step's end; any other failure is tried again.
fn told(done: Result<(), StoreError>) -> Result<StepEnd, FlowError> {
    let Err(error) = done else { return Ok(StepEnd::Done) };
    let code = error.code();
    if matches!(code, ErrorCode::FundsInsufficient | ErrorCode::MandateExhausted) {
        return Ok(StepEnd::Failed(Problem::new(code, error.to_string())));
    }
    Err(error.into())
}
