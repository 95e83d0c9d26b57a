//! The link over real WebSockets, with a registry in memory.
#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

#[path = "link/bad_frames.rs"]
mod bad_frames;
#[path = "link/handshakes.rs"]
mod handshakes;
#[path = "link/lives.rs"]
mod lives;
#[path = "link/world.rs"]
mod world;
