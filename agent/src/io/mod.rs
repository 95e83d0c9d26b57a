//! The edges: one foreign thing a file. They carry out, return facts and decide nothing.

pub mod api;
pub mod cgroup;
pub mod claim;
pub mod clock;
pub mod dial;
pub mod disk_room;
pub mod doctor;
pub mod egress;
pub mod engine;
pub mod gauges;
pub mod key_store;
pub mod link;
pub mod listeners;
pub mod log_tail;
pub mod logs;
pub mod machine;
pub mod money_book;
pub mod pace;
pub mod probe;
pub mod senses;
pub mod source;
pub mod tunnel;
pub mod wallet;
