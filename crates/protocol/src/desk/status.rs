//! Sections `hello` and `status`: who speaks, and where everything stands.

use super::Lending;
use crate::{error::Problem, id::AgentId, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// The version of the text that an owner agrees to before the first lending.
pub const CONSENT_VERSION: u32 = 1;

/// Section `hello`: what does not change while the daemon runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Hello {
    /// [`super::DESK_VERSION`] of the daemon.
    pub desk_version: u32,
    /// The daemon's own version.
    pub version: String,
    /// The target it was built for, such as `x86_64-linux`.
    pub target: String,
    /// What the machine calls itself.
    pub host_name: String,
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// The daemon's process.
    pub pid: u32,
    /// When the daemon started.
    pub started: UnixMillis,
    /// Whether the daemon is a process of its own or lives in the shell of a first run.
    pub hosted: Hosted,
    /// Where key, record, settings and state are kept.
    pub data_dir: String,
    /// The settings of the screens.
    pub settings_file: String,
    /// The desk's socket; absent where it has none.
    pub socket: Option<String>,
    /// The licence of the program, as an SPDX name.
    pub licence: String,
    /// The version of the text to agree to, [`CONSENT_VERSION`].
    pub consent_version: u32,
}

/// Where the daemon lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Hosted {
    /// In a process of its own: windows come and go.
    Daemon,
    /// In the desktop shell: quitting that ends it.
    InProcess,
}

/// Section `status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Status {
    /// The steps before the first lending.
    pub setup: Setup,
    /// The link to the coordinator.
    pub link: LinkStatus,
    /// The container engine.
    pub engine: EngineStatus,
    /// Whether this machine lends, and why not.
    pub lending: Lending,
    /// How many workloads there are, in each state that a tray has room for.
    pub counts: Counts,
    /// When this was seen, by the daemon's clock.
    pub at: UnixMillis,
}

/// The steps of a first run; the wizard shows the first that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Setup {
    /// The version of the text that was agreed to; absent: none yet, or an older one.
    pub consent: Option<u32>,
    /// The coordinator that this machine is an agent of.
    pub enrolled: Option<Enrolled>,
    /// Whether limits were chosen, or the proposed ones accepted.
    pub limits_chosen: bool,
    /// Whether there is a wallet here or a payee elsewhere.
    pub payee_known: bool,
    /// All steps that lending needs are done.
    pub done: bool,
}

/// An enrolment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Enrolled {
    /// The id that the coordinator gave.
    pub agent: AgentId,
    /// Its address.
    pub coordinator: String,
    /// What the machine is called there.
    pub name: String,
    /// Others on the way could read what is said.
    pub plaintext: bool,
}

/// The link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LinkStatus {
    /// Where it stands.
    pub state: LinkState,
    /// Since when.
    pub since: UnixMillis,
    /// Why it is down.
    pub problem: Option<Problem>,
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Not wanted: not enrolled yet.
    #[default]
    Off,
    /// Being made.
    Dialling,
    /// It stands.
    Connected,
    /// It does not, and is tried again.
    Down,
    /// The coordinator does not want this agent; only a person can mend that.
    Refused,
}

/// The container engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EngineStatus {
    /// Where it stands.
    pub state: EngineState,
    /// Since when.
    pub since: UnixMillis,
    /// Name and version, such as `docker 20.10.24`.
    pub name: Option<String>,
    /// Where it is asked.
    pub address: Option<String>,
    /// Why it cannot be used.
    pub problem: Option<Problem>,
}

/// Whether the engine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EngineState {
    /// Not asked yet.
    #[default]
    Unknown,
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// Numbers for a tray and a headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Counts {
    /// Healthy.
    pub live: u32,
    /// On the way up: fetching, building, starting, not healthy yet.
    pub coming: u32,
    /// Crashed, failed, unhealthy.
    pub troubled: u32,
    /// Being stopped.
    pub stopping: u32,
}
