//! Who somebody is, and what they let our App see.

use super::{GitHub, GitHubError, RepoName, client::Ask};
use serde::Deserialize;
use ttalkak_protocol::Secret;

/// Installations that are looked through; whoever has more is shown the first of them.
const INSTALLATIONS_MAX: &str = "100";

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// Stays, whatever they are called.
    pub id: u64,
    /// What they are called now.
    pub login: String,
    /// What they call themselves.
    pub name: Option<String>,
    /// The address that they show everybody.
    pub email: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
}

/// An address of a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Email {
    /// It.
    pub email: String,
    /// The one to write to.
    pub primary: bool,
    /// Whether GitHub has made sure of it.
    pub verified: bool,
}

/// Our App, let in by a person or an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Installation {
    /// Its id.
    pub id: u64,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// Stays, whatever it is called.
    pub id: u64,
    /// `owner/name`.
    pub full_name: String,
    /// Whether the world may not see it.
    pub private: bool,
    /// The branch that it shows first.
    pub default_branch: String,
    /// When somebody last pushed, in RFC 3339.
    pub pushed_at: Option<String>,
    /// Where it is fetched from.
    pub clone_url: String,
    /// What the person may do.
    #[serde(default)]
    pub permissions: Permissions,
}

/// What a person may do with a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Permissions {
    /// Push to it.
    #[serde(default)]
    pub push: bool,
}

/// A page of repositories.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repositories {
    /// In all.
    pub total_count: u64,
    /// On this page.
    pub repositories: Vec<Repository>,
}

#[derive(Deserialize)]
struct Installations {
    installations: Vec<Installation>,
}

impl GitHub {
    /// Who has this token.
    pub async fn user(&self, access: &Secret<String>) -> Result<Person, GitHubError> {
        self.ask("look who signs in", access, &["user"], &[]).await
    }

    /// Their addresses; none when the App was not let to see them.
    pub async fn emails(&self, access: &Secret<String>) -> Result<Vec<Email>, GitHubError> {
        match self.ask("look for an address", access, &["user", "emails"], &[("per_page", "100")]).await {
            Err(GitHubError::Refused { .. } | GitHubError::NotFound { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }

    /// Where they let our App in.
    pub async fn installations(&self, access: &Secret<String>) -> Result<Vec<Installation>, GitHubError> {
        let query = [("per_page", INSTALLATIONS_MAX)];
        let found: Installations =
            self.ask("look for installations", access, &["user", "installations"], &query).await?;
        Ok(found.installations)
    }

    /// A page of a hundred repositories that both they and the installation may see; `page` counts from 1.
    pub async fn repositories(
        &self,
        access: &Secret<String>,
        installation: u64,
        page: u32,
    ) -> Result<Repositories, GitHubError> {
        let (id, page) = (installation.to_string(), page.to_string());
        let path = ["user", "installations", id.as_str(), "repositories"];
        self.ask("list repositories", access, &path, &[("per_page", "100"), ("page", &page)]).await
    }

    /// A repository, as the token's owner sees it.
    pub async fn repository(
        &self,
        token: &Secret<String>,
        name: &RepoName,
    ) -> Result<Repository, GitHubError> {
        self.ask("look at a repository", token, &["repos", &name.owner, &name.name], &[]).await
    }

    pub(super) async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        doing: &'static str,
        token: &Secret<String>,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, GitHubError> {
        let ask = Ask { doing, token, path, query };
        self.inner.client.get(ask).await
    }
}
