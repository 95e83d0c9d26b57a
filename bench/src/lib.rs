//! The parts of the benchmarks that need the programs' own rooms or a web server, apart from `xtask` so that a
//! newcomer's first build stays short. `cargo xtask bench` starts the programs beside this file; none is for people.

pub mod chain;

use anyhow::{Context, Result};
use std::{io::Read, path::Path};
use ttalkak_planner::{SourceTree, bytes_wanted};
use ttalkak_source::{EntryKind, Limits, walk};

/// What the detector may see of a folder. Errors: whatever a source may not hold, or a file that cannot be read.
pub fn source_tree(folder: &Path) -> Result<SourceTree> {
    let tree = walk(folder, &Limits::default()).with_context(|| format!("walk {}", folder.display()))?;
    let mut source = SourceTree::new();
    for entry in &tree.entries {
        let wanted = match entry.kind {
            EntryKind::File { size, .. } => bytes_wanted(&entry.path, size),
            EntryKind::Dir => continue,
            EntryKind::Symlink { .. } => None,
        };
        let content = wanted.map(|limit| -> Result<Vec<u8>> {
            let mut bytes = Vec::new();
            tree.open(entry)?.take(limit).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        source.insert(&entry.path, content.transpose()?);
    }
    Ok(source)
}

/// The middle of what was measured, the mean of both middles when there is no one; 0 for nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get((sorted.len().max(1) - 1) / 2), sorted.get(sorted.len() / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        (None, _) | (_, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_becomes_the_tree_that_the_detector_sees() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.html"), "<h1>hi</h1>").unwrap();
        std::fs::create_dir(folder.path().join("node_modules")).unwrap();
        std::fs::write(folder.path().join("node_modules/x.js"), "1").unwrap();
        let tree = source_tree(folder.path()).unwrap();
        assert_eq!(tree.paths().collect::<Vec<_>>(), ["index.html"]);
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert_eq!(median(&[]).to_bits(), 0.0_f64.to_bits());
    }
}
