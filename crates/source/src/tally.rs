//! Counts entries and bytes against the limits before any content is read. Pure.
//! Deliberately absent: ratios, which only a stream can know (see `gauge`).

use crate::entry::{Entry, EntryKind, check_link, check_path};
use crate::error::{SourceError, shown};
use crate::limits::Limits;

/// A running count of one source.
#[derive(Debug)]
pub struct Tally {
    limits: Limits,
    entries: u64,
    bytes: u64,
    files: u64,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(limits: &Limits) -> Self {
        Tally { limits: limits.clone(), entries: 0, bytes: 0, files: 0 }
    }

    /// Checks `entry`'s path and link and counts it. Errors: `PathUnsafe`, `LinkEscapes`, `TooManyFiles`, `TooLarge`.
    pub fn admit(&mut self, entry: &Entry) -> Result<(), SourceError> {
        check_path(entry.path.as_bytes(), &self.limits)?;
        if let EntryKind::Symlink { target } = &entry.kind {
            check_link(&entry.path, target, &self.limits)?;
        }
        self.entries += 1;
        if self.entries > self.limits.max_entries {
            return Err(SourceError::TooManyFiles { limit: self.limits.max_entries });
        }
        // Saturating, as a header may claim any size at all.
        self.bytes = self.bytes.saturating_add(entry.size());
        if self.bytes > self.limits.max_bytes {
            let path = shown(entry.path.as_bytes());
            return Err(SourceError::TooLarge { limit_bytes: self.limits.max_bytes, path });
        }
        self.files += u64::from(!entry.is_dir());
        Ok(())
    }

    /// Ends the count. Errors: `Empty` when there was neither file nor link.
    pub fn close(&self) -> Result<(), SourceError> {
        if self.files == 0 { Err(SourceError::Empty) } else { Ok(()) }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Entries admitted.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Content bytes admitted.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}
