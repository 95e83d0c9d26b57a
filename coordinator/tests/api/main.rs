//! The HTTP API against real tables: the router as it is served, a store in a folder of its own. The rooms around it
//! (sagas, links, edge) are absent; what they would write is written here by hand where a test needs it.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod accounts;
mod deployments;
mod devices;
mod errors;
mod events;
mod github;
#[path = "../../../tests/harness/github.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the system tests, which use more of it")]
mod github_stand_in;
mod harness;
mod hooks;
mod idempotency;
mod lists;
mod logs;
mod machine;
mod mail;
mod matrix;
mod metering;
mod money;
mod pairing;
mod people;
mod plans;
mod previews;
mod secrets;
mod shape;
mod sign_in;
mod teams;
mod uploads;
mod wishes;
