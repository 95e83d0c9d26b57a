//! Lines of logs, as a desk follows them.

use crate::{id::LeaseId, link::LogStream, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// Further lines of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LogNews {
    /// Whose.
    pub of: LogOf,
    /// Oldest first.
    pub lines: Vec<LogText>,
    /// So many lines before these were left out, because they came faster than this desk reads.
    pub skipped: u64,
    /// These begin the log anew: the desk forgets what it has of it.
    pub anew: bool,
}

/// Whose log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum LogOf {
    /// A workload's: its build, its app, and what the platform says about it.
    Workload {
        /// Which.
        lease: LeaseId,
    },
    /// The program's own.
    Program,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LogText {
    /// Counts within one log of one daemon.
    pub seq: u64,
    /// When it was written.
    pub at: UnixMillis,
    /// Where it came from, for a workload's line.
    pub stream: Option<LogStream>,
    /// How grave, for the program's own line.
    pub level: Option<LogLevel>,
    /// Without the line end. May hold ANSI colours; draw it as text.
    pub text: String,
}

/// How grave a line of the program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// Someone must act.
    Error,
    /// Odd, recovered.
    Warn,
    /// A life's milestones.
    Info,
    /// Why.
    Debug,
    /// Each byte or frame.
    Trace,
}
