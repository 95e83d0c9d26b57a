//! What was done in a team, by whom: lines that are only ever added.

use crate::unit::UnixMillis;
use serde::{Deserialize, Serialize};

/// By what somebody was known when they did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditVia {
    /// A browser.
    Session,
    /// An API token.
    Token,
    /// The platform itself, or a webhook.
    System,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// Counts upwards over all teams.
    pub id: u64,
    /// When.
    pub at: UnixMillis,
    /// Who: a person's login, or a token's name.
    pub actor: String,
    /// By what they were known.
    pub via: AuditVia,
    /// What, as a stable code: `deployment.create`.
    pub action: String,
    /// To what: a name or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// More, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A page of `GET /v1/team/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// Newest first.
    pub items: Vec<AuditEntry>,
    /// Give it back as `before` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
}

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Lines on a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// Only those before this one.
    pub before: Option<u64>,
}
