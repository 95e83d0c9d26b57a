//! Names of repositories, as far as they may come into an address that we ask.

use std::{fmt, str::FromStr};

const CHARS_MAX: usize = 100;

/// `owner/name`, checked; compared without regard to case, as GitHub does.
#[derive(Debug, Clone)]
pub struct RepoName {
    /// Who has it.
    pub owner: String,
    /// What it is called.
    pub name: String,
}

impl RepoName {
    /// Both parts. `None` when they are no names of GitHub's.
    pub fn new(owner: &str, name: &str) -> Option<Self> {
        let good = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !text.is_empty()
                && text.len() <= CHARS_MAX
                && text.chars().all(plain)
                && text != "."
                && text != ".."
        };
        (good(owner) && good(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// The form that two spellings share.
    pub fn key(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl PartialEq for RepoName {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for RepoName {}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for RepoName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.split_once('/').and_then(|(owner, name)| Self::new(owner, name)).ok_or(())
    }
}

/// The repository that an address means, when it is one at `web`, such as `https://github.com`.
pub fn repo_of_url(web: &str, url: &str) -> Option<RepoName> {
    let rest =
        url.get(..web.len()).filter(|start| start.eq_ignore_ascii_case(web)).map(|_| &url[web.len()..])?;
    let path = rest.strip_prefix('/')?.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_github_names_a_repository_and_no_other_does() {
        let found = |url| repo_of_url("https://github.com", url).map(|name| name.to_string());
        assert_eq!(found("https://github.com/me/app").as_deref(), Some("me/app"));
        assert_eq!(found("https://GitHub.com/me/app.js.git/").as_deref(), Some("me/app.js"));
        for url in [
            "https://github.com.evil.test/me/app",
            "https://github.com/me",
            "https://github.com/me/app/tree",
            "https://github.com/../app",
            "https://github.com/me/a%2Fb",
            "http://github.com/me/app",
            "",
        ] {
            assert_eq!(found(url), None, "{url}");
        }
        assert_eq!("Me/App".parse::<RepoName>(), "me/app".parse());
    }
}
