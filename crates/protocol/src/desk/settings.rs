//! Section `settings`: what an owner chooses. Values that a flag or the environment gives win over these and are locked.

use super::Treatment;
use crate::{
    money::{EvmAddress, Rates},
    unit::{Bytes, MilliCpu},
};
use serde::{Deserialize, Serialize};

mod rules;
pub use rules::*;

/// Section `settings`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SettingsNews {
    /// What applies now.
    pub values: Settings,
    /// What would apply on this machine if nothing were chosen.
    pub defaults: Settings,
    /// What may be chosen.
    pub bounds: Bounds,
    /// Paths such as `limits.memory` that a flag or the environment decides.
    pub locked: Vec<Locked>,
    /// The file could not be read at the start and was kept aside here.
    pub broken: Option<String>,
}

/// A setting that is decided elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Locked {
    /// The path of the setting, such as `limits.memory`.
    pub setting: String,
    /// What decides it, as it is spelt there: `--memory`, `TTALKAK_AGENT_MEMORY`.
    pub by: String,
}

/// All that an owner chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Settings {
    /// The great switch.
    pub lend: bool,
    /// What happens to running work when the switch is turned off.
    pub when_off: Treatment,
    /// How much is lent.
    pub limits: Limits,
    /// What is asked for it.
    pub rates: Rates,
    /// Where payments go; absent: to the wallet on this machine.
    pub payee: Option<EvmAddress>,
    /// In which hours.
    pub schedule: Schedule,
    /// When somebody uses the machine.
    pub idle: IdleRule,
    /// Beside which programs nothing is lent.
    pub exclusive: ExclusiveRule,
    /// On battery.
    pub battery: BatteryRule,
    /// Of the screens.
    pub language: Language,
    /// Of the screens.
    pub appearance: Appearance,
    /// What the system announces.
    pub announce: Announce,
    /// Whether the app starts, minimised, when the owner signs in.
    pub autostart: bool,
    /// Whether workloads run on when the daemon ends.
    pub keep_workloads: bool,
    /// For earnings net of electricity.
    pub electricity: Electricity,
    /// The version of the text of lending that was agreed to.
    pub consent: Option<u32>,
    /// Whether limits were chosen, or the proposed ones accepted.
    pub limits_chosen: bool,
}

/// How much is lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Limits {
    /// Processor share.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Images, build cache and sources together.
    pub disk: Bytes,
    /// Visitors' bytes in, per second; absent: no limit.
    pub download: Option<Bytes>,
    /// Visitors' bytes out, per second; absent: no limit.
    pub upload: Option<Bytes>,
    /// First port of the range.
    pub port_first: u16,
    /// Last port of the range.
    pub port_last: u16,
    /// Most workloads at a time.
    pub workloads: u32,
}

/// What may be chosen on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Bounds {
    /// Least and most.
    pub cpu: (MilliCpu, MilliCpu),
    /// Least and most.
    pub memory: (Bytes, Bytes),
    /// Least and most.
    pub disk: (Bytes, Bytes),
    /// Least of either direction, per second.
    pub bandwidth_min: Bytes,
    /// First and last port that may be in a range.
    pub port: (u16, u16),
    /// The fewest ports of a range.
    pub ports_min: u16,
    /// Least and most.
    pub workloads: (u32, u32),
}

/// Only what should change; each group is replaced whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "ts", ts(optional_fields = nullable))]
pub struct SettingsPatch {
    /// What happens to running work when the switch is turned off.
    pub when_off: Option<Treatment>,
    /// How much is lent; counts as having chosen limits.
    pub limits: Option<Limits>,
    /// What is asked for it.
    pub rates: Option<Rates>,
    /// In which hours.
    pub schedule: Option<Schedule>,
    /// When somebody uses the machine.
    pub idle: Option<IdleRule>,
    /// Beside which programs nothing is lent.
    pub exclusive: Option<ExclusiveRule>,
    /// On battery.
    pub battery: Option<BatteryRule>,
    /// Of the screens.
    pub language: Option<Language>,
    /// Of the screens.
    pub appearance: Option<Appearance>,
    /// What the system announces.
    pub announce: Option<Announce>,
    /// Whether the app starts, minimised, when the owner signs in.
    pub autostart: Option<bool>,
    /// Whether workloads run on when the daemon ends.
    pub keep_workloads: Option<bool>,
    /// For earnings net of electricity.
    pub electricity: Option<Electricity>,
}

/// What to do when limits fall below what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WhenBelowUse {
    /// Change nothing, and say what is in the way.
    #[default]
    Refuse,
    /// Take the limits and let the coordinator move away what does not fit.
    Drain,
}
