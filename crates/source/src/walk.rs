//! Lists a local folder beneath its root, without following a single link, and leaves out what must stay at home.
//! Every open goes through one `cap_std::fs::Dir`, so that even a folder that changes underfoot cannot lead outside.
//! Deliberately absent: ignore files above the root and the user's global ones; they would make results depend on
//! more than the folder.

use std::io::{self, Read};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, File, FileType, OpenOptions};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::entry::Entry;
use crate::error::{SourceError, shown};
use crate::limits::Limits;
use crate::skip::{SkipReason, skipped_by_name};
use crate::tally::Tally;

/// At most this many left-out paths are listed by name; all are counted.
const LISTED_SKIPS: usize = 200;
/// A longer ignore file is a mistake.
const LONGEST_IGNORE_FILE: u64 = 1024 * 1024;

/// A path that was left out, and why. A folder stands for all that is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Relative to the root.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// A folder as it will be packed.
#[derive(Debug)]
pub struct Tree {
    root: Dir,
    /// Files and links, ascending by path. Folders are implied: as in Git, an empty one is nothing.
    pub entries: Vec<Entry>,
    /// The first of the paths that were left out, ascending.
    pub skipped: Vec<Skipped>,
    /// All paths that were left out.
    pub skipped_count: u64,
}

impl Tree {
    /// Opens a file of this tree for reading, beneath the root. Errors: `Changed` if it is gone or no file any more.
    pub fn open(&self, entry: &Entry) -> Result<impl Read + use<>, SourceError> {
        let changed = || SourceError::Changed { path: shown(entry.path.as_bytes()) };
        let file = open_plain(&self.root, &entry.path).map_err(|cause| {
            let gone = cause.kind() == io::ErrorKind::NotFound;
            if gone {
                changed()
            } else {
                SourceError::io(format!("read {}", shown(entry.path.as_bytes())), cause)
            }
        })?;
        file.ok_or_else(changed)
    }
}

/// Walks the folder at `root`. Errors: `Empty`, `SpecialFile`, `LinkEscapes`, `PathUnsafe`, the size limits, `Io`.
pub fn walk(root: &Path, limits: &Limits) -> Result<Tree, SourceError> {
    let dir = Dir::open_ambient_dir(root, ambient_authority())
        .map_err(|cause| SourceError::io("open the source folder", cause))?;
    let mut walker = Walker {
        limits,
        tally: Tally::new(limits),
        levels: Vec::new(),
        entries: Vec::new(),
        skipped: Vec::new(),
        skipped_count: 0,
    };
    walker.folder(&dir, "")?;
    walker.tally.close()?;
    let Walker { mut entries, mut skipped, skipped_count, .. } = walker;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    skipped.sort();
    Ok(Tree { root: dir, entries, skipped, skipped_count })
}

struct Walker<'l> {
    limits: &'l Limits,
    tally: Tally,
    levels: Vec<Level>,
    entries: Vec<Entry>,
    skipped: Vec<Skipped>,
    skipped_count: u64,
}

/// The ignore files of one folder on the way down.
struct Level {
    /// Bytes of the folder's path, with its slash; what follows is relative to the ignore files.
    prefix: usize,
    own: Gitignore,
    git: Gitignore,
}

