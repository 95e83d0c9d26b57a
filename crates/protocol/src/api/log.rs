//! Log lines as readers get them, by page or by Server-Sent Events.

use crate::{link::LogStream, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// `GET /v1/deployments/{deployment}/logs`. With `follow=true` the answer is an event stream: event `line` with a
/// [`LogLineView`] as data and its `id` as event id, event `end` when nothing more can come, a comment as heartbeat.
/// `Last-Event-ID` (or `after`) continues where a reader left off.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Release number; the one on its way, else the serving one, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<u32>,
    /// `build` or `run`; both when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<LogKind>,
    /// Only lines after this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// Without `after`: the last so many lines, default 200, at most 5,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// Stay and send what comes.
    #[serde(default)]
    pub follow: bool,
}

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// The build's.
    Build,
    /// The app's.
    Run,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLineView {
    /// Grows within a deployment; the event id.
    pub id: i64,
    /// Number of the release.
    pub release: u32,
    /// Where it came from.
    pub stream: LogStream,
    /// When it was written, by the provider's clock.
    pub at: UnixMillis,
    /// Without the line end.
    pub text: String,
}

/// Lines without following.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLines {
    /// Oldest first.
    pub items: Vec<LogLineView>,
}
