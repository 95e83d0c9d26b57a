//! Picking a repository at GitHub: what a person and our App may both see, its branches and folders.

use super::{
    caller::{Asker, Caller, can},
    error::ApiError,
    extract::{Query, Reply, ok},
    github::access,
};
use crate::{
    clock,
    github::{EntryKind, GitHub, GitHubError, RepoName},
};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::github::{
        BranchList, BranchView, FolderEntry, FolderEntryKind, FolderQuery, FolderView, GithubView,
        RepositoryList, RepositoryQuery, RepositoryView,
    },
    id::UserId,
    unit::UnixMillis,
};

/// What was seen is good for so long: typing a search asks GitHub once.
const SEEN_FOR_MS: i64 = 30_000;
/// People whose repositories are remembered at a time.
const SEEN_MAX: usize = 500;
/// Pages of a hundred looked through for one installation.
const PAGES_MAX: u32 = 10;
/// Repositories told at once.
const TOLD_MAX: usize = 100;

type Listed = (UnixMillis, Arc<Vec<RepositoryView>>);

/// Repositories that people saw a moment ago.
#[derive(Default)]
pub(super) struct Seen(Mutex<BTreeMap<UserId, Listed>>);

impl Seen {
    fn find(&self, user: UserId, now: UnixMillis) -> Option<Arc<Vec<RepositoryView>>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&user).filter(|(at, _)| at.0 + SEEN_FOR_MS > now.0).map(|(_, list)| list.clone())
    }

    fn keep(&self, user: UserId, now: UnixMillis, list: &Arc<Vec<RepositoryView>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SEEN_MAX {
            all.retain(|_, (at, _)| at.0 + SEEN_FOR_MS > now.0);
        }
        if all.len() < SEEN_MAX {
            all.insert(user, (now, list.clone()));
        }
    }
}

/// A repository in a path: `{owner}/{repository}`.
pub(super) struct Named(RepoName);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let unknown = || ApiError::new(ErrorCode::NotFound, "There is no repository of that name.");
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((owner, name)) = path.map_err(|_| unknown())?;
        RepoName::new(&owner, &name).map(Self).ok_or_else(unknown)
    }
}

fn github(asker: &Asker) -> Result<&GitHub, ApiError> {
    let off = || ApiError::new(ErrorCode::GithubOff, "This coordinator does not know GitHub.");
    asker.github.as_ref().ok_or_else(off)
}

fn told(error: GitHubError) -> ApiError {
    tracing::info!(%error, "GitHub was asked in vain");
    error.problem().into()
}

/// Whether you can pick repositories at GitHub.
#[utoipa::path(get, path = "/v1/github", tag = "github", security(("token" = ["read"])),
    responses((status = 200, description = "So.", body = GithubView)))]
pub(super) async fn read(caller: Caller<can::Read>) -> Reply<GithubView> {
    let known = match caller.actor().user {
        Some(user) => caller.store.identity_tokens(user, super::github::PLACE).await?,
        None => None,
    };
    let install_url = caller.github.as_ref().map(GitHub::install_url);
    let configured = install_url.is_some();
    Ok(ok(GithubView { configured, connected: configured && known.is_some(), install_url }))
}

/// Repositories that both you and the App may see, last pushed to first.
#[utoipa::path(get, path = "/v1/github/repositories", tag = "github", params(RepositoryQuery),
    security(("token" = ["deploy"])),
    responses((status = 200, description = "These.", body = RepositoryList)))]
pub(super) async fn list(
    caller: Caller<can::Deploy>,
    Query(query): Query<RepositoryQuery>,
) -> Reply<RepositoryList> {
    let github = github(&caller)?;
    let (token, user, now) = (access(&caller, github).await?, caller.person()?, clock::now());
    let seen = &caller.room().seen_at_github;
    let all = match seen.find(user, now) {
        Some(all) => all,
        None => {
            let all = Arc::new(look(github, &token).await.map_err(told)?);
            seen.keep(user, now, &all);
            all
        }
    };
    let wanted = query.q.unwrap_or_default().trim().to_lowercase();
    let fits = |one: &&RepositoryView| one.full_name.to_lowercase().contains(&wanted);
    let total = all.iter().filter(fits).count() as u64;
    let items = all.iter().filter(fits).take(TOLD_MAX).cloned().collect();
    Ok(ok(RepositoryList { items, total }))
}

async fn look(github: &GitHub, token: &Secret<String>) -> Result<Vec<RepositoryView>, GitHubError> {
    let mut all = Vec::new();
    for installation in github.installations(token).await? {
        for page in 1..=PAGES_MAX {
            let found = github.repositories(token, installation.id, page).await?;
            let last = found.repositories.len() < 100;
            all.extend(found.repositories.into_iter().map(|one| RepositoryView {
                full_name: one.full_name,
                private: one.private,
                default_branch: one.default_branch,
                pushed_at: one.pushed_at,
                git_url: one.clone_url,
            }));
            if last {
                break;
            }
        }
    }
    all.sort_by(|one, other| other.pushed_at.cmp(&one.pushed_at).then(one.full_name.cmp(&other.full_name)));
    all.dedup_by(|one, other| one.full_name == other.full_name);
    Ok(all)
}

/// The branches of a repository.
#[utoipa::path(get, path = "/v1/github/repositories/{owner}/{repository}/branches", tag = "github",
    security(("token" = ["deploy"])),
    params(("owner" = String, Path, description = "Whose."), ("repository" = String, Path, description = "Its name.")),
    responses((status = 200, description = "These.", body = BranchList)))]
pub(super) async fn branches(caller: Caller<can::Deploy>, Named(name): Named) -> Reply<BranchList> {
    let github = github(&caller)?;
    let token = access(&caller, github).await?;
    let found = github.branches(&token, &name).await.map_err(told)?;
    let view = |one: crate::github::Branch| BranchView { name: one.name, commit: one.commit.sha };
    Ok(ok(BranchList { items: found.into_iter().map(view).collect() }))
}

/// What is in a folder of a repository.
#[utoipa::path(get, path = "/v1/github/repositories/{owner}/{repository}/folder", tag = "github",
    security(("token" = ["deploy"])),
    params(("owner" = String, Path, description = "Whose."), ("repository" = String, Path, description = "Its name."), FolderQuery),
    responses((status = 200, description = "This.", body = FolderView)))]
pub(super) async fn folder(
    caller: Caller<can::Deploy>,
    Named(name): Named,
    Query(query): Query<FolderQuery>,
) -> Reply<FolderView> {
    let github = github(&caller)?;
    let path = query.path.unwrap_or_default();
    if path.split('/').any(|part| part == "." || part == "..") {
        return Err(ApiError::new(ErrorCode::NotFound, "There is no such folder."));
    }
    let token = access(&caller, github).await?;
    let found = github.folder(&token, &name, query.branch.as_deref(), &path).await.map_err(told)?;
    let mut entries: Vec<FolderEntry> = found
        .into_iter()
        .map(|one| FolderEntry {
            name: one.name,
            kind: match one.kind {
                EntryKind::Dir => FolderEntryKind::Folder,
                EntryKind::File | EntryKind::Other => FolderEntryKind::File,
            },
        })
        .collect();
    let order = |one: &FolderEntry| (one.kind == FolderEntryKind::File, one.name.clone());
    entries.sort_by_key(order);
    Ok(ok(FolderView { entries }))
}
