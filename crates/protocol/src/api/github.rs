//! Repositories at GitHub, to pick one instead of typing its address.

use serde::{Deserialize, Serialize};

/// `GET /v1/github`: whether repositories can be picked there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GithubView {
    /// Whether this coordinator knows GitHub.
    pub configured: bool,
    /// Whether you came from there.
    pub connected: bool,
    /// Where you let it see repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_url: Option<String>,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RepositoryView {
    /// `owner/name`.
    pub full_name: String,
    /// Whether the world may not see it.
    pub private: bool,
    /// The branch that it shows first.
    pub default_branch: String,
    /// When somebody last pushed, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<String>,
    /// For a deployment's source.
    pub git_url: String,
}

/// Repositories that both you and the App may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RepositoryList {
    /// Last pushed to first, at most 100.
    pub items: Vec<RepositoryView>,
    /// How many match in all.
    pub total: u64,
}

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RepositoryQuery {
    /// Part of the name.
    pub q: Option<String>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BranchView {
    /// Its name.
    pub name: String,
    /// Its newest commit, 40 hex digits.
    pub commit: String,
}

/// The first hundred branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BranchList {
    /// As GitHub lists them.
    pub items: Vec<BranchView>,
}

/// Which folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FolderQuery {
    /// The branch that it shows first, when absent.
    pub branch: Option<String>,
    /// The repository itself, when absent.
    pub path: Option<String>,
}

/// What a line of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderEntryKind {
    /// A folder, which can be looked into.
    Folder,
    /// A file, or what is none of both.
    File,
}

/// A line of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FolderEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FolderEntryKind,
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FolderView {
    /// Folders first, then by name.
    pub entries: Vec<FolderEntry>,
}
