//! What the agent decides, as plain functions: `(state, event, now) -> effects`. Deliberately absent: clocks, sockets,
//! the engine and every other foreign thing; those live in `io` and only carry out what is decided here.

pub mod agent;
pub mod backoff;
pub mod build_failure;
pub mod build_log;
pub mod build_progress;
pub mod claim;
pub mod clock_watch;
pub mod disk;
pub mod doctor;
pub mod earnings;
pub mod effect;
pub mod event;
pub mod gauges;
pub mod lending;
pub mod line_gate;
pub mod listening;
pub mod log_book;
pub mod meter;
pub mod policy;
pub mod port_scan;
pub mod ports;
pub mod preferences;
pub mod workload;
