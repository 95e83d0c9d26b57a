//! GitHub as a place to come from, to look into and to answer to: people sign in there, pick repositories that their
//! installation of our App may see, and find on each commit what became of it. Every call has a deadline, a bound on
//! what is read, and follows no redirect.
//!
//! Deliberately absent: what a push means (`logic::push`), trying again, and fetching (the room `git` does that).

mod app;
mod client;
mod error;
mod names;
mod person;
mod repository;
mod sign_in;

pub use app::InstallationToken;
pub use error::{Again, GitHubError};
pub use names::{RepoName, repo_of_url};
pub use person::{Email, Installation, Person, Repositories, Repository};
pub use repository::{Branch, CheckRun, Checks, Commit, Entry, EntryKind, Status, StatusState};
pub use sign_in::{Pkce, UserTokens};

use crate::config;
use app::AppKey;
use client::Client;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use ttalkak_protocol::Secret;

/// For a whole answer; GitHub itself gives up on a request after ten seconds.
const DEADLINE: Duration = Duration::from_secs(12);

/// GitHub, as our App. A cheap handle.
#[derive(Clone)]
pub struct GitHub {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    client_id: String,
    client_secret: Secret<String>,
    app_id: u64,
    app_key: AppKey,
    app_slug: String,
    webhook_secret: Secret<String>,
    tokens: Mutex<BTreeMap<u64, InstallationToken>>,
}

impl GitHub {
    /// Reads the secrets' files; `None` where GitHub is not set up. Asks nobody yet.
    /// Errors: `File`, `Exposed`, `Key`, `Client`.
    pub fn open(config: &config::GitHub) -> Result<Option<Self>, GitHubError> {
        let config::GitHub::On(config) = config else { return Ok(None) };
        let app_key = read_secret(&config.app_key_file)?;
        let inner = Inner {
            client: Client::new(&config.url, &config.api_url, DEADLINE)?,
            client_id: config.client_id.clone(),
            client_secret: read_secret(&config.client_secret_file)?,
            app_id: config.app_id,
            app_key: AppKey::read(app_key.reveal())?,
            app_slug: config.app_slug.clone(),
            webhook_secret: read_secret(&config.webhook_secret_file)?,
            tokens: Mutex::default(),
        };
        Ok(Some(Self { inner: Arc::new(inner) }))
    }

    /// Where somebody lets our App see repositories.
    pub fn install_url(&self) -> String {
        format!("{}/apps/{}/installations/new", self.inner.client.web(), self.inner.app_slug)
    }

    /// What GitHub signs its webhooks with.
    pub fn webhook_secret(&self) -> &Secret<String> {
        &self.inner.webhook_secret
    }

    /// Where repositories are cloned from, such as `https://github.com`.
    pub fn web_url(&self) -> &str {
        self.inner.client.web()
    }
}

/// A secret in a file that only its owner reads. What the file holds is never repeated.
fn read_secret(file: &Path) -> Result<Secret<String>, GitHubError> {
    use std::os::unix::fs::PermissionsExt;
    let fail = |cause| GitHubError::File { file: file.to_owned(), cause };
    let mode = std::fs::metadata(file).map_err(fail)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(GitHubError::Exposed { file: file.to_owned() });
    }
    let text = std::fs::read_to_string(file).map_err(fail)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(GitHubError::Key("the file is empty"));
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_that_others_can_read_is_refused_and_its_line_end_is_not_part_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let set = |mode| file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        std::fs::write(file.path(), "hush\n").unwrap();
        set(0o644);
        assert!(matches!(read_secret(file.path()), Err(GitHubError::Exposed { .. })));
        set(0o600);
        assert_eq!(read_secret(file.path()).unwrap().reveal(), "hush");
        std::fs::write(file.path(), "\n").unwrap();
        assert!(matches!(read_secret(file.path()), Err(GitHubError::Key(_))));
    }
}
