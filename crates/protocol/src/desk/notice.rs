//! Section `notices`: what happened while nobody looked. Kept on disk, the newest [`NOTICES_MAX`].

use super::{DoctorCheck, LendingState};
use crate::{
    error::Problem,
    id::LeaseId,
    money::{Amount, ChainHash},
    unit::{Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// So many notices are kept.
pub const NOTICES_MAX: usize = 200;

/// Section `notices`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Notices {
    /// Newest first.
    pub items: Vec<Notice>,
    /// Up to this one all were seen.
    pub read_up_to: u64,
    /// How many were not.
    pub unread: u32,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Notice {
    /// Counts up, also across restarts.
    pub id: u64,
    /// When.
    pub at: UnixMillis,
    /// How grave.
    pub weight: NoticeWeight,
    /// Whether the owner wants the system to show it, by the settings at that time.
    pub announce: bool,
    /// What.
    #[serde(flatten)]
    pub what: NoticeKind,
}

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum NoticeWeight {
    /// Good or neutral news.
    Info,
    /// Worth a look.
    Warn,
    /// Lending does not work, or something was lost.
    Bad,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NoticeKind {
    /// An app is live on this machine for the first time.
    WorkloadLive {
        /// Which.
        lease: LeaseId,
        /// The deployment's name.
        name: String,
    },
    /// It is gone from this machine.
    WorkloadGone {
        /// Which.
        lease: LeaseId,
        /// The deployment's name.
        name: String,
        /// By whose wish.
        why: GoneWhy,
    },
    /// It will not come up, or ends again and again.
    WorkloadTroubled {
        /// Which.
        lease: LeaseId,
        /// The deployment's name.
        name: String,
        /// What is wrong.
        problem: Problem,
    },
    /// Lending began, ended or changed its reason. Not told for reasons that come and go by themselves, but for the first.
    LendingChanged {
        /// The new state.
        state: LendingState,
    },
    /// The engine stopped answering.
    EngineDown {
        /// What is seen.
        problem: Problem,
    },
    /// It answers again.
    EngineUp {
        /// It was away for so long.
        away: Millis,
    },
    /// The coordinator cannot be reached for more than a minute.
    LinkDown {
        /// What is seen.
        problem: Problem,
    },
    /// It can be reached again.
    LinkUp {
        /// It was away for so long.
        away: Millis,
    },
    /// The coordinator does not want this agent any more.
    LinkRefused {
        /// Its word.
        problem: Problem,
    },
    /// The settings could not be read: they were kept aside, and defaults apply.
    SettingsBroken {
        /// Where the old file is.
        kept_as: String,
        /// What was wrong with it.
        why: String,
    },
    /// The limits are below what runs; this is what was moved away.
    BelowUse {
        /// How many workloads.
        drained: u32,
    },
    /// A file could not be written.
    WriteFailed {
        /// Which.
        path: String,
        /// The disk is full; otherwise another reason.
        full: bool,
        /// What the system said.
        why: String,
    },
    /// The wall clock was set.
    ClockJumped {
        /// So much ahead; negative: back.
        by_ms: i64,
    },
    /// The machine slept.
    Resumed {
        /// For so long.
        slept: Millis,
    },
    /// A workload found no free port.
    PortsExhausted {
        /// Which.
        lease: LeaseId,
    },
    /// The doctor found something that stops lending, or it went away.
    Doctor {
        /// Which check.
        check: DoctorCheck,
        /// What was found; absent: it is well again.
        problem: Option<Problem>,
    },
    /// The very first earning of this machine.
    FirstEarning {
        /// How much, base units.
        amount: Amount,
    },
    /// A settlement reached the chain.
    Paid {
        /// How much, base units.
        amount: Amount,
        /// The transaction.
        transaction: Option<ChainHash>,
    },
    /// The wallet was made and its key is kept only here.
    BackUpWallet,
    /// The daemon ended without having been asked to, and was started again.
    Crashed,
    /// Leaving is done: nothing runs here any more.
    Left,
    /// The schedule names hours that the change of summer time left out or doubled; told on the day.
    SummerTime {
        /// Ahead: an hour is missing; otherwise it is doubled.
        ahead: bool,
    },
    /// A newer version is ready.
    UpdateReady {
        /// Which.
        version: String,
    },
    /// A kind of a newer daemon.
    #[serde(other)]
    Unknown,
}

/// By whose wish a workload went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum GoneWhy {
    /// The coordinator took it back: its tenant stopped it, or it runs elsewhere now.
    Coordinator,
    /// The owner gave it back.
    Owner,
    /// A rule of lending stopped it.
    Lending,
    /// Its lease ran out without a word from the coordinator.
    Expired,
}
