//! Reads the list that `git ls-tree -r -z -l` prints. Pure.

use super::error::GitError;

/// One line of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TreeLine<'a> {
    pub(super) kind: LineKind,
    pub(super) object: &'a str,
    /// In bytes; 0 for a submodule.
    pub(super) size: u64,
    pub(super) path: &'a [u8],
}

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    File { executable: bool },
    Symlink,
    Submodule,
}

/// Reads one NUL-ended line, without its NUL: `<mode> <type> <object> <size>\t<path>`.
/// Errors: `Unexpected` for anything else.
pub(super) fn read_line(line: &[u8]) -> Result<TreeLine<'_>, GitError> {
    let unexpected = || GitError::Unexpected { doing: "list the files of the commit" };
    let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(unexpected)?;
    let facts = std::str::from_utf8(&line[..tab]).map_err(|_| unexpected())?;
    let mut words = facts.split_ascii_whitespace();
    let (Some(mode), Some(_), Some(object), Some(size)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(unexpected());
    };
    let kind = match mode {
        "100755" => LineKind::File { executable: true },
        // 100664 is found in very old repositories.
        "100644" | "100664" => LineKind::File { executable: false },
        "120000" => LineKind::Symlink,
        "160000" => LineKind::Submodule,
        _ => return Err(unexpected()),
    };
    let size = if size == "-" { 0 } else { size.parse().map_err(|_| unexpected())? };
    super::refs::commit(object).map_err(|_| unexpected())?;
    Ok(TreeLine { kind, object, size, path: &line[tab + 1..] })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn every_kind_of_line_is_read() {
        for (text, kind, size) in [
            (format!("100644 blob {OBJECT}      12\ta\tb"), LineKind::File { executable: false }, 12),
            (format!("100755 blob {OBJECT}       0\ta\tb"), LineKind::File { executable: true }, 0),
            (format!("120000 blob {OBJECT}       3\ta\tb"), LineKind::Symlink, 3),
            (format!("160000 commit {OBJECT}       -\ta\tb"), LineKind::Submodule, 0),
        ] {
            let line = read_line(text.as_bytes()).unwrap();
            assert_eq!(line, TreeLine { kind, object: OBJECT, size, path: b"a\tb" });
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "100644 blob x 1\ta", "040000 tree x -\ta", &format!("100644 blob {OBJECT} many\ta")]
        {
            assert!(read_line(text.as_bytes()).is_err(), "{text}");
        }
    }
}
