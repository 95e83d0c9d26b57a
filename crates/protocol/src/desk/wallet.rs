//! Section `wallet`: where payments go. Deliberately absent: the key.

use crate::{error::Problem, money::EvmAddress, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// Section `wallet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WalletNews {
    /// The wallet on this machine.
    pub own: Option<OwnWallet>,
    /// Where payments go now.
    pub payee: Option<EvmAddress>,
    /// Whether that was set by the owner; otherwise it is the wallet on this machine.
    pub payee_set: bool,
    /// Whether the system's key store can be used.
    pub key_store: KeyStore,
    /// Why the wallet cannot be used.
    pub problem: Option<Problem>,
}

/// The wallet on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OwnWallet {
    /// Its address, with the checksum's capitals.
    pub address: String,
    /// Where its key is.
    pub kept: WalletKept,
    /// When the owner said that a backup is kept.
    pub backed_up: Option<UnixMillis>,
}

/// Where a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum WalletKept {
    /// In the system's key store.
    KeyStore,
    /// In an encrypted file of the data folder.
    File,
}

/// The system's key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeyStore {
    /// Not tried yet.
    #[default]
    Unknown,
    /// A write and a read succeeded.
    Usable,
    /// It is there and locked.
    Locked,
    /// There is none.
    Absent,
}
