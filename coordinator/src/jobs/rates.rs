//! Keeps what a token is worth for people up to date: each source is asked by a timer, with back-off while it fails; what
//! is believed takes the old rate's place and is kept for statements. A source that lies, stalls or is gone changes
//! nothing but the mark that the rate is old. Deliberately absent: deciding (`logic::rates`), and charging; these rates are
//! for eyes alone.

use crate::{
    clock,
    logic::rates::{RateFault, RateSource, judge, read, wait},
    money::Money,
    quotes::{QuoteError, Quotes},
    store::{Store, StoreError},
};
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{api::billing::DisplayRate, unit::UnixMillis};

/// A source that needs longer is asked again later; nobody waits for it.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why a source brought no rate.
#[derive(Debug, thiserror::Error)]
pub(super) enum RateError {
    /// No answer.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// It is not believed.
    #[error(transparent)]
    Fault(#[from] RateFault),
    /// It could not be kept.
    #[error("keep a rate")]
    Store(#[from] StoreError),
}

/// Starts one worker for each source, after what was known before is taken up again.
pub async fn start(
    workers: &TaskTracker,
    store: &Store,
    money: &Arc<Money>,
    shutdown: &CancellationToken,
) -> Result<(), StoreError> {
    for rate in store.newest_rates().await? {
        // What the operator wrote down later counts for more, and so does a source that is not asked any more for less.
        if money.config.asks_for(&rate.currency) {
            money.note_rate(rate);
        }
    }
    for source in &money.config.rate_sources {
        let (store, money, source) = (store.clone(), money.clone(), source.clone());
        workers.spawn(run(store, money, source, shutdown.clone()));
    }
    Ok(())
}

async fn run(store: Store, money: Arc<Money>, source: RateSource, shutdown: CancellationToken) {
    let quotes = match Quotes::new(DEADLINE) {
        Ok(quotes) => quotes,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no rates are asked for");
            return;
        }
    };
    let mut failures = 0_u32;
    loop {
        match look(&store, &money, &source, &quotes, clock::now()).await {
            Ok(_) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                let currency = &source.currency;
                tracing::warn!(
                    currency,
                    failures,
                    error = &error as &dyn std::error::Error,
                    "the old rate of {currency} stays"
                );
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(wait(money.config.rate_every, failures).0)) => {}
        }
    }
}

/// Asks once. Errors: the old rate stays.
pub(super) async fn look(
    store: &Store,
    money: &Money,
    source: &RateSource,
    quotes: &Quotes,
    now: UnixMillis,
) -> Result<DisplayRate, RateError> {
    let body = quotes.ask(&source.url).await?;
    let rate = read(source, &source.name(), &body, now)?;
    judge(money.rate(&source.currency).as_ref(), &rate, money.config.rate_jump_percent)?;
    store.keep_rate(&rate).await?;
    money.note_rate(rate.clone());
    Ok(rate)
}

#[cfg(test)]
mod tests;
