//! Repositories to choose from, in the name of whoever asks and as far as they let our App see.

use super::{
    caller::{Asker, Caller, can},
    error::ApiError,
    extract::{Query, Reply, ok},
};
use crate::{
    clock,
    github::{EntryKind, GitHub, RepoName, Repository, UserTokens},
};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        github::{
            BranchView, BranchesView, FolderEntry, FolderKind, FolderQuery, FolderView, GitHubView,
            RepositoryQuery, RepositoryView,
        },
        page::Page,
    },
    unit::UnixMillis,
};

/// How GitHub is called among the places that people come from.
pub(super) const PLACE: &str = "github";
/// Repositories that are looked through: ten pages of a hundred.
const PAGES_MAX: u32 = 10;
const PAGE: usize = 50;
const PATH_CHARS_MAX: usize = 512;

impl Asker {
    /// What lets us ask GitHub in the caller's name, renewed when it is about to end; `None` when they did not sign in with
    /// GitHub. Errors: GitHub's.
    pub(super) async fn github_access(&self, now: UnixMillis) -> Result<Option<Secret<String>>, ApiError> {
        let (Some(github), Some(user)) = (&self.github, self.actor().user) else { return Ok(None) };
        let Some(sealed) = self.store.identity_tokens(user, PLACE).await? else { return Ok(None) };
        let purpose = identity_purpose();
        let plain = self.sealer.open_sealed(purpose, &sealed).map_err(crate::store::StoreError::from)?;
        let Ok(tokens) = serde_json::from_slice::<UserTokens>(&plain) else { return Ok(None) };
        if !tokens.is_stale(now) {
            return Ok(Some(tokens.access));
        }
        let Some(refresh) = &tokens.refresh else { return Ok(None) };
        let renewed = github.refresh(refresh, now).await?;
        let text = serde_json::to_vec(&renewed).expect("tokens have string keys");
        self.store.keep_identity_tokens(user, PLACE, &self.sealer.seal(purpose, &text)).await?;
        Ok(Some(renewed.access))
    }

    async fn looks_at_github(&self) -> Result<(&GitHub, Secret<String>), ApiError> {
        let none = |message| ApiError::new(ErrorCode::NotFound, message);
        let github = self.github.as_ref().ok_or_else(|| none("This coordinator has no App at GitHub."))?;
        let access = self.github_access(clock::now()).await?;
        access.map(|access| (github, access)).ok_or_else(|| none("You did not sign in with GitHub."))
    }
}

/// What the tokens of GitHub's people are sealed for.
pub(super) fn identity_purpose() -> &'static str {
    "identity:github"
}

/// Whether GitHub can be used, and by this caller.
#[utoipa::path(get, path = "/v1/github", tag = "github", security(("token" = ["read"])),
    responses((status = 200, description = "So.", body = GitHubView)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Reply<GitHubView> {
    let connected = match caller.actor().user {
        Some(user) => caller.store.identity_tokens(user, PLACE).await?.is_some(),
        None => false,
    };
    let install_url = caller.github.as_ref().map(GitHub::install_url);
    Ok(ok(GitHubView { configured: caller.github.is_some(), connected, install_url }))
}

/// Repositories that the App may see, the last pushed first.
#[utoipa::path(get, path = "/v1/github/repositories", tag = "github", params(RepositoryQuery),
    security(("token" = ["read"])),
    responses((status = 200, description = "A page.", body = Page<RepositoryView>)))]
pub(super) async fn repositories(
    caller: Caller<can::Read>,
    Query(query): Query<RepositoryQuery>,
) -> Reply<Page<RepositoryView>> {
    let (github, access) = caller.looks_at_github().await?;
    let skipped: usize = match &query.cursor {
        Some(cursor) => cursor.parse().map_err(|_| {
            ApiError::new(ErrorCode::CursorInvalid, "The cursor does not belong to this list.")
        })?,
        None => 0,
    };
    let mut all = all_repositories(github, &access).await?;
    let q = query.q.unwrap_or_default().trim().to_lowercase();
    all.retain(|repository| repository.full_name.to_lowercase().contains(&q));
    all.sort_by(|a, b| b.pushed_at.cmp(&a.pushed_at).then_with(|| a.full_name.cmp(&b.full_name)));
    let total = all.len();
    let items: Vec<RepositoryView> = all.into_iter().skip(skipped).take(PAGE).map(shown).collect();
    let next = skipped.saturating_add(PAGE);
    let next_cursor = (next < total).then(|| next.to_string());
    Ok(ok(Page { items, next_cursor, total: total as u64 }))
}

