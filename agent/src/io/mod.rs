//! The edges: one foreign thing a file. They carry out, return facts and decide nothing.

pub mod api;
pub mod clock;
pub mod dial;
pub mod egress;
pub mod engine;
pub mod link;
pub mod logs;
pub mod machine;
pub mod money_book;
pub mod pace;
pub mod probe;
pub mod source;
pub mod tunnel;
pub mod wallet;
