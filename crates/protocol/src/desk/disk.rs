//! Section `disk`: what of ours lies on the disk.

use crate::{
    error::Problem,
    id::LeaseId,
    unit::{Bytes, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Section `disk`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Disk {
    /// When it was last looked at; absent before the first look.
    pub at: Option<UnixMillis>,
    /// A look is under way.
    pub looking: bool,
    /// Why it could not be looked at.
    pub problem: Option<Problem>,
    /// Where the engine keeps its data.
    pub engine_dir: Option<String>,
    /// Free there.
    pub free: Bytes,
    /// Size of that disk.
    pub total: Bytes,
    /// What may be used for images, build cache and sources; absent: no limit was set.
    pub limit: Option<Bytes>,
    /// All of ours.
    pub used: Bytes,
    /// Of that a clean-up would free.
    pub reclaimable: Bytes,
    /// Images that this agent built, largest first.
    pub images: Vec<ImageRow>,
    /// The engine's whole build cache, ours and that of other programs, which the engine does not tell apart; absent when
    /// it does not tell at all. Not part of `used` and `reclaimable`.
    pub build_cache: Option<Bytes>,
    /// Of that no running build or other record needs.
    pub build_cache_unused: Option<Bytes>,
    /// Source archives.
    pub sources: Bytes,
    /// Key, record, book, logs and notices.
    pub state: Bytes,
}

/// An image of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ImageRow {
    /// The engine's digest, `sha256:…`.
    pub digest: String,
    /// What it was built from.
    pub build_key: Option<String>,
    /// The deployments' names, as far as known.
    pub names: Vec<String>,
    /// Size on disk; layers that images share are counted in each.
    pub bytes: Bytes,
    /// When it was made.
    pub created: UnixMillis,
    /// When a container of it last ran, as far as known.
    pub last_used: Option<UnixMillis>,
    /// Why it is kept.
    pub held: ImageHold,
}

/// Why an image is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "held", rename_all = "snake_case")]
pub enum ImageHold {
    /// Workloads run from it.
    InUse {
        /// Which.
        leases: Vec<LeaseId>,
    },
    /// The coordinator wants it kept: a tenant may roll back to it.
    Wanted,
    /// The owner pinned it.
    Pinned,
    /// Nothing needs it.
    Unused,
}
