//! The chain room and its workers against a real chain: anvil, a proxy that makes faults, the contracts as they are
//! shipped. Without anvil they say so and pass, unless TTALKAK_REQUIRE_ENGINE is set.
#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

#[path = "chain/calls.rs"]
mod calls;
#[path = "chain/faults.rs"]
mod faults;
#[path = "chain/node.rs"]
mod node;
#[path = "chain/product.rs"]
mod product;
#[path = "chain/proxy.rs"]
mod proxy;
#[path = "chain/sending.rs"]
mod sending;
#[path = "chain/watching.rs"]
mod watching;
#[path = "chain/world.rs"]
mod world;
