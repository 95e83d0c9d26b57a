//! The edges: one foreign thing a file. They carry out, return facts and decide nothing.

pub mod dial;
pub mod link;
pub mod pace;
