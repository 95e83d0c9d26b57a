//! What a deploy would do, asked before anything is made or charged.

use crate::{
    api::{deployment::SourceRequest, env::EnvEntry},
    error::Problem,
    money::Amount,
    unit::{Bytes, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// `POST /v1/plans`: what would become of this. Fields as in `CreateDeployment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// Where the files come from.
    pub source: SourceRequest,
    /// Environment; names of build variables shape the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvEntry>,
    /// Memory limit in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processor limit in thousandths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milli_cpu: Option<u32>,
    /// When it would end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixMillis>,
    /// A Dockerfile to build it by instead of what is detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
}

/// What a deploy would build, of what, and whether it could begin now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanView {
    /// The whole plan, as `ttalkak plan --json` shows it.
    #[schema(value_type = Object)]
    pub plan: serde_json::Value,
    /// The newest commit, 40 hex digits; absent for an upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// First line of its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Length of the packed source.
    pub source_bytes: Bytes,
    /// Whether it could begin now.
    pub verdict: PlanVerdict,
}

/// Whether a deploy could begin now, and at what price. A moment's answer: nothing is set aside for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlanVerdict {
    /// Providers that could run it now, whatever they ask for.
    pub providers: u32,
    /// What stands in the way, the first thing to mend first; absent: it can begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What the cheapest of them asks for an hour; absent where nothing is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_hour: Option<Amount>,
    /// What must be free for it to begin; absent where nothing is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_to_begin: Option<Amount>,
    /// How long what is free would last at that price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runway_seconds: Option<u64>,
}
