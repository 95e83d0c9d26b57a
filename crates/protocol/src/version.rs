//! The list of protocol versions. Each number has a name for its change; the coordinator speaks the current and the
//! previous one, and an agent offers the range it knows.

use serde::{Deserialize, Serialize};

/// A version of the link, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

/// Every version there ever was, oldest first, each with the name of its change.
pub const VERSIONS: &[(Version, &str)] = &[
    (Version(1), "the first link: assignments, reports, logs"),
    (
        Version(2),
        "leaving: an agent takes no new work, leaves by a time, hands a lease back, and is told what becomes of it",
    ),
];

/// The version since which an agent can say that it takes no work, and is told what becomes of its leases.
pub const LEAVING: Version = Version(2);

/// The versions that one side can speak, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest.
    pub min: Version,
    /// The newest.
    pub max: Version,
}

/// What this build speaks: the current version and the one before it.
pub fn supported() -> VersionRange {
    let newest = VERSIONS.len();
    VersionRange { min: VERSIONS[newest.saturating_sub(2)].0, max: VERSIONS[newest - 1].0 }
}

/// The newest version that both sides speak; `None` when there is none.
pub fn negotiate(ours: VersionRange, theirs: VersionRange) -> Option<Version> {
    let newest = ours.max.min(theirs.max);
    (newest >= ours.min.max(theirs.min)).then_some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(min: u32, max: u32) -> VersionRange {
        VersionRange { min: Version(min), max: Version(max) }
    }

    #[test]
    fn the_newest_common_version_wins_and_strangers_are_told_apart() {
        assert_eq!(negotiate(range(1, 3), range(2, 9)), Some(Version(3)));
        assert_eq!(negotiate(range(3, 4), range(1, 2)), None);
        assert_eq!(negotiate(range(1, 1), range(1, 1)), Some(Version(1)));
    }

    #[test]
    fn versions_are_listed_in_order_without_gaps() {
        for (index, (version, name)) in VERSIONS.iter().enumerate() {
            assert_eq!(version.0 as usize, index + 1);
            assert!(!name.is_empty());
        }
    }
}
