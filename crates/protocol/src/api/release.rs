//! Releases: the versions of a deployment.

use crate::{
    error::Problem,
    id::ReleaseId,
    link::Timings,
    unit::{Bytes, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Where a release stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseState {
    /// On its way.
    Rolling,
    /// Serves.
    Live,
    /// Served once; a later one took over, or the deployment was stopped. One may go back to it.
    Retired,
    /// Never became healthy.
    Failed,
    /// Given up for a newer one, or by its owner.
    Cancelled,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReleaseView {
    /// Its id.
    pub id: ReleaseId,
    /// Counts from 1 within the deployment.
    pub number: u32,
    /// Where it stands.
    pub state: ReleaseState,
    /// Commit id, 40 hex digits; absent for an upload and before it is resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// First line of the commit's message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Branch it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// SHA-256 of the source archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<String>,
    /// What was detected, such as `vite`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The whole plan, as `ttalkak plan --json` shows it. Only when a single release is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub plan: Option<serde_json::Value>,
    /// Digest of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Size of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_bytes: Option<Bytes>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// The last lines that a failed release wrote, at most 200. Only when a single release is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<String>,
    /// The keys of its environment, values left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_keys: Vec<String>,
    /// How long the parts took on the provider.
    #[serde(default)]
    pub timings: Timings,
    /// When it was asked for.
    pub created_at: UnixMillis,
    /// When it first served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_at: Option<UnixMillis>,
    /// When it stopped being on its way or serving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UnixMillis>,
}
