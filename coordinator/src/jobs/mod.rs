//! Background work: workers that keep promises, each started by a timer or a nudge, harmless twice.

pub mod chain_work;
pub mod fund;
pub mod ladder;
pub mod leaving;
pub mod on_chain;
pub mod paid;
pub mod presence;
pub mod previews;
pub mod push;
pub mod rates;
pub mod reconcile;
pub mod sagas;
#[cfg(test)]
mod scene;
pub mod send;
pub mod settle;
pub mod sweep;
pub mod terms;
pub mod wake;
pub mod watch_chain;
