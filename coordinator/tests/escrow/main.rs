//! Rust and Solidity beside each other, on a real node: what one side signs, packs, bounds and books is what the other
//! side accepts, reads, pays and holds. Every test has a node of its own and draws its inputs from a seed that it prints;
//! `TTALKAK_SEED` draws the same again, `TTALKAK_WALKS` walks further. Deliberately absent: what the contract does by
//! itself (the tests beside it), and the life of a transaction before it is mined (the tests of the outbox).
#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]
#![allow(clippy::print_stderr, reason = "a test that is skipped says so")]

mod anvil;
mod bound;
mod chance;
mod contract;
mod gas;
mod ids;
mod node;
mod signatures;
mod walk;
mod words;
