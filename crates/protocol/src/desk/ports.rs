//! Section `ports`: the range that workloads get their ports from.

use crate::{
    id::LeaseId,
    unit::{Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Section `ports`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ports {
    /// First of the range.
    pub first: u16,
    /// Last of the range.
    pub last: u16,
    /// How many of the range nobody has.
    pub free: u32,
    /// Those that workloads have, by number.
    pub ours: Vec<PortOfOurs>,
    /// Those that other programs have, by number, at most 500.
    pub taken: Vec<PortTaken>,
    /// How many other programs have in all, also beyond those listed.
    pub taken_total: u32,
    /// When it was last looked at; absent before the first look.
    pub at: Option<UnixMillis>,
    /// A look is under way.
    pub looking: bool,
    /// The last time that no port was free for a workload.
    pub exhausted: Option<UnixMillis>,
}

/// A port that a workload has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PortOfOurs {
    /// The port on loopback.
    pub port: u16,
    /// Whose.
    pub lease: LeaseId,
    /// The deployment's name.
    pub name: String,
    /// The port in its container.
    pub container_port: u16,
}

/// A port of the range that another program has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PortTaken {
    /// Which.
    pub port: u16,
    /// The program's name; absent when the system does not tell whose it is.
    pub program: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
    /// A workload wanted it and got another one.
    pub conflict: bool,
    /// It is left alone for so long after a conflict.
    pub avoided_for: Option<Millis>,
}
