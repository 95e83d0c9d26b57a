//! The paths of one archive, to find doubles and files that pose as folders. Pure.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::error::{SourceError, shown};

/// Each path, and whether it is a folder.
#[derive(Debug, Default)]
pub(super) struct Paths {
    seen: BTreeMap<String, bool>,
}

impl Paths {
    /// Adds a checked path. A folder may be named twice, as archives made in parts do.
    /// Errors: `Corrupt` for a double, and for an entry beneath a file or link (which would write through the link).
    pub(super) fn add(&mut self, path: &str, is_dir: bool) -> Result<(), SourceError> {
        let refuse = |what: &str| Err(SourceError::corrupt(format!("{} {what}", shown(path.as_bytes()))));
        if self.seen.get(path).is_some_and(|was_dir| !(*was_dir && is_dir)) {
            return refuse("is in it twice");
        }
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        if above.into_iter().any(|folder| self.seen.get(folder) == Some(&false)) {
            return refuse("lies beneath something that is not a folder");
        }
        if !is_dir && self.holds_beneath(path) {
            return refuse("is both a folder and something else");
        }
        self.seen.insert(path.to_string(), is_dir);
        Ok(())
    }

    fn holds_beneath(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        let mut after = self.seen.range::<str, _>((Bound::Excluded(prefix.as_str()), Bound::Unbounded));
        after.next().is_some_and(|(next, _)| next.starts_with(&prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_found_in_any_order() {
        for (first, second) in [
            (("a", false), ("a", false)),
            (("a", true), ("a", false)),
            (("a", false), ("a/b/c", false)),
            (("a/b/c", false), ("a", false)),
            (("a/b/c", false), ("a/b", false)),
        ] {
            let mut paths = Paths::default();
            paths.add(first.0, first.1).unwrap();
            assert!(paths.add(second.0, second.1).is_err(), "{first:?} then {second:?}");
        }
    }

    #[test]
    fn alike_names_are_not_doubles() {
        let mut paths = Paths::default();
        for (path, is_dir) in
            [("a", true), ("a", true), ("a/b", false), ("a.b", false), ("a-b", false), ("ab", false)]
        {
            paths.add(path, is_dir).unwrap();
        }
    }
}
