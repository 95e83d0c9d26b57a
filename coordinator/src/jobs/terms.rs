//! Keeps end dates: tells owners in time, stops what is over, and gives what is paid for new terms before the old ones
//! end, by a fresh workload of the same release that visitors do not notice. An end date counts also where nothing is paid
//! for. Deliberately absent: deciding (`logic::term_end`, `logic::term`).

use crate::{
    clock,
    flows::{FlowError, world::World},
    fresh,
    logic::{
        funding::is_current,
        ladder::Ladder,
        term,
        term_end::{TermNotice, TermStep, steps},
    },
    store::term::{TermRow, term_over},
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::SagaId,
    unit::{Millis, UnixMillis},
};

/// How often end dates are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// New terms that could not be had are tried again after this, ms.
const TRY_AGAIN_MS: i64 = 10 * 60 * 1000;

/// Runs until shutdown.
pub async fn run(world: World, shutdown: CancellationToken) {
    loop {
        let now = clock::now();
        for looked in [look(&world, now).await, renew(&world, now).await] {
            if let Err(error) = looked {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not look at the end dates");
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// One look at all of them.
pub(super) async fn look(world: &World, now: UnixMillis) -> Result<(), FlowError> {
    for row in world.store.terms().await? {
        for step in steps(&Ladder::default(), &row.term, now) {
            match step {
                TermStep::End => end(world, &row, now).await?,
                TermStep::Tell(notice) => tell(world, &row, notice, now).await?,
            }
        }
    }
    Ok(())
}

/// New terms for what goes on beyond its present ones: its end date was moved, or a year is nearly over.
pub(super) async fn renew(world: &World, now: UnixMillis) -> Result<(), FlowError> {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    let failed_since = UnixMillis(now.0.saturating_sub(TRY_AGAIN_MS));
    for (deployment, account, agreement, until) in world.store.serving_under_terms(failed_since).await? {
        let Some(row) = world.store.agreement(agreement).await? else { continue };
        // Cheap for nearly all of them; the mandate is asked for the rest.
        if term::reaches(row.terms.expiry, seconds, until) {
            continue;
        }
        let mandate = world.store.mandate_in_force(account).await?;
        let Some(mandate) = mandate.filter(|row| is_current(&row.mandate, now)) else { continue };
        // Only for more time than there is: where the mandate ends first nothing could be won.
        let better = term::span(seconds, &mandate.mandate, until).end > row.terms.expiry;
        if better && world.store.request_relocation(fresh::id(SagaId::new), deployment, now).await? {
            tracing::info!(deployment.id = %deployment, agreement.id = %agreement, "new terms for deployment {deployment}");
            world.nudge.sagas();
        }
    }
    Ok(())
}

async fn end(world: &World, row: &TermRow, now: UnixMillis) -> Result<(), FlowError> {
    if world.store.stop_for_term(row.deployment, now).await? {
        tracing::info!(deployment.id = %row.deployment, "stopping deployment {}: its end date is reached", row.deployment);
        world.refresh_address(row.deployment).await?;
        world.nudge.sagas();
    }
    Ok(())
}

async fn tell(world: &World, row: &TermRow, notice: TermNotice, now: UnixMillis) -> Result<(), FlowError> {
    let problem = words(notice, row.term.until.since(now));
    if world.store.tell_of_term(row, (notice, &problem), now).await? {
        tracing::info!(deployment.id = %row.deployment, notice = notice.as_str(), "told the owner of {}: {}", row.deployment, problem.message);
    }
    Ok(())
}

fn words(notice: TermNotice, left: Millis) -> Problem {
    let minutes = left.0 / 60_000;
    let left = match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    match notice {
        TermNotice::Week | TermNotice::Day | TermNotice::Hour => {
            let message = format!("This deployment reaches its end date in about {left}.");
            Problem::new(ErrorCode::TermOver, message)
        }
        TermNotice::Ended => {
            let over = term_over();
            Problem { message: format!("{} It was stopped and is kept.", over.message), ..over }
        }
    }
}

#[cfg(test)]
mod tests;
