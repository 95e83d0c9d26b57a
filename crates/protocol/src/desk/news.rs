//! The sections that a desk is told.

use super::{
    Disk, Doctor, Earnings, Hello, Machine, Notices, Ports, SettingsNews, Status, Tunnel, WalletNews,
    Workloads,
};
use serde::{Deserialize, Serialize};

/// A section, whole. `now` is the section; each kind is described at its type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "section", content = "now", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "made, written and dropped; never kept many at a time")]
pub enum News {
    /// Once, first.
    Hello(Hello),
    /// Where everything stands.
    Status(Status),
    /// Gauges.
    Machine(Machine),
    /// Workloads.
    Workloads(Workloads),
    /// The connection for visitors' bytes.
    Tunnel(Tunnel),
    /// What of ours lies on the disk.
    Disk(Disk),
    /// The range of ports.
    Ports(Ports),
    /// What was earned.
    Earnings(Earnings),
    /// What is wrong with the machine.
    Doctor(Doctor),
    /// What the owner chose.
    Settings(SettingsNews),
    /// Where payments go.
    Wallet(WalletNews),
    /// What happened.
    Notices(Notices),
}

/// The name of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// [`News::Hello`].
    Hello,
    /// [`News::Status`].
    Status,
    /// [`News::Machine`].
    Machine,
    /// [`News::Workloads`].
    Workloads,
    /// [`News::Tunnel`].
    Tunnel,
    /// [`News::Disk`].
    Disk,
    /// [`News::Ports`].
    Ports,
    /// [`News::Earnings`].
    Earnings,
    /// [`News::Doctor`].
    Doctor,
    /// [`News::Settings`].
    Settings,
    /// [`News::Wallet`].
    Wallet,
    /// [`News::Notices`].
    Notices,
}

impl News {
    /// Which section this is.
    pub fn section(&self) -> Section {
        match self {
            Self::Hello(_) => Section::Hello,
            Self::Status(_) => Section::Status,
            Self::Machine(_) => Section::Machine,
            Self::Workloads(_) => Section::Workloads,
            Self::Tunnel(_) => Section::Tunnel,
            Self::Disk(_) => Section::Disk,
            Self::Ports(_) => Section::Ports,
            Self::Earnings(_) => Section::Earnings,
            Self::Doctor(_) => Section::Doctor,
            Self::Settings(_) => Section::Settings,
            Self::Wallet(_) => Section::Wallet,
            Self::Notices(_) => Section::Notices,
        }
    }
}
