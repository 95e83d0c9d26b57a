//! Why Git did not give a source. Git's own words are read here and never shown: they may repeat what they were given.

use std::io;

use ttalkak_protocol::error::{ErrorCode, Problem};
use ttalkak_source::SourceError;

/// A source that Git did not give.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// An address that we do not fetch from.
    #[error("This repository address {0}.")]
    UrlRefused(&'static str),
    /// A user name, password or token in the address.
    #[error("The repository address holds a user name or password.")]
    CredentialsInUrl,
    /// A token with spaces or control characters.
    #[error("The Git token holds characters that no token has.")]
    TokenInvalid,
    /// Not a name that a branch, tag or commit can have.
    #[error("{name} is not a valid name of a branch, tag or commit.")]
    RefInvalid {
        /// As given, escaped.
        name: String,
    },
    /// No such repository, or none that we may see.
    #[error("The repository {url} was not found, or it is private.")]
    NotFound {
        /// The repository.
        url: String,
    },
    /// The host answered with a redirect, which we do not follow.
    #[error("The repository {url} has moved to another address.")]
    Moved {
        /// The old address.
        url: String,
    },
    /// The token was refused.
    #[error("The Git host refused the token for {url}.")]
    AuthFailed {
        /// The repository.
        url: String,
    },
    /// No branch or tag of that name.
    #[error("There is no branch or tag {name}.{}", listed(existing))]
    BranchUnknown {
        /// The name that was asked for.
        name: String,
        /// Up to five that exist.
        existing: Vec<String>,
    },
    /// No such commit, or one that the host does not give out.
    #[error("The commit {commit} is not in the repository any more.")]
    CommitUnknown {
        /// 40 hex digits.
        commit: String,
    },
    /// There are branches, but the one that the repository names first is not among them.
    #[error("The repository names no default branch.{}", listed(existing))]
    NoDefaultBranch {
        /// Up to five that exist.
        existing: Vec<String>,
    },
    /// A repository without a commit.
    #[error("The repository {url} has no commits.")]
    Empty {
        /// The repository.
        url: String,
    },
    /// The host cannot be reached, or does not speak Git.
    #[error("The Git host of {url} {reason}.")]
    Unreachable {
        /// The repository.
        url: String,
        /// The rest of the sentence.
        reason: &'static str,
    },
    /// A deadline passed.
    #[error("Fetching {url} took longer than {seconds} seconds.")]
    Timeout {
        /// The repository.
        url: String,
        /// The deadline.
        seconds: u64,
    },
    /// The repository passes the limit of our disk.
    #[error("The repository {url} is larger than {} MiB at this commit.", limit_bytes / (1024 * 1024))]
    TooLarge {
        /// The repository.
        url: String,
        /// In bytes.
        limit_bytes: u64,
    },
    /// A submodule, whose files are not in the repository.
    #[error("{path} is a Git submodule, whose files are not part of the repository.")]
    Submodule {
        /// Where it stands.
        path: String,
    },
    /// The folder to deploy is not there.
    #[error("The repository has no folder {root_dir} at this commit.")]
    RootDirMissing {
        /// As given.
        root_dir: String,
    },
    /// What the repository holds cannot be a source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// This machine failed, not the repository.
    #[error("could not {doing}")]
    Local {
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// `git` behaved in a way that we do not know.
    #[error("git did not {doing}")]
    Unexpected {
        /// What it was asked to do.
        doing: &'static str,
    },
}

impl GitError {
    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::UrlRefused(_) => ErrorCode::GitUrlRefused,
            Self::CredentialsInUrl => ErrorCode::GitCredentialsInUrl,
            Self::RefInvalid { .. } => ErrorCode::GitRefInvalid,
            Self::NotFound { .. } | Self::Moved { .. } => ErrorCode::GitNotFound,
            Self::AuthFailed { .. } | Self::TokenInvalid => ErrorCode::GitAuthFailed,
            Self::BranchUnknown { .. } | Self::CommitUnknown { .. } | Self::NoDefaultBranch { .. } => {
                ErrorCode::GitBranchUnknown
            }
            Self::Empty { .. } => ErrorCode::GitEmpty,
            Self::Unreachable { .. } => ErrorCode::GitUnreachable,
            Self::Timeout { .. } => ErrorCode::GitTimeout,
            Self::TooLarge { .. } => ErrorCode::SourceTooLarge,
            Self::Submodule { .. } => ErrorCode::GitSubmodule,
            Self::RootDirMissing { .. } => ErrorCode::RootDirMissing,
            Self::Source(SourceError::Io { .. }) | Self::Local { .. } | Self::Unexpected { .. } => {
                ErrorCode::Internal
            }
            Self::Source(refused) => ErrorCode::ALL
                .iter()
                .copied()
                .find(|code| code.as_str() == refused.code())
                .unwrap_or(ErrorCode::SourceInvalid),
        }
    }

    /// What the tenant is told.
    pub fn problem(&self) -> Problem {
        let problem = Problem::new(self.code(), self.to_string());
        match self {
            Self::Moved { .. } => problem.with_next("Give the address that the browser ends at."),
            Self::NoDefaultBranch { .. } => problem.with_next("Name a branch with --branch."),
            Self::CommitUnknown { .. } => problem.with_next("Deploy the branch again."),
            Self::Source(_)
            | Self::UrlRefused(_)
            | Self::CredentialsInUrl
            | Self::TokenInvalid
            | Self::RefInvalid { .. }
            | Self::NotFound { .. }
            | Self::AuthFailed { .. }
            | Self::BranchUnknown { .. }
            | Self::Empty { .. }
            | Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::TooLarge { .. }
            | Self::Submodule { .. }
            | Self::RootDirMissing { .. }
            | Self::Local { .. }
            | Self::Unexpected { .. } => problem,
        }
    }

    pub(super) fn local(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Local { doing, cause }
    }
}

/// Reads what `git` said on its error stream (in English) when it could not list or fetch `url`.
pub(super) fn read_complaint(said: &str, url: &str, with_token: bool) -> GitError {
    let url = url.to_owned();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&[
        "could not read Username",
        "could not read Password",
        "Authentication failed",
        "error: 401",
        "error: 403",
    ]) {
        // Hosts answer alike for what is private and what is not there.
        return if with_token { GitError::AuthFailed { url } } else { GitError::NotFound { url } };
    }
    if has(&[
        "not found",
        "error: 404",
        "error: 410",
        "does not appear to be a git repository",
        "does not exist",
    ]) {
        return GitError::NotFound { url };
    }
    if has(&["error: 301", "error: 302", "error: 303", "error: 307", "error: 308"]) {
        return GitError::Moved { url };
    }
    let reason = if has(&["Could not resolve host"]) {
        "is not known"
    } else if has(&["SSL", "certificate", "TLS"]) {
        "has no valid certificate"
    } else if has(&["Failed to connect", "Couldn't connect", "Connection refused", "Connection timed out"]) {
        "cannot be reached"
    } else if has(&["Operation too slow"]) {
        "answers too slowly"
    } else if has(&["error: 429"]) {
        "asks us to slow down"
    } else if has(&["error: 5"]) {
        "failed on its side"
    } else {
        "did not answer as a Git host does"
    };
    GitError::Unreachable { url, reason }
}

fn listed(existing: &[String]) -> String {
    if existing.is_empty() { String::new() } else { format!(" There are: {}.", existing.join(", ")) }
}

#[cfg(test)]
mod tests;