impl Walker<'_> {
    fn folder(&mut self, dir: &Dir, path: &str) -> Result<(), SourceError> {
        let place = || format!("list {}", if path.is_empty() { "the source folder" } else { path });
        self.levels.push(Level {
            prefix: if path.is_empty() { 0 } else { path.len() + 1 },
            own: ignore_rules(dir, ".ttalkakignore")?,
            git: ignore_rules(dir, ".gitignore")?,
        });
        let mut children = dir
            .entries()
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .map_err(|cause| SourceError::io(place(), cause))?;
        // Sorted, so that the first offence found is the same each time.
        children.sort_by_key(DirEntry::file_name);
        for child in children {
            self.child(dir, path, &child)?;
        }
        self.levels.pop();
        Ok(())
    }

    fn child(&mut self, dir: &Dir, parent: &str, child: &DirEntry) -> Result<(), SourceError> {
        let name = child.file_name();
        let Some(name) = name.to_str() else {
            let path = shown(name.as_encoded_bytes());
            return Err(SourceError::PathUnsafe { path, reason: "is not valid UTF-8" });
        };
        let path = if parent.is_empty() { name.to_string() } else { format!("{parent}/{name}") };
        let doing = || format!("read {}", shown(path.as_bytes()));
        let kind = child.file_type().map_err(|cause| SourceError::io(doing(), cause))?;
        if let Some(reason) =
            skipped_by_name(name, kind.is_dir()).or_else(|| self.ignored(&path, kind.is_dir()))
        {
            self.skip(path, reason);
            return Ok(());
        }
        if kind.is_dir() {
            // A folder's path is checked before it is opened: this is what bounds the recursion.
            crate::entry::check_path(path.as_bytes(), self.limits)?;
            let sub = dir.open_dir(name).map_err(|cause| SourceError::io(doing(), cause))?;
            return self.folder(&sub, &path);
        }
        let entry = if kind.is_symlink() {
            let target = dir.read_link_contents(name).map_err(|cause| SourceError::io(doing(), cause))?;
            let Some(target) = target.to_str() else {
                return Err(SourceError::LinkEscapes {
                    path: shown(path.as_bytes()),
                    target: shown(target.as_os_str().as_encoded_bytes()),
                    reason: "is not valid UTF-8",
                });
            };
            Entry::symlink(path, target)
        } else if kind.is_file() {
            let metadata = child.metadata().map_err(|cause| SourceError::io(doing(), cause))?;
            Entry::file(path, metadata.len(), is_executable(&metadata))
        } else {
            return Err(SourceError::SpecialFile { path: shown(path.as_bytes()), what: special_kind(kind) });
        };
        self.tally.admit(&entry)?;
        self.entries.push(entry);
        Ok(())
    }

    /// The nearest ignore file that has an opinion decides; `.ttalkakignore` files come before all `.gitignore` files.
    fn ignored(&self, path: &str, is_dir: bool) -> Option<SkipReason> {
        let own = self.levels.iter().rev().map(|level| level.own.matched(&path[level.prefix..], is_dir));
        let git = self.levels.iter().rev().map(|level| level.git.matched(&path[level.prefix..], is_dir));
        match own.chain(git).find(|verdict| !verdict.is_none()) {
            Some(Match::Ignore(_)) => Some(SkipReason::Ignored),
            Some(Match::Whitelist(_) | Match::None) | None => None,
        }
    }

    fn skip(&mut self, path: String, reason: SkipReason) {
        self.skipped_count += 1;
        // `.env` files are always listed: people must learn that these stayed behind.
        if self.skipped.len() < LISTED_SKIPS || reason == SkipReason::EnvFile {
            self.skipped.push(Skipped { path, reason });
        }
    }
}

/// Reads an ignore file of `dir`, if it has one. Lines that are no patterns are passed over, as Git does.
fn ignore_rules(dir: &Dir, name: &str) -> Result<Gitignore, SourceError> {
    let doing = || format!("read {name}");
    let file = match open_plain(dir, name) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(Gitignore::empty()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Gitignore::empty()),
        Err(cause) => return Err(SourceError::io(doing(), cause)),
    };
    let mut text = Vec::new();
    file.take(LONGEST_IGNORE_FILE).read_to_end(&mut text).map_err(|cause| SourceError::io(doing(), cause))?;
    let mut rules = GitignoreBuilder::new(".");
    for line in String::from_utf8_lossy(&text).trim_start_matches('\u{feff}').lines() {
        // A line that is no pattern is no reason to refuse a whole folder.
        drop(rules.add_line(None, line));
    }
    rules.build().map_err(|_| SourceError::IgnorePattern { line: 0, pattern: name.to_string() })
}

/// Opens a regular file beneath `dir`; `None` when something else stands there. Never waits on a named pipe.
fn open_plain(dir: &Dir, path: &str) -> io::Result<Option<File>> {
    if !dir.symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        // Between the look and the open, a pipe may have taken the file's place.
        options.custom_flags(NON_BLOCKING);
    }
    let file = dir.open_with(path, &options)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

#[cfg(target_os = "linux")]
const NON_BLOCKING: i32 = 0o4000;
#[cfg(all(unix, not(target_os = "linux")))]
const NON_BLOCKING: i32 = 0x0004;

#[cfg(unix)]
fn is_executable(metadata: &cap_std::fs::Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    metadata.mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &cap_std::fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn special_kind(kind: FileType) -> &'static str {
    use cap_std::fs::FileTypeExt;
    if kind.is_fifo() {
        "named pipe"
    } else if kind.is_socket() {
        "socket"
    } else {
        "device"
    }
}

#[cfg(not(unix))]
fn special_kind(_: FileType) -> &'static str {
    "special file"
}

#[cfg(test)]
mod tests;
