//! Section `doctor`: what was found when the machine was looked at.

use crate::{error::Problem, unit::UnixMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Section `doctor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Doctor {
    /// When the last round ended; absent before the first.
    pub at: Option<UnixMillis>,
    /// A round is under way.
    pub running: bool,
    /// One for each check, in the order to show.
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finding {
    /// Which check.
    pub check: DoctorCheck,
    /// How it stands.
    pub grade: Grade,
    /// What was found, with a stable code, a sentence and the next move; absent when all is well.
    pub problem: Option<Problem>,
    /// What was seen, one short sentence for people who want to know, such as `docker 20.10.24 at /var/run/docker.sock`.
    pub seen: String,
    /// Single values of what was seen, for the screen's own words: `version`, `free_bytes`, `group`, …
    pub values: BTreeMap<String, String>,
    /// What helps.
    pub mend: Mend,
    /// When it was looked at.
    pub at: UnixMillis,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DoctorCheck {
    /// An engine is installed, runs, answers, and this user may use it.
    Engine,
    /// The engine is new enough.
    EngineVersion,
    /// The engine's machine (a VM on some systems) has room for what is lent.
    EngineSize,
    /// The engine honours limits of memory and processor.
    Limits,
    /// Images can be built.
    Builder,
    /// The engine keeps its images by a driver that is fast and honours limits.
    Storage,
    /// The engine runs programs of a kind that apps are built for.
    Architecture,
    /// Room on the engine's disk.
    EngineDisk,
    /// Room in the data folder, and it can be written.
    DataFolder,
    /// The coordinator answers, with a right certificate.
    Coordinator,
    /// The coordinator's port, usually 443, is open outwards.
    Outbound,
    /// A proxy stands in the way.
    Proxy,
    /// This machine's clock is right.
    Clock,
    /// The system's key store can be used.
    KeyStore,
    /// Ports of the range are free.
    Ports,
    /// No second daemon works in the same data folder.
    OtherDaemon,
    /// The desktop tells idle time and battery, as far as rules need them.
    Senses,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Not looked at yet.
    Pending,
    /// Well.
    Good,
    /// Lending works, not as well as it could.
    Warn,
    /// Lending does not work.
    Bad,
    /// Cannot be told here.
    Unknown,
}

/// What helps against a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "mend", rename_all = "snake_case")]
pub enum Mend {
    /// Nothing is needed, or nothing is known.
    None,
    /// [`super::Call::Mend`] does it.
    Button {
        /// A word for the screen's own label: `start_engine`, `join_group`, `delegate_limits`, `make_folder`,
        /// `move_ports`, `clean_up`, `wallet_to_file`.
        action: String,
        /// What will be run, word for word; absent when it is the program itself that does it.
        command: Option<String>,
        /// Whether the system will ask for the owner's password.
        asks_password: bool,
    },
    /// The owner runs a command.
    Command {
        /// To be copied.
        command: String,
    },
    /// A page tells how.
    Link {
        /// Where.
        url: String,
    },
    /// A screen of this program: `settings`, `disk`, `ports`, `wallet`.
    Screen {
        /// Which.
        screen: String,
    },
}
