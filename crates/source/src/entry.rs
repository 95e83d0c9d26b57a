//! One thing in a source, and the rules for its path and its link target. Pure.
//! Deliberately absent: owners, times and other permission bits than "executable"; they would make equal trees differ.

use crate::error::{SourceError, shown};
use crate::limits::Limits;

/// One file, folder or symbolic link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the source's root, components joined by `/`, no leading or trailing `/`.
    pub path: String,
    /// What stands there.
    pub kind: EntryKind,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// In bytes.
        size: u64,
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// A folder; only needed for empty ones, as files imply theirs.
    Dir,
    /// A symbolic link, never followed by us.
    Symlink {
        /// As written in the link.
        target: String,
    },
}

impl Entry {
    /// A regular file of `size` bytes.
    pub fn file(path: impl Into<String>, size: u64, executable: bool) -> Self {
        Entry { path: path.into(), kind: EntryKind::File { size, executable } }
    }

    /// A folder.
    pub fn dir(path: impl Into<String>) -> Self {
        Entry { path: path.into(), kind: EntryKind::Dir }
    }

    /// A symbolic link.
    pub fn symlink(path: impl Into<String>, target: impl Into<String>) -> Self {
        Entry { path: path.into(), kind: EntryKind::Symlink { target: target.into() } }
    }

    /// Whether it is a folder.
    pub fn is_dir(&self) -> bool {
        matches!(self.kind, EntryKind::Dir)
    }

    /// Bytes of content: a file's size, 0 for the others.
    pub fn size(&self) -> u64 {
        match &self.kind {
            EntryKind::File { size, .. } => *size,
            EntryKind::Dir | EntryKind::Symlink { .. } => 0,
        }
    }
}

/// Checks that `path` names a place beneath a root and nothing else, on any operating system we meet.
/// Names such as `-rf` are fine, since no program of ours puts a path into a command line.
/// Errors: `PathUnsafe` with the reason.
pub fn check_path<'p>(path: &'p [u8], limits: &Limits) -> Result<&'p str, SourceError> {
    let refuse = |reason| Err(SourceError::PathUnsafe { path: shown(path), reason });
    if path.is_empty() {
        return refuse("is empty");
    }
    if path.len() > limits.max_path {
        return refuse("is too long");
    }
    let Ok(text) = std::str::from_utf8(path) else {
        return refuse("is not valid UTF-8");
    };
    if let Some(reason) = bad_text(text) {
        return refuse(reason);
    }
    if text.starts_with('/') {
        return refuse("is absolute");
    }
    if text.split('/').count() > limits.max_depth {
        return refuse("is nested too deeply");
    }
    for part in text.split('/') {
        if let Some(reason) = bad_component(part, limits) {
            return refuse(reason);
        }
    }
    if is_drive(text) {
        return refuse("starts with a drive letter");
    }
    Ok(text)
}

/// Checks that the link at `path` (already checked) can never lead outside of the tree, whatever other links hold.
///
/// `..` is taken only at the front of the target. Folders above a link are real folders, so leading `..` count
/// exactly; after a name, which may itself be a link, `..` could climb higher than the text shows.
/// Errors: `LinkEscapes` with the reason.
pub fn check_link(path: &str, target: &str, limits: &Limits) -> Result<(), SourceError> {
    let refuse = |reason| {
        Err(SourceError::LinkEscapes {
            path: shown(path.as_bytes()),
            target: shown(target.as_bytes()),
            reason,
        })
    };
    if target.is_empty() {
        return refuse("is empty");
    }
    if target.len() > limits.max_path {
        return refuse("is too long");
    }
    if let Some(reason) = bad_text(target) {
        return refuse(reason);
    }
    if target.starts_with('/') || is_drive(target) {
        return refuse("is an absolute path");
    }
    let mut height = path.split('/').count() - 1;
    let mut named = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if named => return refuse("goes up after going down"),
            ".." if height == 0 => return refuse("is outside of the source"),
            ".." => height -= 1,
            _ => named = true,
        }
    }
    Ok(())
}

/// Text that no path and no target may hold. A backslash is a separator on Windows and would hide a `..` here.
fn bad_text(text: &str) -> Option<&'static str> {
    if text.chars().any(char::is_control) {
        return Some("holds control characters");
    }
    text.contains('\\').then_some("holds a backslash")
}

fn bad_component(part: &str, limits: &Limits) -> Option<&'static str> {
    match part {
        "" => Some("has an empty component"),
        "." | ".." => Some("has a . or .. component"),
        // On case-insensitive disks `.GIT` is `.git`.
        _ if part.eq_ignore_ascii_case(".git") => Some("lies in a .git folder"),
        _ if part.len() > limits.max_component => Some("has a name that is too long"),
        _ => None,
    }
}

fn is_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes.get(2), None | Some(b'/'))
}

#[cfg(test)]
mod tests;
