//! The cloud side: keeps the wanted state, the facts and the routes. `app` wires the rooms; see ARCHITECTURE.md.

pub mod api;
pub mod app;
pub mod chain;
pub mod clock;
pub mod config;
pub mod console;
pub mod doors;
pub mod edge;
pub mod facts;
pub mod flows;
pub mod fresh;
pub mod front;
pub mod git;
pub mod jobs;
pub mod ledger;
pub mod link;
pub mod log_hub;
pub mod logic;
pub mod mail;
pub mod money;
pub mod nudge;
pub mod online;
pub mod quotes;
pub mod seal;
pub mod store;
pub mod visitors;
