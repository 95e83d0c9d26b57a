//! Two real ends of a tunnel, or one end and an attacker, over sockets and over pipes of a few bytes.
//! Deliberately absent: timing. Every wait has a deadline, and no test passes by being quick.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod attack;
mod copying;
mod lifecycle;
mod streams;
mod world;
