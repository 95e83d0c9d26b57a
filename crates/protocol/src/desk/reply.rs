//! What comes of an ask that was carried out.

use super::{Enrolled, Limits, LogText, WalletKept};
use crate::{
    id::LeaseId,
    money::Amount,
    secret::Secret,
    unit::{Bytes, Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// What came of an ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It is done; what changed comes as news.
    Done,
    /// To [`super::Call::Enrol`].
    Enrolled(Enrolled),
    /// To [`super::Call::PreviewSettings`] and [`super::Call::ChangeSettings`].
    Preview(Preview),
    /// To [`super::Call::ProgramLog`].
    ProgramLog {
        /// Oldest first, at most 1000.
        lines: Vec<LogText>,
    },
    /// To [`super::Call::RemoveImage`] and [`super::Call::CleanUp`].
    Freed(Freed),
    /// To [`super::Call::Statement`].
    Statement {
        /// A name for the file.
        file_name: String,
        /// `text/csv` or `application/json`.
        media_type: String,
        /// The file.
        text: String,
    },
    /// To [`super::Call::CreateWallet`] and [`super::Call::ImportWallet`].
    WalletMade {
        /// Its address, with the checksum's capitals.
        address: String,
        /// Where its key is.
        kept: WalletKept,
        /// The folder of the wallet that was here before, when there was one.
        set_aside: Option<String>,
    },
    /// To [`super::Call::BackUpWallet`]. Shown once and kept nowhere.
    WalletSecret {
        /// A private key in hex, or a keystore's JSON.
        secret: Secret<String>,
        /// Whether it is a keystore under a passphrase.
        encrypted: bool,
    },
    /// To [`super::Call::QuitCost`].
    QuitCost(QuitCost),
}

/// What a change of the settings does to running work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Preview {
    /// The change can be made as it is, without moving anything away.
    pub fits: bool,
    /// Limits in force before.
    pub before: Limits,
    /// Limits in force after.
    pub after: Limits,
    /// Workloads that stay, and are told of new limits of their own where their plan exceeds what is lent.
    pub stays: u32,
    /// Workloads that do not fit any more: with `Refuse` they are in the way, with `Drain` they are moved away.
    pub leaves: Vec<PreviewLeave>,
    /// Whether the change makes the machine stop lending at this moment, by a rule.
    pub stops_lending: bool,
}

/// A workload that does not fit new limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PreviewLeave {
    /// Which.
    pub lease: LeaseId,
    /// The deployment's name.
    pub name: String,
    /// Which limit it does not fit, as the path of the setting.
    pub limit: String,
    /// What it earns per hour, base units.
    pub per_hour: Amount,
}

/// What a clean-up freed, or would free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Freed {
    /// In all.
    pub bytes: Bytes,
    /// Images removed.
    pub images: u32,
    /// Of the build cache.
    pub build_cache: Bytes,
    /// Of source archives.
    pub sources: Bytes,
    /// It was only looked at.
    pub only_looked: bool,
}

/// What quitting now would stop and cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QuitCost {
    /// Whether workloads would be stopped; otherwise they run on without anybody to reach them.
    pub stops_workloads: bool,
    /// Those that run.
    pub workloads: Vec<QuitWorkload>,
    /// What all of them earn, base units.
    pub per_hour: Amount,
    /// Worked and not vouched for yet, base units.
    pub unvouched: Amount,
    /// Visitors' streams that would be cut after the drain.
    pub streams: u32,
    /// Quitting takes at most so long.
    pub takes: Millis,
}

/// A workload that quitting would stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QuitWorkload {
    /// Which.
    pub lease: LeaseId,
    /// The deployment's name.
    pub name: String,
    /// It is up since then.
    pub since: UnixMillis,
    /// What it earns, base units.
    pub per_hour: Amount,
}
