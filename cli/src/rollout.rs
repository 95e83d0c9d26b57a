//! Following a rollout until it serves or fails. `phase` and `verdict` are pure; `watch` asks the coordinator,
//! `screen` draws.

mod phase;
mod screen;
mod verdict;
mod watch;

pub(crate) use phase::{detected, platform_title};
pub(crate) use screen::Screen;
pub(crate) use watch::{Rollout, finish};
