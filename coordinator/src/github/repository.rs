//! What is in a repository, how its checks stand, and what we say about a commit.

use super::{GitHub, GitHubError, RepoName, client::Ask};
use serde::{Deserialize, Serialize};
use ttalkak_protocol::Secret;

/// GitHub shows no more of a description.
const DESCRIPTION_CHARS: usize = 140;

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its newest commit.
    pub commit: Tip,
}

/// A commit by its id alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tip {
    /// 40 hex digits.
    pub sha: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// 40 hex digits.
    pub sha: String,
    /// What its author wrote.
    pub message: String,
    /// Who wrote it.
    pub author: Option<String>,
}

/// A line of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntryKind,
}

/// What a line of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A file.
    File,
    /// A folder.
    Dir,
    /// A link, a submodule, or what is to come.
    #[serde(other)]
    Other,
}

/// How a commit stands, by what we say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusState {
    /// On its way.
    Pending,
    /// It is live.
    Success,
    /// It did not become live.
    Failure,
}

/// What we say about a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How it stands.
    pub state: StatusState,
    /// Where to look.
    pub target_url: String,
    /// In a few words.
    pub description: String,
    /// What tells ours from those of others: one for each deployment.
    pub context: String,
}

/// What others found about a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// Statuses by context: `success`, `pending`, `failure`, `error`.
    pub statuses: Vec<(String, String)>,
    /// Runs of checks.
    pub runs: Vec<CheckRun>,
}

/// A run of a check.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRun {
    /// What it is called.
    pub name: String,
    /// `queued`, `in_progress`, `completed` …
    pub status: String,
    /// How it ended: `success`, `neutral`, `skipped`, `failure` …
    pub conclusion: Option<String>,
}

#[derive(Deserialize)]
struct CommitAnswer {
    sha: String,
    commit: CommitInner,
}

#[derive(Deserialize)]
struct CommitInner {
    message: String,
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Combined {
    statuses: Vec<OneStatus>,
}

#[derive(Deserialize)]
struct OneStatus {
    context: String,
    state: String,
}

#[derive(Deserialize)]
struct Runs {
    check_runs: Vec<CheckRun>,
}

#[derive(Serialize)]
struct StatusBody<'a> {
    state: StatusState,
    target_url: &'a str,
    description: String,
    context: &'a str,
}

impl GitHub {
    /// The first hundred branches.
    pub async fn branches(
        &self,
        token: &Secret<String>,
        name: &RepoName,
    ) -> Result<Vec<Branch>, GitHubError> {
        let path = ["repos", &name.owner, &name.name, "branches"];
        self.ask("list branches", token, &path, &[("per_page", "100")]).await
    }

    /// What is in a folder; `path` is empty for the repository itself. Errors: `Garbled` for a file.
    pub async fn folder(
        &self,
        token: &Secret<String>,
        name: &RepoName,
        branch: Option<&str>,
        path: &str,
    ) -> Result<Vec<Entry>, GitHubError> {
        let mut parts = vec!["repos", &name.owner, &name.name, "contents"];
        parts.extend(path.split('/').filter(|part| !part.is_empty()));
        let query: Vec<(&str, &str)> = branch.map(|branch| ("ref", branch)).into_iter().collect();
        self.ask("look into a folder", token, &parts, &query).await
    }

    /// A commit, by its id or a branch.
    pub async fn commit(
        &self,
        token: &Secret<String>,
        name: &RepoName,
        which: &str,
    ) -> Result<Commit, GitHubError> {
        let path = ["repos", &name.owner, &name.name, "commits", which];
        // Its files are not asked for, and still one comes.
        let found: CommitAnswer = self.ask("look at a commit", token, &path, &[("per_page", "1")]).await?;
        let CommitAnswer { sha, commit } = found;
        Ok(Commit { sha, message: commit.message, author: commit.author.and_then(|author| author.name) })
    }

    /// What others found about a commit, the first hundred of each kind.
    pub async fn checks(
        &self,
        token: &Secret<String>,
        name: &RepoName,
        commit: &str,
    ) -> Result<Checks, GitHubError> {
        let of = |last| ["repos", name.owner.as_str(), name.name.as_str(), "commits", commit, last];
        let query = [("per_page", "100")];
        let combined: Combined = self.ask("look for statuses", token, &of("status"), &query).await?;
        let runs: Runs = self.ask("look for checks", token, &of("check-runs"), &query).await?;
        let statuses = combined.statuses.into_iter().map(|one| (one.context, one.state)).collect();
        Ok(Checks { statuses, runs: runs.check_runs })
    }

    /// Says about a commit how it stands. The same context again takes the old one's place.
    pub async fn set_status(
        &self,
        token: &Secret<String>,
        name: &RepoName,
        commit: &str,
        status: &Status,
    ) -> Result<(), GitHubError> {
        let path = ["repos", name.owner.as_str(), name.name.as_str(), "statuses", commit];
        let ask = Ask { doing: "say how a commit stands", token, path: &path, query: &[] };
        let body = StatusBody {
            state: status.state,
            target_url: &status.target_url,
            description: status.description.chars().take(DESCRIPTION_CHARS).collect(),
            context: &status.context,
        };
        self.inner.client.post::<serde::de::IgnoredAny>(ask, &body).await.map(drop)
    }
}
