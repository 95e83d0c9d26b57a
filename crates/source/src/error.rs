//! Why a source was refused: a stable code, a sentence and a next move for each reason.
//! Deliberately absent: host paths. A path named here is always relative to the source's root.

use std::io;

/// A refused source. `Display` is the sentence for people; screens branch on [`SourceError::code`].
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The files together are above `Limits::max_bytes`.
    #[error("The source is larger than {}: the limit was passed at {path}.", mib(*limit_bytes))]
    TooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
        /// The entry that passed it.
        path: String,
    },
    /// The archive itself is above `Limits::max_archive_bytes`.
    #[error("The source archive is larger than {}.", mib(*limit_bytes))]
    ArchiveTooLarge {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// More entries than `Limits::max_entries`.
    #[error("The source has more than {limit} files.")]
    TooManyFiles {
        /// The limit.
        limit: u64,
    },
    /// A path that no source may hold.
    #[error("The path {path} {reason}.")]
    PathUnsafe {
        /// The path, escaped and shortened for display.
        path: String,
        /// What is wrong with it, as the rest of a sentence.
        reason: &'static str,
    },
    /// A symbolic link that points outside of the source.
    #[error("The link {path} points to {target}, which {reason}.")]
    LinkEscapes {
        /// Where the link stands.
        path: String,
        /// Where it points.
        target: String,
        /// What is wrong with it, as the rest of a sentence.
        reason: &'static str,
    },
    /// Something that is neither a file, a folder nor a symbolic link.
    #[error("{path} is a {what}, which a source cannot hold.")]
    SpecialFile {
        /// Where it stands.
        path: String,
        /// What it is: `named pipe`, `socket`, `device`, `hard link`, ...
        what: &'static str,
    },
    /// The archive unpacks to far more than its size.
    #[error("The source archive unpacks to more than {ratio} times its size.")]
    Bomb {
        /// The limit that was passed.
        ratio: u64,
    },
    /// The archive is broken.
    #[error("The source archive is broken: {reason}.")]
    Corrupt {
        /// What is wrong, as the rest of a sentence.
        reason: String,
        /// The decoder's error, where there is one.
        #[source]
        cause: Option<io::Error>,
    },
    /// The archive's bytes are not those that were announced.
    #[error("The source archive's digest is {found}, but {expected} was announced.")]
    Digest {
        /// SHA-256 in hex, as announced.
        expected: String,
        /// SHA-256 in hex, as computed.
        found: String,
    },
    /// No file at all.
    #[error("The source holds no files.")]
    Empty,
    /// A file became shorter or vanished while it was read.
    #[error("{path} changed while it was being packed.")]
    Changed {
        /// The file.
        path: String,
    },
    /// A Git LFS pointer stands in for the real file.
    #[error("{path} is a Git LFS pointer, not the file itself.")]
    LfsPointer {
        /// The file.
        path: String,
    },
    /// A line of `.dockerignore` that is not a pattern.
    #[error("Line {line} of .dockerignore is not a valid pattern: {pattern}")]
    IgnorePattern {
        /// Counted from 1.
        line: usize,
        /// The line as written.
        pattern: String,
    },
    /// Reading or writing failed.
    #[error("Could not {doing}.")]
    Io {
        /// What was being done, as in "read app/main.py".
        doing: String,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
}

impl SourceError {
    /// The stable code, for screens and API clients.
    pub fn code(&self) -> &'static str {
        match self {
            SourceError::TooLarge { .. } | SourceError::ArchiveTooLarge { .. } => "source_too_large",
            SourceError::TooManyFiles { .. } => "source_too_many_files",
            SourceError::PathUnsafe { .. } => "source_path_unsafe",
            SourceError::LinkEscapes { .. } => "source_link_escapes",
            SourceError::SpecialFile { .. } => "source_special_file",
            SourceError::Bomb { .. } => "source_bomb",
            SourceError::Corrupt { .. } | SourceError::Digest { .. } => "source_corrupt",
            SourceError::Empty => "source_empty",
            SourceError::Changed { .. } => "source_changed",
            SourceError::LfsPointer { .. } => "git_lfs_pointer",
            SourceError::IgnorePattern { .. } => "source_invalid",
            SourceError::Io { .. } => "source_io",
        }
    }

    /// What the person can do about it.
    pub fn next_move(&self) -> &'static str {
        match self {
            SourceError::TooLarge { .. } | SourceError::ArchiveTooLarge { .. } => {
                "Leave large files out: name them in .gitignore or .ttalkakignore, or deploy a subfolder."
            }
            SourceError::TooManyFiles { .. } => {
                "Leave generated folders out: name them in .gitignore or .ttalkakignore, or deploy a subfolder."
            }
            SourceError::PathUnsafe { .. } => "Rename or remove it, and try again.",
            SourceError::LinkEscapes { .. } => {
                "Replace the link by the file itself, or point it, with a relative path, inside the source."
            }
            SourceError::SpecialFile { .. } => "Remove it, or name it in .gitignore or .ttalkakignore.",
            SourceError::Bomb { .. } => "Remove the files that are mostly empty space, and try again.",
            SourceError::Corrupt { .. } | SourceError::Digest { .. } => {
                "Make the archive again and resend it."
            }
            SourceError::Empty => "Check the folder or branch: there must be at least one file to deploy.",
            SourceError::Changed { .. } => "Stop the program that writes to it, and try again.",
            SourceError::LfsPointer { .. } => {
                "Run `git lfs pull` and deploy the folder, or commit the file without LFS."
            }
            SourceError::IgnorePattern { .. } => "Correct that line of .dockerignore.",
            SourceError::Io { .. } => "Check free space and permissions, and try again.",
        }
    }

    pub(crate) fn corrupt(reason: impl Into<String>) -> Self {
        SourceError::Corrupt { reason: reason.into(), cause: None }
    }

    pub(crate) fn io(doing: impl Into<String>, cause: io::Error) -> Self {
        SourceError::Io { doing: doing.into(), cause }
    }
}

impl From<io::Error> for SourceError {
    /// For callers that read an entry's content: what fails there is the archive under it.
    fn from(cause: io::Error) -> Self {
        SourceError::io("read the source archive", cause)
    }
}

/// A path as it may be shown: control characters escaped, and no longer than a line.
pub(crate) fn shown(path: &[u8]) -> String {
    const LONGEST: usize = 120;
    let text = String::from_utf8_lossy(path);
    let mut out: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().count() > LONGEST {
        out.push('…');
    }
    out
}

fn mib(bytes: u64) -> String {
    if bytes >= 1024 * 1024 { format!("{} MiB", bytes / (1024 * 1024)) } else { format!("{bytes} bytes") }
}
