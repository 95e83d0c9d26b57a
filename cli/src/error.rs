//! What can go wrong for a user of the command line: each with an exit code, a stable code, a sentence and the next
//! move. Deliberately absent: printing; see `output.rs`.

use crate::exit::Exit;
use serde_json::{Value, json};
use std::io;
use ttalkak_planner::PlanError;
use ttalkak_protocol::{
    api::{deployment::DeploymentView, release::ReleaseView},
    error::{ErrorCode, ErrorDetail, Problem},
};
use ttalkak_rpc::ChainFault;
use ttalkak_source::SourceError;

/// What commands return.
pub(crate) type CliResult<T> = Result<T, CliError>;

/// A failed command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The coordinator answered with an error.
    #[error("{}", detail.problem.message)]
    Answer {
        /// HTTP status.
        status: u16,
        /// What it said.
        detail: ErrorDetail,
    },
    /// No answer at all.
    #[error("The coordinator at {coordinator} cannot be reached.")]
    Unreachable {
        /// Its address.
        coordinator: String,
        /// Why.
        #[source]
        cause: reqwest::Error,
    },
    /// An answer that is none of the API's.
    #[error("{coordinator} answered with status {status}, but not as a Ttalkak coordinator does.")]
    Puzzling {
        /// Its address.
        coordinator: String,
        /// HTTP status.
        status: u16,
        /// What could not be read.
        #[source]
        cause: Option<serde_json::Error>,
    },
    /// No token for this coordinator.
    #[error("You are not signed in{}.", coordinator.as_deref().map(|at| format!(" to {at}")).unwrap_or_default())]
    NotSignedIn {
        /// Which, when one is known.
        coordinator: Option<String>,
    },
    /// The command line cannot be used as it is.
    #[error("{}", .0.message)]
    Usage(Problem),
    /// A rollout that was started did not come to serve.
    #[error("{}", .0.problem.message)]
    Rollout(Box<FailedRollout>),
    /// The folder cannot be sent.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The folder cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The chain did not do what was asked of it.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// An invoice that does not follow from its evidence.
    #[error("NOT EQUAL: {difference}.")]
    NotEqual {
        /// The first difference.
        difference: String,
    },
    /// A local file could not be read or written.
    #[error("Could not {doing}.")]
    File {
        /// What was being done, as in "read .env".
        doing: String,
        /// The system's error.
        #[source]
        cause: io::Error,
    },
    /// The result could not be written.
    #[error("Could not write the output.")]
    Output(#[source] io::Error),
    /// Ctrl-C.
    #[error("{message}")]
    Interrupted {
        /// What this means for what was started.
        message: String,
        /// How to go on.
        next: String,
    },
    /// A task of this program broke down.
    #[error("This program failed: {0}.")]
    Bug(&'static str),
}

/// A rollout that failed or was given up.
#[derive(Debug)]
pub(crate) struct FailedRollout {
    /// Why.
    pub(crate) problem: Problem,
    /// What it last wrote.
    pub(crate) last_lines: Vec<String>,
    /// The deployment as it stands now.
    pub(crate) deployment: DeploymentView,
    /// The release that did not come to serve.
    pub(crate) release: ReleaseView,
}

impl CliError {
    /// Whether the same call may fare better in a moment.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Answer { status, .. } | Self::Puzzling { status, .. } => matches!(status, 429 | 502..=504),
            Self::NotSignedIn { .. }
            | Self::Usage(_)
            | Self::Rollout(_)
            | Self::Source(_)
            | Self::Plan(_)
            | Self::Chain(_)
            | Self::NotEqual { .. }
            | Self::File { .. }
            | Self::Output(_)
            | Self::Interrupted { .. }
            | Self::Bug(_) => false,
        }
    }

    /// A mistake in what was asked for.
    pub(crate) fn usage(code: ErrorCode, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Usage(Problem::new(code, message).with_next(next))
    }

    /// A failed file operation; `doing` as in "read .env".
    pub(crate) fn file(doing: impl Into<String>, cause: io::Error) -> Self {
        Self::File { doing: doing.into(), cause }
    }

    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Answer { status, .. } => Exit::of_status(*status),
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::NotSignedIn { .. } => Exit::NotSignedIn,
            Self::Usage(_) | Self::File { .. } => Exit::Usage,
            Self::Rollout(_) => Exit::DeployFailed,
            Self::NotEqual { .. } => Exit::NotEqual,
            Self::Interrupted { .. } => Exit::Interrupted,
            // Who reads only the head of a list is no failure.
            Self::Output(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Puzzling { .. }
            | Self::Source(_)
            | Self::Plan(_)
            | Self::Chain(_)
            | Self::Output(_)
            | Self::Bug(_) => Exit::Failed,
        }
    }

    /// The stable code that scripts branch on.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Answer { detail, .. } => detail.problem.code.as_str(),
            Self::Unreachable { .. } => "coordinator_unreachable",
            Self::Puzzling { .. } => "not_a_coordinator",
            Self::NotSignedIn { .. } => "unauthorized",
            Self::Usage(problem) => problem.code.as_str(),
            Self::Rollout(failed) => failed.problem.code.as_str(),
            Self::Source(cause) => cause.code(),
            Self::Plan(cause) => cause.as_code(),
            Self::Chain(fault) => fault.code().as_str(),
            Self::NotEqual { .. } => "invoice_not_equal",
            Self::File { .. } => "file_error",
            Self::Output(_) => "output_error",
            Self::Interrupted { .. } => "interrupted",
            Self::Bug(_) => "internal",
        }
    }

    /// What to do about it, one sentence.
    pub(crate) fn next_move(&self) -> String {
        match self {
            Self::Answer { detail, .. } => detail.problem.next.clone(),
            Self::Unreachable { .. } => {
                "Check the address and that the coordinator runs; choose another with --coordinator.".into()
            }
            Self::Puzzling { .. } => "Check the address given with --coordinator or at login.".into(),
            Self::NotSignedIn { .. } => "Sign in with `ttalkak login --coordinator URL`.".into(),
            Self::Usage(problem) => problem.next.clone(),
            Self::Rollout(failed) => failed.problem.next.clone(),
            Self::Source(cause) => cause.next_move().into(),
            Self::Plan(cause) => cause.next_move(),
            Self::Chain(fault) => fault.next_move(),
            Self::NotEqual { .. } => {
                "Keep what `ttalkak verify-invoice --json` shows, and ask whoever runs the coordinator."
                    .into()
            }
            Self::File { .. } => "Check that the path exists and may be used.".into(),
            Self::Output(_) => "Check the disk or the program that reads the output.".into(),
            Self::Interrupted { next, .. } => next.clone(),
            Self::Bug(_) => "Report this, with the command that you ran.".into(),
        }
    }

    /// The id under which the coordinator's log tells more.
    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Answer { detail, .. } => detail.request_id.as_deref(),
            Self::Unreachable { .. }
            | Self::Puzzling { .. }
            | Self::NotSignedIn { .. }
            | Self::Usage(_)
            | Self::Rollout(_)
            | Self::Source(_)
            | Self::Plan(_)
            | Self::Chain(_)
            | Self::NotEqual { .. }
            | Self::File { .. }
            | Self::Output(_)
            | Self::Interrupted { .. }
            | Self::Bug(_) => None,
        }
    }

    /// The JSON form, the same shape as the API's errors; a failed rollout adds what it was.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code(), "message": self.to_string(), "next": self.next_move() });
        if let Some(id) = self.request_id() {
            error["request_id"] = id.into();
        }
        let mut body = json!({ "error": error });
        if let Self::Rollout(failed) = self {
            body["deployment"] = json!(failed.deployment);
            body["release"] = json!(failed.release);
            body["last_lines"] = json!(failed.last_lines);
        }
        body
    }

    /// The causes below, in one line; empty when there is none.
    pub(crate) fn causes(&self) -> String {
        let mut parts = Vec::new();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            // Libraries repeat their cause in their own text.
            if !parts.last().is_some_and(|last: &String| last.contains(&text)) {
                parts.push(text);
            }
            cause = error.source();
        }
        parts.join(": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_the_same_as_json_and_as_words() {
        let problem = Problem::new(ErrorCode::NotFound, "There is no deployment shop.");
        let detail = ErrorDetail { problem, request_id: Some("req_1".into()) };
        let error = CliError::Answer { status: 404, detail };
        assert_eq!(error.exit(), Exit::NotFound);
        assert_eq!(
            error.to_json(),
            json!({ "error": {
                "code": "not_found", "message": "There is no deployment shop.",
                "next": "Check the name with `ttalkak list`.", "request_id": "req_1",
            }})
        );
    }

    #[test]
    fn a_reader_that_closes_the_pipe_is_no_failure() {
        assert_eq!(CliError::Output(io::ErrorKind::BrokenPipe.into()).exit(), Exit::Ok);
        assert_eq!(CliError::Output(io::ErrorKind::StorageFull.into()).exit(), Exit::Failed);
    }

    #[test]
    fn causes_are_told_once() {
        let error = CliError::file("read .env", io::Error::other("permission denied"));
        assert_eq!(
            (error.to_string().as_str(), error.causes().as_str()),
            ("Could not read .env.", "permission denied")
        );
    }
}
