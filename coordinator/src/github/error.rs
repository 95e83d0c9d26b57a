//! What can go wrong between us and GitHub.

use std::path::PathBuf;
use ttalkak_protocol::{ErrorCode, error::Problem, unit::UnixMillis};

/// Why GitHub did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// A secret's file.
    #[error("read {file}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Other users of the machine can read a secret.
    #[error("{file} can be read by others; chmod 600 it")]
    Exposed {
        /// Which file.
        file: PathBuf,
    },
    /// A key or secret is none.
    #[error("use a secret of GitHub's App: {0}")]
    Key(&'static str),
    /// The HTTP client could not be made.
    #[error("prepare for GitHub")]
    Client(#[source] reqwest::Error),
    /// No answer in time, or none at all.
    #[error("{doing} at GitHub")]
    Unreachable {
        /// What we were doing.
        doing: &'static str,
        /// Why.
        #[source]
        cause: reqwest::Error,
    },
    /// GitHub wants fewer questions.
    #[error("{doing} at GitHub: too many questions")]
    Limited {
        /// What we were doing.
        doing: &'static str,
        /// From when on it may be asked again.
        until: UnixMillis,
    },
    /// GitHub is in trouble itself.
    #[error("{doing} at GitHub: it answered with status {status}")]
    Broken {
        /// What we were doing.
        doing: &'static str,
        /// Its status.
        status: u16,
    },
    /// The credential is not good, or not for this.
    #[error("{doing} at GitHub: refused with status {status}")]
    Refused {
        /// What we were doing.
        doing: &'static str,
        /// Its status.
        status: u16,
    },
    /// There is no such thing, or it is not to be seen with this credential.
    #[error("{doing} at GitHub: not found")]
    NotFound {
        /// What we were doing.
        doing: &'static str,
    },
    /// A sign-in's code or refresh token is wrong, used or too old.
    #[error("sign in at GitHub: {0}")]
    CodeRefused(String),
    /// The answer is not what GitHub describes.
    #[error("{doing} at GitHub: an answer that cannot be read")]
    Garbled {
        /// What we were doing.
        doing: &'static str,
    },
    /// More than is ever read.
    #[error("{doing} at GitHub: an answer of more than {bytes} bytes")]
    TooLong {
        /// What we were doing.
        doing: &'static str,
        /// The bound.
        bytes: usize,
    },
}

/// Whether asking again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// No.
    Never,
    /// Soon, with growing pauses.
    Soon,
    /// Not before.
    At(UnixMillis),
}

impl GitHubError {
    /// Whether asking again may help.
    pub fn again(&self) -> Again {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Garbled { .. } => Again::Soon,
            Self::Limited { until, .. } => Again::At(*until),
            Self::File { .. }
            | Self::Exposed { .. }
            | Self::Key(_)
            | Self::Client(_)
            | Self::Refused { .. }
            | Self::NotFound { .. }
            | Self::CodeRefused(_)
            | Self::TooLong { .. } => Again::Never,
        }
    }

    /// What people are told.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Limited { .. } => {
                Problem::new(ErrorCode::GithubLimited, "GitHub asks us to wait before we ask it again.")
            }
            Self::Refused { .. } | Self::CodeRefused(_) => {
                Problem::new(ErrorCode::GithubRefused, "GitHub does not let us look with this sign-in.")
            }
            Self::NotFound { .. } => {
                Problem::new(ErrorCode::NotFound, "GitHub does not show us such a thing.")
                    .with_next("Check the name, and that the App is installed for this repository.")
            }
            Self::TooLong { .. } => {
                Problem::new(ErrorCode::GithubUnavailable, "GitHub's answer is too long to be shown.")
            }
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Garbled { .. } => {
                Problem::new(ErrorCode::GithubUnavailable, "GitHub does not answer as it should.")
            }
            Self::File { .. } | Self::Exposed { .. } | Self::Key(_) | Self::Client(_) => {
                Problem::new(ErrorCode::Internal, "GitHub is not set up well on our side.")
            }
        }
    }
}
