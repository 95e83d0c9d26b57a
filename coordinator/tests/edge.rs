//! The edge over real sockets: an agent of a few lines holds a real tunnel, small apps answer behind it.
#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

#[path = "edge/app.rs"]
mod app;
#[path = "edge/pages.rs"]
mod pages;
#[path = "edge/passing.rs"]
mod passing;
#[path = "edge/ports.rs"]
mod ports;
#[path = "edge/refusals.rs"]
mod refusals;
#[path = "edge/swaps.rs"]
mod swaps;
#[path = "edge/world.rs"]
mod world;
