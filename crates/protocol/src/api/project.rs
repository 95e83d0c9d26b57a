//! Projects: named groups of deployments.

use crate::{id::ProjectId, unit::UnixMillis};
use serde::{Deserialize, Serialize};

/// `POST /v1/projects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    /// Unique among your projects; the rule of names applies.
    pub name: String,
}

/// `PATCH /v1/projects/{project}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameProject {
    /// The new name.
    pub name: String,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProjectView {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// How many deployments it holds.
    pub deployments: u32,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it or a deployment of it last changed.
    pub updated_at: UnixMillis,
}
