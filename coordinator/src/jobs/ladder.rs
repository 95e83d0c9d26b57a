//! Keeps the promises about the end of money: looks at every purse in short turns, tells owners in time, stops what can
//! not be paid for much longer, brings it back after a top-up, and deletes what nobody paid for in the end. Deliberately
//! absent: deciding (`logic::ladder`), and prices.

use crate::{
    clock,
    flows::{FlowError, world::World},
    ledger::Account,
    logic::{
        funding::{cost, is_current},
        ladder::{Ladder, NoticeKind, Purse, Standing, Step, steps},
        runway::{Drain, Runway, runway, runways, within},
    },
    money::Money,
    store::{StoreError, purse::PurseRow},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    api::deployment::DeploymentState,
    error::{ErrorCode, Problem},
    id::AccountId,
    money::Amount,
    unit::{Millis, UnixMillis},
};

/// How often purses are looked at; the stop margin of the ladder counts on it.
const LOOK: Duration = Duration::from_secs(5);
/// A start that failed for another reason than money is tried again after this.
const TRY_AGAIN: Millis = Millis(10 * 60 * 1000);

/// Runs until shutdown.
pub async fn run(world: World, money: Arc<Money>, shutdown: CancellationToken) {
    let ladder = ladder(money.config.lock_for);
    loop {
        if let Err(error) = look(&world, &money, &ladder, clock::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not look at the purses");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// A short lock, as in development, has a short margin: caps are raised when a quarter is left, and that must come first.
fn ladder(lock_for: Millis) -> Ladder {
    let usual = Ladder::default();
    Ladder { stop_margin: usual.stop_margin.min(Millis((lock_for.0 / 8).max(1))), ..usual }
}

/// One look at every purse.
pub(super) async fn look(
    world: &World,
    money: &Money,
    ladder: &Ladder,
    now: UnixMillis,
) -> Result<(), FlowError> {
    for (account, purses) in world.store.purses().await? {
        let usable = usable(world, account, now).await?;
        for (purse, runway) in purses.iter().zip(spans(&purses, usable, now)) {
            let runway = runway.and_then(|runway| startable(purse, runway, usable, money, ladder));
            // What fails for one is no reason to let the others' money run out.
            if let Err(error) = act(world, purse, runway, ladder, now).await {
                tracing::warn!(deployment.id = %purse.deployment, error = &error as &dyn std::error::Error, "the money of deployment {} is looked at later", purse.deployment);
            }
        }
    }
    Ok(())
}

/// Free money that the tenant's mandate still allows to lock.
async fn usable(world: &World, account: AccountId, now: UnixMillis) -> Result<Amount, FlowError> {
    let Some(row) = world.store.mandate_in_force(account).await? else { return Ok(Amount::ZERO) };
    if !is_current(&row.mandate, now) {
        return Ok(Amount::ZERO);
    }
    let free = world.store.balance(Account::Free(account)).await?;
    let used = world.store.mandate_used(&row, now).await?;
    Ok(free.min(row.mandate.cap.saturating_sub(used)))
}

/// How long each lasts, by what it usually costs; what secures it counts at the most that it may cost.
fn spans(purses: &[PurseRow], usable: Amount, now: UnixMillis) -> Vec<Option<Runway>> {
    let drain = |purse: &PurseRow| {
        let nothing = Drain { locked: Amount::ZERO, pending: Amount::ZERO, rate_per_hour: Amount::ZERO };
        let Some(row) = &purse.agreement else { return nothing };
        let rate_per_hour = row.cost_per_hour();
        // What ended before is on its way back to the tenant, and not this run's any more.
        if purse.ended() {
            return Drain { rate_per_hour, ..nothing };
        }
        Drain { locked: row.left(), pending: purse.pending, rate_per_hour }
    };
    let spans = runways(usable, &purses.iter().map(drain).collect::<Vec<_>>());
    let secured = |(span, purse): (Option<Runway>, &PurseRow)| {
        let (span, row) = (span?, purse.agreement.as_ref().filter(|_| !purse.ended()));
        let Some(row) = row else { return Some(span) };
        let worst = runway(row.left(), row.terms.rate_per_hour).unwrap_or(span.locked);
        let expiry = i64::try_from(row.terms.expiry.saturating_mul(1000)).unwrap_or(i64::MAX);
        let valid = UnixMillis(expiry).since(now);
        let span = Runway { money: span.money, locked: span.locked.min(worst) };
        Some(within(span, valid, purse.until.map(|until| until.since(now))))
    };
    spans.into_iter().zip(purses).map(secured).collect()
}

/// A deployment is started only with what a rollout asks for; with less, it would be in vain again and again. Nothing is
/// said of what is stopped while the chain is away: money may have come.
fn startable(
    purse: &PurseRow,
    runway: Runway,
    usable: Amount,
    money: &Money,
    ladder: &Ladder,
) -> Option<Runway> {
    if !purse.ended() {
        return Some(runway);
    }
    let rate = purse.agreement.as_ref().map_or(Amount::ZERO, |row| row.terms.rate_per_hour);
    if !money.is_healthy() {
        return None;
    }
    let short = Millis(ladder.hour.0.saturating_sub(1));
    let covers = usable >= cost(rate, money.config.lock_for.min(ladder.hour));
    Some(if covers { runway } else { Runway { money: runway.money.min(short), ..runway } })
}

async fn act(
    world: &World,
    purse: &PurseRow,
    runway: Option<Runway>,
    ladder: &Ladder,
    now: UnixMillis,
) -> Result<(), FlowError> {
    let standing = match purse.ended_at {
        Some(since) if purse.ended() => Standing::Stopped { since },
        Some(_) | None if purse.runs() => Standing::Running,
        // On its way up or down: nothing is used.
        Some(_) | None => return Ok(()),
    };
    // Most purses are full: what was told need not be read for them.
    let full = |runway: Runway| runway.money > ladder.week && runway.locked > ladder.stop_margin;
    if standing == Standing::Running && runway.is_none_or(full) {
        return Ok(());
    }
    let (cycle, given) = world.store.told(purse.account, purse.deployment).await?;
    for step in steps(ladder, &Purse { runway, standing, given }, now) {
        match step {
            Step::Notice(kind) => {
                let left = runway.map(|runway| runway.money);
                tell(world, purse, (cycle, kind), left, now).await?;
            }
            Step::Stop => stop(world, purse, now).await?,
            Step::Resume => resume(world, purse, now).await?,
            Step::Delete => delete(world, purse, now).await?,
        }
    }
    Ok(())
}

async fn tell(
    world: &World,
    purse: &PurseRow,
    (cycle, kind): (u64, NoticeKind),
    runway: Option<Millis>,
    now: UnixMillis,
) -> Result<(), FlowError> {
    let problem = notice(kind, runway);
    let whose = (purse.account, purse.deployment);
    if world.store.tell_owner(whose, cycle, (kind, &problem), now).await? {
        tracing::info!(deployment.id = %purse.deployment, notice = %kind, "told the owner of {}: {}", purse.deployment, problem.message);
    }
    Ok(())
}

async fn stop(world: &World, purse: &PurseRow, now: UnixMillis) -> Result<(), FlowError> {
    if world.store.stop_for_balance(purse.deployment, now).await? {
        tracing::info!(deployment.id = %purse.deployment, "stopping deployment {}: its money is used up", purse.deployment);
        world.refresh_address(purse.deployment).await?;
        world.nudge.sagas();
    }
    Ok(())
}

async fn resume(world: &World, purse: &PurseRow, now: UnixMillis) -> Result<(), FlowError> {
    let failed_lately =
        purse.ended_at.is_some_and(|at| at < purse.since) && now.since(purse.since) < TRY_AGAIN;
    let first = world.store.ended_for_balance(purse.deployment).await?;
    if purse.busy || purse.state != DeploymentState::Ended || (failed_lately && !first) {
        return Ok(());
    }
    let key = purse.deployment.to_string();
    match world.store.request_start(&world.sealer, purse.account, &key, now).await {
        Ok(_) => {
            tracing::info!(deployment.id = %purse.deployment, "starting deployment {} again: there is money", purse.deployment);
            world.nudge.sagas();
            Ok(())
        }
        // Never live, or its owner was faster.
        Err(StoreError::Refused(refusal)) => {
            tracing::debug!(deployment.id = %purse.deployment, "not started again: {refusal}");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn delete(world: &World, purse: &PurseRow, now: UnixMillis) -> Result<(), FlowError> {
    world.store.request_delete(purse.account, &purse.deployment.to_string(), now).await?;
    tracing::info!(deployment.id = %purse.deployment, "deleting deployment {}: nobody paid for it", purse.deployment);
    world.nudge.sagas();
    Ok(())
}

fn notice(kind: NoticeKind, runway: Option<Millis>) -> Problem {
    let minutes = runway.map_or(0, |runway| runway.0 / 60_000);
    let left = match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    let low = |message: String| Problem::new(ErrorCode::FundsInsufficient, message);
    let ended = |message: &str| Problem::new(ErrorCode::BalanceEnded, message);
    match kind {
        NoticeKind::RunwayWeek | NoticeKind::RunwayDay | NoticeKind::RunwayHour => {
            low(format!("The money for this deployment lasts for about {left}."))
        }
        NoticeKind::Grace => {
            low(format!("This deployment stops in about {left}: its money is nearly used up."))
        }
        NoticeKind::Stopped => {
            ended("This deployment was stopped: its money is used up. It is kept for 30 days.")
        }
        NoticeKind::Resumed => {
            ended("There is money again; this deployment is started.").with_next("Nothing to do.")
        }
        NoticeKind::DeletionWeek => {
            ended("This deployment is deleted in a week, with all that is kept of it.")
        }
        NoticeKind::DeletionDay => ended("This deployment is deleted in a day, with all that is kept of it."),
    }
}

#[cfg(test)]
mod tests;
