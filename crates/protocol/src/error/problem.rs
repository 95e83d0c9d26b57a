//! A failure as it is told: code, sentence, next move.

use super::ErrorCode;
use serde::{Deserialize, Serialize};

/// A failure as people and programs read it, inside bodies, reports and events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Problem {
    /// Stable; branch on this and on nothing else.
    pub code: ErrorCode,
    /// What happened, one sentence.
    pub message: String,
    /// What to do about it, one sentence.
    pub next: String,
}

impl Problem {
    /// A problem with the code's own next move.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), next: code.next_move().to_owned() }
    }

    /// The same with a next move that knows the case.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

/// The body of every error answer: `{"error": {"code", "message", "next", "request_id"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// The one error.
    pub error: ErrorDetail,
}

/// A problem and the request it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorDetail {
    /// What happened and what to do.
    #[serde(flatten)]
    pub problem: Problem,
    /// For support: the same id stands in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