async fn all_repositories(github: &GitHub, access: &Secret<String>) -> Result<Vec<Repository>, ApiError> {
    let mut all: Vec<Repository> = Vec::new();
    let mut pages = 0;
    for installation in github.installations(access).await? {
        let mut page = 1;
        while pages < PAGES_MAX {
            let found = github.repositories(access, installation.id, page).await?;
            let last = found.repositories.len() < 100;
            all.extend(found.repositories);
            (pages, page) = (pages + 1, page + 1);
            if last {
                break;
            }
        }
    }
    Ok(all)
}

fn shown(repository: Repository) -> RepositoryView {
    RepositoryView {
        full_name: repository.full_name,
        private: repository.private,
        default_branch: repository.default_branch,
        pushed_at: repository.pushed_at.and_then(|at| at.parse().ok()),
        git_url: repository.clone_url.trim_end_matches(".git").to_owned(),
    }
}

/// Branches of a repository, at most a hundred.
#[utoipa::path(get, path = "/v1/github/repositories/{owner}/{repository}/branches", tag = "github", security(("token" = ["read"])),
    params(("owner" = String, Path, description = "Who has it."), ("repository" = String, Path, description = "What it is called.")),
    responses((status = 200, description = "They.", body = BranchesView)))]
pub(super) async fn branches(caller: Caller<can::Read>, Repo(name): Repo) -> Reply<BranchesView> {
    let (github, access) = caller.looks_at_github().await?;
    let found = github.branches(&access, &name).await?;
    let items = found.into_iter().map(|branch| BranchView { name: branch.name, commit: branch.commit.sha });
    Ok(ok(BranchesView { items: items.collect() }))
}

/// What is in a folder of a repository.
#[utoipa::path(get, path = "/v1/github/repositories/{owner}/{repository}/folder", tag = "github", security(("token" = ["read"])),
    params(("owner" = String, Path, description = "Who has it."), ("repository" = String, Path, description = "What it is called."), FolderQuery),
    responses((status = 200, description = "That.", body = FolderView)))]
pub(super) async fn folder(
    caller: Caller<can::Read>,
    Repo(name): Repo,
    Query(query): Query<FolderQuery>,
) -> Reply<FolderView> {
    let (github, access) = caller.looks_at_github().await?;
    let path = query.path.unwrap_or_default();
    let plain =
        path.split('/').all(|part| part != ".." && part != ".") && !path.chars().any(char::is_control);
    if !plain || path.len() > PATH_CHARS_MAX {
        return Err(ApiError::new(ErrorCode::InvalidQuery, "path must be a folder within the repository."));
    }
    let found = github.folder(&access, &name, query.branch.as_deref(), &path).await?;
    let kind = |kind| match kind {
        EntryKind::File => Some(FolderKind::File),
        EntryKind::Dir => Some(FolderKind::Folder),
        EntryKind::Other => None,
    };
    let entries =
        found.into_iter().filter_map(|entry| Some(FolderEntry { kind: kind(entry.kind)?, name: entry.name }));
    let mut entries: Vec<FolderEntry> = entries.collect();
    entries.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(ok(FolderView { entries }))
}

/// A repository, as a path names it. What cannot be one of GitHub's is not found.
pub(super) struct Repo(RepoName);

impl<S: Send + Sync> FromRequestParts<S> for Repo {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let name = path.ok().and_then(|Path((owner, name))| RepoName::new(&owner, &name));
        name.map(Self).ok_or_else(|| ApiError::new(ErrorCode::NotFound, "That is no repository."))
    }
}
