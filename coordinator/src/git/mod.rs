//! Fetches a Git repository and packs one commit of it, with the `git` program. The credential stays in this room:
//! a provider gets the archive alone. There is never a checkout on disk: trees and blobs are streamed out of a bare
//! repository, so that no link, hook, filter or attribute of a stranger's repository acts here.
//!
//! Deliberately absent: pushing, history, submodules, LFS and every transport but https.

mod command;
mod error;
mod fetch;
mod pack;
mod policy;
mod refs;
mod remote;
mod tree;
mod url;

pub use error::GitError;
pub use fetch::{Found, PackedSource, fetch_and_pack, resolve, sweep};
pub use policy::{FetchLimits, GitPolicy};
pub use refs::GitRef;
pub use url::GitUrl;

use ttalkak_protocol::Secret;

/// One wish for a commit of a repository, checked.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    url: GitUrl,
    wanted: Wanted,
    token: Option<Secret<String>>,
    policy: GitPolicy,
}

/// Which commit is meant.
#[derive(Debug, Clone)]
enum Wanted {
    /// The newest of the branch that the repository names first.
    Default,
    /// The newest of a branch, or a tag.
    Named(GitRef),
    /// This one, which was on that branch.
    Commit(String, Option<GitRef>),
}

impl FetchRequest {
    /// Checks what a tenant wrote. `branch` may also be a tag; `commit` is 40 hex digits and goes before `branch`.
    /// Errors: `UrlRefused`, `CredentialsInUrl`, `RefInvalid`, `TokenInvalid`.
    pub fn new(
        url: &str,
        branch: Option<&str>,
        commit: Option<&str>,
        token: Option<Secret<String>>,
        policy: &GitPolicy,
    ) -> Result<Self, GitError> {
        let url = GitUrl::parse(url, policy)?;
        let branch = branch.filter(|name| !name.is_empty()).map(GitRef::parse).transpose()?;
        let wanted = match (commit, branch) {
            (Some(commit), branch) => Wanted::Commit(refs::commit(commit)?, branch),
            (None, Some(branch)) => Wanted::Named(branch),
            (None, None) => Wanted::Default,
        };
        let token = token.filter(|token| !token.reveal().is_empty());
        if token.as_ref().is_some_and(|token| !token.reveal().bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(GitError::TokenInvalid);
        }
        Ok(Self { url, wanted, token, policy: policy.clone() })
    }
}

#[cfg(test)]
mod tests;
