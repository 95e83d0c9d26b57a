//! The limits of a source, in one place, each beside its reason. Pure values; who enforces them is `tally` and `gauge`.

const MIB: u64 = 1024 * 1024;

/// What a source archive may at most be. `Default` is what every program uses; tests use smaller ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Sum of all file sizes, unpacked, in bytes. 256 MiB: a provider's disk holds several contexts at once, and
    /// real repositories without their history and dependencies are rarely above 50 MiB.
    pub max_bytes: u64,
    /// Files, links and folders. 20,000: the paths of all are kept in memory to find doubles.
    pub max_entries: u64,
    /// Components in a path. 32 keeps a recursive walk's stack and open folders bounded.
    pub max_depth: usize,
    /// Bytes in one component. 255 is what common file systems take.
    pub max_component: usize,
    /// Bytes in a whole path or a link's target. 1024 is the smallest `PATH_MAX` among the engines' hosts.
    pub max_path: usize,
    /// Unpacked bytes per packed byte, judged while streaming. Source text packs 3:1 to 20:1; deflate's ceiling,
    /// which only bombs reach, is 1032:1.
    pub max_ratio: u64,
    /// The ratio is not judged before this many unpacked bytes: a small tree of alike files may pack very well and
    /// harms no one.
    pub ratio_floor: u64,
    /// Bytes of the archive itself. A tree that cannot be compressed is as large packed as unpacked.
    pub max_archive_bytes: u64,
}

impl Limits {
    /// Bytes the tar stream may unpack to: the files, and for each entry its header, padding and long names.
    pub(crate) fn max_stream_bytes(&self) -> u64 {
        const PER_ENTRY: u64 = 4096;
        const END_AND_PADDING: u64 = 64 * 1024;
        self.max_bytes
            .saturating_add(self.max_entries.saturating_mul(PER_ENTRY))
            .saturating_add(END_AND_PADDING)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bytes: 256 * MIB,
            max_entries: 20_000,
            max_depth: 32,
            max_component: 255,
            max_path: 1024,
            max_ratio: 100,
            ratio_floor: 16 * MIB,
            max_archive_bytes: 256 * MIB,
        }
    }
}
