//! What a *desk* and the agent's daemon say to each other. A desk is one screen's connection: the desktop shell's, a
//! browser's, a test's. One JSON text per message, at most [`MESSAGE_BYTES_MAX`].
//!
//! The screen asks ([`Ask`] with a [`Call`]); the daemon answers each ask once and tells [`News`]: whole sections, sent
//! at connect and again whenever they changed. A slow desk gets only the newest of a section. Numbers are far below 2^53
//! (bytes of one machine, milliseconds of one life), so that JavaScript reads them exactly; money is a decimal string.
//! Deliberately absent: the transport (the agent's `desk` room) and everything secret but the one reply that shows it.

mod call;
mod disk;
mod doctor;
mod earnings;
mod lending;
mod log;
mod machine;
mod news;
mod notice;
mod ports;
mod reply;
mod settings;
mod status;
mod tunnel;
mod wallet;
mod workload;

pub use call::*;
pub use disk::*;
pub use doctor::*;
pub use earnings::*;
pub use lending::*;
pub use log::*;
pub use machine::*;
pub use news::*;
pub use notice::*;
pub use ports::*;
pub use reply::*;
pub use settings::*;
pub use status::*;
pub use tunnel::*;
pub use wallet::*;
pub use workload::*;

use crate::error::Problem;
use serde::{Deserialize, Serialize};

/// The longest message of a desk, either way, in bytes and without the line end.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Grows when something that is there changes its meaning; what is only added leaves it alone.
pub const DESK_VERSION: u32 = 1;
/// The path of the WebSocket of the browser's view.
pub const DESK_PATH: &str = "/desk";

/// From the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ask {
    /// The screen's own number of this ask; its answer bears it. Below 2^53.
    pub n: u64,
    /// What is asked.
    #[serde(flatten)]
    pub call: Call,
}

/// From the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "told", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "made, written and dropped; never kept many at a time")]
pub enum Told {
    /// An ask was carried out.
    Answer {
        /// The number of the ask.
        n: u64,
        /// What came of it.
        reply: Reply,
    },
    /// An ask was not carried out, and nothing has changed.
    Refused {
        /// The number of the ask; 0 when it could not be read.
        n: u64,
        /// Why, and what to do about it.
        problem: Problem,
        /// Which fields of a form are wrong, when that is the reason.
        faults: Vec<Fault>,
    },
    /// A section, whole.
    News(News),
    /// Lines of a log that this desk follows.
    Lines(LogNews),
}

/// One field of a form that cannot be taken as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Fault {
    /// The field's path within the form, such as `limits.memory`.
    pub field: String,
    /// Why, in a sentence, and with a code for the screen's own words.
    pub problem: Problem,
}

#[cfg(test)]
mod tests;
