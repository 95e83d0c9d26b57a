//! The cloud side: keeps the wanted state, the facts and the routes. `app` wires the rooms; see ARCHITECTURE.md.

pub mod clock;
pub mod fresh;
pub mod link;
pub mod log_hub;
pub mod logic;
pub mod nudge;
pub mod online;
pub mod seal;
pub mod store;
