//! Reads the list of branches and tags that `git ls-remote --symref` prints, and finds the commit that is meant.
//! Pure.

use std::collections::BTreeMap;

use super::{FetchRequest, Found, Wanted, error::GitError};

/// How many names a "no such branch" lists.
const LISTED: usize = 5;

/// What a repository offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remote {
    head: Option<String>,
    head_branch: Option<String>,
    branches: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
}

impl Remote {
    /// Reads the listing; lines that mean nothing to us (pull requests, notes) are passed over.
    pub(super) fn read(listing: &str) -> Self {
        let mut remote = Self::default();
        for (left, name) in listing.lines().filter_map(|line| line.split_once('\t')) {
            if let Some(branch) = left.strip_prefix("ref: refs/heads/") {
                if name == "HEAD" {
                    remote.head_branch = Some(branch.to_owned());
                }
            } else if super::refs::commit(left).is_err() {
                // A host that lists something else than commits is not one that we can fetch from.
            } else if name == "HEAD" {
                remote.head = Some(left.to_owned());
            } else if let Some(branch) = name.strip_prefix("refs/heads/") {
                remote.branches.insert(branch.to_owned(), left.to_owned());
            } else if let Some(tag) = name.strip_prefix("refs/tags/") {
                // `^{}` is the commit that an annotated tag stands for; it follows the tag's own line.
                remote.tags.insert(tag.trim_end_matches("^{}").to_owned(), left.to_owned());
            }
        }
        remote
    }

    /// The commit that `request` means. A branch goes before a tag of the same name.
    /// Errors: `Empty`, `BranchUnknown`, `NoDefaultBranch`.
    pub(super) fn find(&self, request: &FetchRequest) -> Result<Found, GitError> {
        if self.branches.is_empty() && self.tags.is_empty() && self.head.is_none() {
            return Err(GitError::Empty { url: request.url.to_string() });
        }
        match &request.wanted {
            Wanted::Commit(commit, branch) => {
                Ok(Found { commit: commit.clone(), branch: branch.as_ref().map(ToString::to_string) })
            }
            Wanted::Named(name) => {
                let name = name.as_str();
                let commit = self.branches.get(name).or_else(|| self.tags.get(name));
                commit
                    .map(|commit| Found { commit: commit.clone(), branch: Some(name.to_owned()) })
                    .ok_or_else(|| GitError::BranchUnknown {
                        name: name.to_owned(),
                        existing: self.like(name),
                    })
            }
            Wanted::Default => match &self.head {
                Some(commit) => Ok(Found { commit: commit.clone(), branch: self.head_branch.clone() }),
                None => Err(GitError::NoDefaultBranch { existing: self.like("") }),
            },
        }
    }

    /// Branches to name instead: those that begin alike first, then the default one.
    fn like(&self, name: &str) -> Vec<String> {
        let alike = |other: &str| {
            name.chars().zip(other.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
        };
        let mut names: Vec<&String> = self.branches.keys().collect();
        names.sort_by_key(|other| {
            let is_default = self.head_branch.as_ref() == Some(other);
            (std::cmp::Reverse(alike(other)), !is_default, other.len(), other.as_str())
        });
        let plain = |name: &String| name.chars().take(80).flat_map(char::escape_debug).collect();
        names.into_iter().take(LISTED).map(plain).collect()
    }
}

#[cfg(test)]
mod tests;
