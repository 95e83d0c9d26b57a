//! Turns a source archive into a build context: an uncompressed tar for the engine, with `.dockerignore` applied and
//! our own files put in. Deliberately absent: the engine, and any folder on disk in between.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

use crate::entry::{Entry, EntryKind, check_path};
use crate::error::{SourceError, shown};
use crate::ignore_file::IgnoreFile;
use crate::limits::Limits;
use crate::read::for_each_entry;
use crate::skip::never_in_context;
use crate::tar_format::append;

/// A longer `.dockerignore` is a mistake.
const LONGEST_IGNORE_FILE: u64 = 1024 * 1024;

/// What a context is made of besides the archive.
#[derive(Debug, Clone, Copy)]
pub struct ContextRecipe<'a> {
    /// Our own files by path, such as a generated Dockerfile. They can neither be ignored nor replaced by the source.
    pub injected: &'a BTreeMap<String, Vec<u8>>,
    /// The Dockerfile that will be built, kept whatever `.dockerignore` says. One of the source must be a plain file.
    pub dockerfile: &'a str,
}

/// What a context holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextSummary {
    /// Files, links and folders written, with ours.
    pub entries: u64,
    /// Sum of the files' sizes in bytes.
    pub bytes: u64,
    /// Entries of the source that were left out.
    pub left_out: u64,
}

/// Writes the context to `out`.
///
/// `archive` opens the source archive from its start; it is called twice. The first reading checks the whole
/// archive and finds `.dockerignore`, so that nothing is written for an archive that is refused.
/// Errors: every rule of a source; `IgnorePattern`; `SpecialFile` when the Dockerfile is a link.
pub fn build_context<R: Read, W: Write>(
    archive: impl Fn() -> io::Result<R>,
    recipe: &ContextRecipe<'_>,
    limits: &Limits,
    out: W,
) -> Result<ContextSummary, SourceError> {
    for path in recipe.injected.keys() {
        check_path(path.as_bytes(), limits)?;
    }
    let open = || archive().map_err(|cause| SourceError::io("open the source archive", cause));
    let rules = find_rules(open()?, recipe, limits)?;
    let mut context = Context {
        tar: tar::Builder::new(out),
        folders: BTreeSet::new(),
        summary: ContextSummary { entries: 0, bytes: 0, left_out: 0 },
    };
    for (path, content) in recipe.injected {
        context.write(&Entry::file(path.as_str(), content.len() as u64, false), &mut content.as_slice())?;
    }
    for_each_entry(open()?, limits, |entry, content| {
        if belongs(entry, recipe, &rules) {
            context.write(entry, content)
        } else {
            context.summary.left_out += 1;
            Ok(())
        }
    })?;
    let finish = |cause| SourceError::io("finish the build context", cause);
    context.tar.into_inner().and_then(|mut out| out.flush()).map_err(finish)?;
    Ok(context.summary)
}

/// Reads the archive to its end for its ignore file. `<Dockerfile>.dockerignore` goes before `.dockerignore`.
fn find_rules(
    archive: impl Read,
    recipe: &ContextRecipe<'_>,
    limits: &Limits,
) -> Result<IgnoreFile, SourceError> {
    let special = format!("{}.dockerignore", recipe.dockerfile);
    let mut found: BTreeMap<bool, String> = BTreeMap::new();
    for_each_entry(archive, limits, |entry, content| {
        let is_file = matches!(entry.kind, EntryKind::File { .. });
        if entry.path == recipe.dockerfile && !is_file && !recipe.injected.contains_key(&entry.path) {
            return Err(SourceError::SpecialFile {
                path: shown(entry.path.as_bytes()),
                what: "link or folder",
            });
        }
        if is_file && (entry.path == ".dockerignore" || entry.path == special) {
            let mut text = Vec::new();
            content
                .take(LONGEST_IGNORE_FILE)
                .read_to_end(&mut text)
                .map_err(|cause| SourceError::io("read .dockerignore", cause))?;
            found.insert(entry.path == special, String::from_utf8_lossy(&text).into_owned());
        }
        Ok(())
    })?;
    found.pop_last().map_or_else(|| Ok(IgnoreFile::default()), |(_, text)| IgnoreFile::parse(&text))
}

fn belongs(entry: &Entry, recipe: &ContextRecipe<'_>, rules: &IgnoreFile) -> bool {
    if never_in_context(&entry.path) || collides(entry, recipe.injected) {
        return false;
    }
    let kept = entry.path == recipe.dockerfile || entry.path == ".dockerignore";
    kept || !rules.ignores(&entry.path)
}

/// Whether an entry of the source stands where one of our files, or a folder above or below it, goes.
fn collides(entry: &Entry, injected: &BTreeMap<String, Vec<u8>>) -> bool {
    let under =
        |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    injected.keys().any(|ours| {
        *ours == entry.path || under(&entry.path, ours) || (!entry.is_dir() && under(ours, &entry.path))
    })
}

struct Context<W: Write> {
    tar: tar::Builder<W>,
    folders: BTreeSet<String>,
    summary: ContextSummary,
}

impl<W: Write> Context<W> {
    fn write(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), SourceError> {
        // Folders are written out: left to itself, each engine picks its own mode for those that are implied.
        for (at, _) in entry.path.match_indices('/') {
            self.folder(&entry.path[..at])?;
        }
        if entry.is_dir() {
            return self.folder(&entry.path);
        }
        self.append(entry, content)?;
        self.summary.bytes += entry.size();
        Ok(())
    }

    fn folder(&mut self, path: &str) -> Result<(), SourceError> {
        if self.folders.insert(path.to_string()) {
            self.append(&Entry::dir(path), &mut io::empty())
        } else {
            Ok(())
        }
    }

    fn append(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), SourceError> {
        let path = || shown(entry.path.as_bytes());
        let whole = append(&mut self.tar, entry, content)
            .map_err(|cause| SourceError::io(format!("write {} into the build context", path()), cause))?;
        if !whole {
            return Err(SourceError::corrupt("it ends early"));
        }
        self.summary.entries += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
