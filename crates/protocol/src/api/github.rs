//! GitHub: whether it can be used, and repositories to choose from.

use crate::unit::UnixMillis;
use serde::{Deserialize, Serialize};

/// `GET /v1/github`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GitHubView {
    /// This coordinator has an App there.
    pub configured: bool,
    /// The caller signed in with it.
    pub connected: bool,
    /// Where more repositories are let be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_url: Option<String>,
}

/// A repository to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RepositoryView {
    /// `owner/name`.
    pub full_name: String,
    /// The world may not see it.
    pub private: bool,
    /// The branch that it shows first.
    pub default_branch: String,
    /// When somebody last pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<UnixMillis>,
    /// Its address, for a deployment's source.
    pub git_url: String,
}

/// Which repositories.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RepositoryQuery {
    /// Part of the name, any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// From the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BranchView {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: String,
}

/// Branches of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BranchesView {
    /// They.
    pub items: Vec<BranchView>,
}

/// Which folder.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FolderQuery {
    /// On which branch; the first one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Its path; the repository itself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What a line of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderKind {
    /// A folder.
    Folder,
    /// A file.
    File,
}

/// A line of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FolderEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FolderKind,
}

/// What is in a folder: folders first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FolderView {
    /// That.
    pub entries: Vec<FolderEntry>,
}
