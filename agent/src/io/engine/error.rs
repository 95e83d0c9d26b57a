//! What an engine can refuse, and whether that means that it is away.

use bollard::errors::Error as Cause;
use std::error::Error as _;
use ttalkak_protocol::error::{ErrorCode, Problem};

// bollard's list of errors grows with its features; only those named here mean something to us.
#[allow(clippy::wildcard_enum_match_arm, reason = "bollard's enum, not ours")]
fn status_of(cause: &Cause) -> Option<u16> {
    match cause {
        Cause::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "bollard's enum, not ours")]
fn means_down(cause: &Cause) -> bool {
    match cause {
        Cause::RequestTimeoutError
        | Cause::IOError { .. }
        | Cause::HyperResponseError { .. }
        | Cause::HyperLegacyError { .. }
        | Cause::SocketNotFoundError(_) => true,
        // An engine that is shutting down answers so.
        Cause::DockerResponseServerError { status_code: 503, .. } => true,
        _ => false,
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "bollard's enum, not ours")]
fn words_of(cause: &Cause) -> String {
    match cause {
        Cause::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => other.to_string(),
    }
}

/// A request to the engine that did not work out.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no socket to try.
    #[error("no container engine was found on this machine")]
    Unreachable,
    /// `DOCKER_HOST` names a way that is not supported.
    #[error("the engine address {0} is of a kind that is not supported")]
    Address(String),
    /// It accepts connections but says nothing.
    #[error("the engine does not answer")]
    Silent,
    /// A request failed.
    #[error("{doing}")]
    Request {
        /// What was asked.
        doing: &'static str,
        /// What came back.
        #[source]
        cause: Box<Cause>,
    },
    /// The connection broke while it was in use.
    #[error("{doing}")]
    Broken {
        /// What was being done.
        doing: &'static str,
        /// What broke.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An image that does not bear our label, or is gone.
    #[error("there is no image {0} of ours")]
    NotOurs(String),
    /// It ended an answer without saying how it went.
    #[error("the engine stopped in the middle of {0}")]
    Unfinished(&'static str),
}

impl EngineError {
    /// Names what was being done.
    pub(super) fn of(doing: &'static str) -> impl Fn(Cause) -> Self {
        move |cause| Self::Request { doing, cause: Box::new(cause) }
    }

    pub(super) fn broken<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        doing: &'static str,
    ) -> impl Fn(E) -> Self {
        move |cause| Self::Broken { doing, cause: cause.into() }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Request { cause, .. } => status_of(cause),
            Self::Unreachable
            | Self::Address(_)
            | Self::Silent
            | Self::Broken { .. }
            | Self::NotOurs(_)
            | Self::Unfinished(_) => None,
        }
    }

    /// Whether the engine itself is away, in contrast to an answer that says no.
    pub fn is_down(&self) -> bool {
        match self {
            Self::Unreachable | Self::Silent | Self::Broken { .. } | Self::Unfinished(_) => true,
            Self::Address(_) | Self::NotOurs(_) => false,
            Self::Request { cause, .. } => means_down(cause),
        }
    }

    /// Whether what was asked for does not exist.
    pub fn is_missing(&self) -> bool {
        self.status() == Some(404)
    }

    /// What the engine said, on one line.
    pub fn told(&self) -> String {
        match self {
            Self::Request { cause, .. } => words_of(cause),
            Self::Unreachable
            | Self::Address(_)
            | Self::Silent
            | Self::Broken { .. }
            | Self::NotOurs(_)
            | Self::Unfinished(_) => {
                let cause = self.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                format!("{self}{cause}")
            }
        }
    }

    /// For reports.
    pub fn problem(&self) -> Problem {
        if self.is_down() {
            return Problem::new(ErrorCode::EngineUnavailable, "The container engine does not answer.");
        }
        Problem::new(ErrorCode::StartFailed, format!("The container engine refused: {}", self.told()))
    }
}
