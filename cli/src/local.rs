//! A local folder as a source: what is in it, how it would be built, and its archive. Blocking; callers use
//! `spawn_blocking`.

use crate::error::{CliError, CliResult};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use ttalkak_planner::{BuildPlan, PlanOptions, SourceTree, bytes_wanted};
use ttalkak_protocol::{
    api::env::{EnvEntry, EnvScope},
    error::ErrorCode,
};
use ttalkak_source::{EntryKind, Limits, Packed, Skipped, Tree, pack_folder, walk};

/// A packed folder, in a file without a name that vanishes with this value.
pub(crate) struct Archive {
    /// The gzipped tar.
    pub(crate) file: File,
    /// Its digest and sizes.
    pub(crate) packed: Packed,
    /// What was left out, the first of it.
    pub(crate) skipped: Vec<Skipped>,
}

/// The folder of the app: `path`, or the folder `root_dir` in it. Errors: it is no folder, or leads out of `path`.
pub(crate) fn app_folder(path: &Path, root_dir: Option<&str>) -> CliResult<PathBuf> {
    let folder = match root_dir {
        None => path.to_owned(),
        Some(root_dir) => {
            let inner = Path::new(root_dir);
            if !inner.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
                let message = format!("--root-dir {root_dir} does not stay within {}.", path.display());
                return Err(CliError::usage(
                    ErrorCode::RootDirMissing,
                    message,
                    "Give a folder below it, without `..`.",
                ));
            }
            path.join(inner)
        }
    };
    let folder = folder.canonicalize().map_err(|cause| missing(&folder, &cause))?;
    if !folder.is_dir() {
        let message = format!("{} is not a folder.", folder.display());
        return Err(CliError::usage(
            ErrorCode::SourceInvalid,
            message,
            "Give the folder that holds the app.",
        ));
    }
    Ok(folder)
}

fn missing(path: &Path, cause: &io::Error) -> CliError {
    let message = if cause.kind() == io::ErrorKind::NotFound {
        format!("There is no folder {}.", path.display())
    } else {
        format!("{} cannot be opened: {cause}.", path.display())
    };
    CliError::usage(ErrorCode::SourceInvalid, message, "Give a Git URL or a folder that exists.")
}

/// Which variables a plan for this environment has to pass on to the build.
pub(crate) fn plan_options(env: &[EnvEntry]) -> PlanOptions {
    let build = |secret: bool| {
        env.iter()
            .filter(|entry| entry.secret == secret && matches!(entry.scope, EnvScope::Build | EnvScope::Both))
            .map(|entry| entry.key.clone())
            .collect()
    };
    PlanOptions { build_env: build(false), secret_env: build(true), ..PlanOptions::default() }
}

/// Says how the folder would be built. Errors: what a source may not hold, or nothing to build.
pub(crate) fn plan(folder: &Path, options: &PlanOptions) -> CliResult<BuildPlan> {
    let tree = walk(folder, &Limits::default())?;
    Ok(ttalkak_planner::plan(&source_tree(&tree)?, options)?)
}

/// The paths and telling files of a walked folder.
fn source_tree(tree: &Tree) -> CliResult<SourceTree> {
    let mut source = SourceTree::new();
    for entry in &tree.entries {
        let wanted = match entry.kind {
            EntryKind::File { size, .. } => bytes_wanted(&entry.path, size),
            EntryKind::Dir => continue,
            EntryKind::Symlink { .. } => None,
        };
        let mut content = None;
        if let Some(limit) = wanted {
            let mut bytes = Vec::new();
            tree.open(entry)?
                .take(limit)
                .read_to_end(&mut bytes)
                .map_err(|cause| CliError::file(format!("read {}", entry.path), cause))?;
            content = Some(bytes);
        }
        source.insert(&entry.path, content);
    }
    Ok(source)
}

/// Packs the folder; `written` counts the archive's bytes meanwhile. Errors: what a source may not hold, or no space.
pub(crate) fn pack(folder: &Path, written: &Arc<AtomicU64>) -> CliResult<Archive> {
    let file = tempfile::tempfile().map_err(|cause| CliError::file("make a temporary file", cause))?;
    let out = Counted { out: io::BufWriter::new(file), written: written.clone() };
    let (packed, tree, out) = pack_folder(folder, &Limits::default(), out)?;
    let file =
        out.out.into_inner().map_err(|cause| CliError::file("write a temporary file", cause.into_error()))?;
    Ok(Archive { file, packed, skipped: tree.skipped })
}

struct Counted<W> {
    out: W,
    written: Arc<AtomicU64>,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.written.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_dir_stays_within_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("apps/web")).unwrap();
        let root = dir.path().canonicalize().unwrap();
        assert_eq!(app_folder(&root, Some("apps/web")).unwrap(), root.join("apps/web"));
        assert_eq!(app_folder(&root, Some("./apps")).unwrap(), root.join("apps"));
        for bad in ["../x", "/etc", "apps/../../x"] {
            assert_eq!(app_folder(&root, Some(bad)).unwrap_err().code(), "root_dir_missing", "{bad}");
        }
        assert!(app_folder(&root, Some("nowhere")).is_err());
    }

    #[test]
    fn a_packed_folder_leaves_secrets_behind_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("index.html"), "<h1>hi</h1>").unwrap();
        std::fs::write(dir.path().join(".env"), "TOKEN=x").unwrap();
        let written = Arc::new(AtomicU64::new(0));
        let archive = pack(dir.path(), &written).unwrap();
        assert_eq!(archive.packed.entries, 1);
        assert_eq!(archive.skipped[0].path, ".env");
        assert_eq!(archive.file.metadata().unwrap().len(), archive.packed.bytes);
        assert_eq!(written.load(Ordering::Relaxed), archive.packed.bytes);
    }
}
