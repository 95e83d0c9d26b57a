//! What a source archive may hold, agreed by the three programs that touch one: the command line packs a folder,
//! the coordinator checks uploads and packs Git trees, the agent turns an archive into a build context.
//!
//! The rules (`limits`, `entry`, `tally`, `skip`, `ignore_file`, `lfs`) are pure; `walk`, `pack`, `read` and
//! `context` move bytes over `std::io`. All of it is blocking: async callers use `spawn_blocking`.
//! Deliberately absent: unpacking to a disk. Nobody needs it, and most archive accidents happen there.

pub mod context;
pub mod entry;
pub mod error;
mod gauge;
pub mod ignore_file;
pub mod lfs;
pub mod limits;
pub mod pack;
pub mod read;
pub mod skip;
pub mod tally;
mod tar_format;
pub mod walk;

pub use context::{ContextRecipe, ContextSummary, build_context};
pub use entry::{Entry, EntryKind, check_link, check_path};
pub use error::SourceError;
pub use ignore_file::IgnoreFile;
pub use lfs::is_lfs_pointer;
pub use limits::Limits;
pub use pack::{Packed, Packer, pack_folder};
pub use read::{ArchiveSummary, for_each_entry, verify_digest};
pub use walk::{Skipped, Tree, walk};

#[cfg(test)]
mod proptests;
