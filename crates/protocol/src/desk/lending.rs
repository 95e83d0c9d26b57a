//! Whether this machine lends now, and why not.

use crate::unit::{Millis, UnixMillis};
use serde::{Deserialize, Serialize};

/// Lending at this moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Lending {
    /// Whether it lends, or the reason why it does not.
    pub state: LendingState,
    /// Since when.
    pub since: UnixMillis,
    /// Whether new work is taken now. Never true but in [`LendingState::Lending`].
    pub accepting: bool,
    /// What happens to running work meanwhile.
    pub running: Treatment,
    /// When running work is stopped; present while it is being stopped or moved away with notice.
    pub stops_at: Option<UnixMillis>,
    /// The next change that can be foreseen, such as the end of a pause or of the hours in the schedule.
    pub next: Option<NextChange>,
    /// What the rules know of the machine, and what they cannot know.
    pub senses: Senses,
}

/// Lending, or the first reason of this order that holds: each stands before those below it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LendingState {
    /// The first-run steps are not done: no consent, or not enrolled.
    NotSetUp,
    /// The great switch is off.
    Off,
    /// The owner leaves: what can be moved moves until then.
    Leaving {
        /// When the rest is stopped.
        by: UnixMillis,
    },
    /// The owner paused it.
    Paused {
        /// When it goes on by itself.
        until: Option<UnixMillis>,
    },
    /// Not in the hours of the schedule.
    OutsideSchedule {
        /// When the next hours begin; absent when the schedule has none.
        opens: Option<UnixMillis>,
    },
    /// The machine runs on its battery.
    OnBattery {
        /// Charge, 0 to 100.
        percent: Option<u8>,
    },
    /// A program runs beside which nothing is lent.
    ExclusiveApp {
        /// As the settings call it.
        program: String,
    },
    /// Somebody uses the machine.
    OwnerActive {
        /// Whether a fullscreen program is the reason; otherwise keyboard or mouse.
        fullscreen: bool,
        /// When it is idle for long enough, if nobody touches it.
        lends_at: Option<UnixMillis>,
    },
    /// All is well.
    Lending,
}

/// What happens to running work while nothing new is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "treatment", rename_all = "snake_case")]
pub enum Treatment {
    /// It runs on.
    #[default]
    Keep,
    /// The coordinator moves it away; until then it runs on.
    Drain,
    /// The coordinator moves away what it can; the rest is stopped after the notice.
    Stop {
        /// 0 to 1440.
        notice_minutes: u32,
    },
}

/// A change that can be foreseen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NextChange {
    /// When.
    pub at: UnixMillis,
    /// Whether it will lend then, as far as can be seen now.
    pub lends: bool,
}

/// What can be known of the machine's use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Senses {
    /// How long since the last key or mouse move.
    pub idle: IdleSense,
    /// Whether a fullscreen program has the screen; absent: cannot be known here.
    pub fullscreen: Option<bool>,
    /// The battery, when there is one.
    pub battery: Option<Battery>,
}

/// Idle time of keyboard and mouse. What cannot be known is never taken for idle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "sense", rename_all = "snake_case")]
pub enum IdleSense {
    /// Known, though not told while it changes: only whether it is idle by the rule.
    Known {
        /// Idle for so long, when last told.
        idle_ms: Millis,
        /// Who says so.
        by: IdleSource,
    },
    /// Nobody tells it here.
    Unknown {
        /// Why, in a sentence.
        why: String,
    },
}

/// Who knows the idle time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum IdleSource {
    /// The X server's screen saver extension.
    X11,
    /// The session keeper's idle hint (logind).
    Logind,
    /// The desktop's idle monitor.
    Desktop,
}

/// The battery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Battery {
    /// Charge, 0 to 100.
    pub percent: Option<u8>,
    /// Whether the machine lives on it now.
    pub discharging: bool,
}
