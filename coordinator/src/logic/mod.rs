//! What is decided, without touching the world: plain functions of state, fact and time. Deliberately absent: SQL,
//! sockets, clocks, chance.

pub mod audit;
pub mod authorize;
pub mod chain;
pub mod deployment;
pub mod funding;
pub mod ladder;
pub mod leaving;
pub mod lock;
pub mod metering;
pub mod outbox;
pub mod placement;
pub mod price;
pub mod push;
pub mod rates;
pub mod recipe;
pub mod request;
pub mod rollout;
pub mod runway;
pub mod saga;
pub mod schedule;
pub mod settling;
pub mod term;
pub mod term_end;
