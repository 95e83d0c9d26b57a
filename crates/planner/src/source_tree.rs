//! What the detector may see of a source: the paths of its files, and the text of its small telling ones.
//!
//! The rule which contents are kept lives here too, so that a folder walker and an archive reader keep the same.
//! Absent on purpose: reading any file. Whoever has the bytes inserts them.

use std::collections::{BTreeMap, BTreeSet};

mod wanted;

pub use wanted::{HEAD_BYTES, MANIFEST_BYTES, bytes_wanted, wants_content};

/// Folders that hold installed or produced things and would only mislead.
const SKIPPED: [&str; 4] = [".git", "node_modules", ".venv", "__pycache__"];

/// The paths of a source and its small files. Paths are relative, with `/` between parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceTree {
    paths: BTreeSet<String>,
    contents: BTreeMap<String, String>,
}

impl SourceTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one file. `content` may be given whole, in part (a head is enough for lock files) or not at all; it is
    /// read as UTF-8, strange bytes are replaced, and more than [`bytes_wanted`] is dropped.
    /// Files below `.git`, `node_modules` and their like are left out, a leading `./` is taken off.
    pub fn insert(&mut self, path: impl AsRef<str>, content: Option<impl AsRef<[u8]>>) {
        let path = path.as_ref().trim_start_matches("./").trim_matches('/');
        if path.is_empty() || path.split('/').any(|part| SKIPPED.contains(&part)) {
            return;
        }
        if let Some(bytes) = content
            && let Some(limit) = bytes_wanted(path, bytes.as_ref().len() as u64)
        {
            let head = &bytes.as_ref()[..bytes.as_ref().len().min(limit as usize)];
            let text = String::from_utf8_lossy(head);
            // A byte order mark, which some editors write, is no part of a manifest.
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
            self.contents.insert(path.to_owned(), text);
        }
        self.paths.insert(path.to_owned());
    }

    /// Whether `path` is a file of the tree.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether some file lies below the folder `path`.
    pub fn has_dir(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.paths.range(prefix.clone()..).next().is_some_and(|p| p.starts_with(&prefix))
    }

    /// The kept text of `path`; none when the file is absent or not one the detector may see.
    pub fn read(&self, path: &str) -> Option<&str> {
        self.contents.get(path).map(String::as_str)
    }

    /// The first of `paths` that is a file of the tree.
    pub fn first<'a>(&self, paths: &[&'a str]) -> Option<&'a str> {
        paths.iter().copied().find(|path| self.has(path))
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// Paths that match `pattern`, sorted: `*` stands for anything within one part, `**` for any number of parts.
    pub fn glob(&self, pattern: &str) -> Vec<&str> {
        let parts: Vec<&str> = pattern.split('/').collect();
        self.paths().filter(|path| matches_parts(&parts, &path.split('/').collect::<Vec<_>>())).collect()
    }

    /// The tree below the folder `dir`, with its paths relative to it. Empty when there is no such folder.
    pub fn subtree(&self, dir: &str) -> SourceTree {
        let dir = dir.trim_start_matches("./").trim_matches('/');
        if dir.is_empty() || dir == "." {
            return self.clone();
        }
        let prefix = format!("{dir}/");
        let below = |path: &String| path.strip_prefix(&prefix).map(str::to_owned);
        SourceTree {
            paths: self.paths.iter().filter_map(below).collect(),
            contents: self.contents.iter().filter_map(|(p, c)| Some((below(p)?, c.clone()))).collect(),
        }
    }
}

fn matches_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => {
            matches_parts(rest, path)
                || path.split_first().is_some_and(|(_, tail)| matches_parts(pattern, tail))
        }
        (Some((want, rest)), Some((part, tail))) => matches_part(want, part) && matches_parts(rest, tail),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn matches_part(want: &str, part: &str) -> bool {
    let mut pieces = want.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = part.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
