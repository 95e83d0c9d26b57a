//! The rules of lending, and what else an owner chooses.

use crate::desk::Treatment;
use serde::{Deserialize, Serialize};

/// The week, in the machine's local time. An hour that the change of summer time leaves out is not lent; one that it
/// doubles is lent twice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Schedule {
    /// Off: all hours.
    pub on: bool,
    /// Seven days, Monday first; spans of a day ascend and do not touch.
    pub days: [Vec<HourSpan>; 7],
    /// What happens to running work outside.
    pub running: Treatment,
}

/// A span of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HourSpan {
    /// Minutes after midnight, 0 to 1439.
    pub from: u16,
    /// Minutes after midnight, up to 1440, which is midnight; above `from`.
    pub to: u16,
}

/// Lend only when nobody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct IdleRule {
    /// Off: lend whoever uses the machine.
    pub on: bool,
    /// So long without key or mouse, in minutes, 1 to 240.
    pub after_minutes: u32,
    /// A fullscreen program counts as use, however long nothing was touched.
    pub fullscreen: bool,
    /// What happens to running work while somebody is there.
    pub running: Treatment,
}

/// Programs beside which nothing is lent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct ExclusiveRule {
    /// Off: none.
    pub on: bool,
    /// Names of programs, such as `steam`; upper and lower case are the same, `.exe` may be left out. At most 50.
    pub programs: Vec<String>,
    /// What happens to running work beside them.
    pub running: Treatment,
}

/// On battery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct BatteryRule {
    /// On: nothing is lent on battery; off: it is.
    pub on: bool,
    /// What happens to running work on battery.
    pub running: Treatment,
}

/// Of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system.
    #[default]
    System,
    /// Korean.
    Ko,
    /// English.
    En,
}

/// Of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Appearance {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What the system announces. All is kept among the notices in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Announce {
    /// Lending does not work, or something was lost.
    pub problems: bool,
    /// Apps come and go.
    pub workloads: bool,
    /// Earnings and payments.
    pub earnings: bool,
    /// Lending begins and ends by itself.
    pub lending: bool,
    /// A newer version is ready.
    pub updates: bool,
}

impl Default for Announce {
    fn default() -> Self {
        Self { problems: true, workloads: false, earnings: true, lending: false, updates: true }
    }
}

/// For earnings net of electricity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Electricity {
    /// What a kilowatt-hour costs, a decimal number such as `120.5`; absent: not counted.
    pub per_kilowatt_hour: Option<String>,
    /// `KRW`, `USD`, ….
    pub currency: String,
    /// What the machine draws at full load beyond idling, in watts, 1 to 2000.
    pub watts_at_full_load: u32,
}
