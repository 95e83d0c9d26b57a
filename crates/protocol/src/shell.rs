//! What the desktop shell says to the screens in its window, beside what the daemon says: whether there is a daemon, and
//! a few things of the system. Deliberately absent: everything that the daemon decides (`desk`).

use crate::{
    desk::{Fault, Told},
    error::Problem,
};
use serde::{Deserialize, Serialize};

/// What a screen hears without having asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "heard", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "what the daemon said is nearly all that is ever heard")]
pub enum Heard {
    /// The connection to the daemon stands; all sections follow.
    Connected,
    /// It does not stand. Said once for each loss, and once when the first try fails.
    Lost {
        /// It was killed or hangs, and is being started again. One that ended by wish stays away until it is wanted.
        crashed: bool,
    },
    /// News or lines.
    Told {
        /// What the daemon said.
        told: Told,
    },
    /// The tray or a second start wants this page.
    Page {
        /// Such as `earnings`.
        page: String,
    },
}

/// Why an ask was not carried out; nothing has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Refusal {
    /// What happened, and the next move.
    pub problem: Problem,
    /// Which fields of a form are wrong, when that is the reason.
    pub faults: Vec<Fault>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, faults: Vec::new() }
    }
}

/// Versions and licences of the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct About {
    /// Of the app.
    pub version: String,
    /// What it was built for, such as `x86_64-linux`.
    pub target: String,
    /// Of the system's webview.
    pub webview: Option<String>,
    /// Of the app, as an SPDX name.
    pub licence: String,
    /// What it is made of, by name.
    pub components: Vec<Component>,
}

/// Something that the app is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX.
    pub licence: String,
}

/// Whether there is a newer version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "update", rename_all = "snake_case")]
pub enum UpdateNews {
    /// This build has no place to look at: it came from a distribution or was built by hand.
    NotConfigured,
    /// This is the newest, or it is not this machine's turn yet.
    Newest,
    /// There is one.
    Ready {
        /// Its version.
        version: String,
        /// What is new in it.
        notes: Option<String>,
    },
}
