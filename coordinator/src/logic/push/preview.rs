//! What becomes of a pull request. Pure.

use super::{HookSettings, event::clean, glob};
use serde::Deserialize;
use ttalkak_protocol::{
    api::push::{Previews, SkipReason},
    name::MAX_CHARS,
};

/// Something about a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// It is over.
    pub closed: bool,
    /// It comes from another repository, which anybody can make.
    pub fork: bool,
    /// Its branch, there.
    pub branch: String,
    /// Its newest commit, 40 hex digits.
    pub commit: String,
    /// What it wants to change.
    pub base: String,
    /// What it is called.
    pub title: String,
    /// Who made it.
    pub author: Option<String>,
    /// `owner/name` of what it wants to change.
    pub repository: String,
    /// The App's installation.
    pub installation: u64,
}

#[derive(Deserialize)]
struct Body {
    action: String,
    number: u64,
    pull_request: Inner,
    repository: Repository,
    installation: Installation,
}

#[derive(Deserialize)]
struct Inner {
    title: Option<String>,
    user: Option<User>,
    head: End,
    base: End,
}

#[derive(Deserialize)]
struct End {
    r#ref: String,
    sha: Option<String>,
    /// Gone when a fork was deleted.
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

/// Reads what GitHub tells. The outer `None`: it is nothing that we understand; the inner: nothing that changes a preview.
pub fn read(body: &[u8]) -> Option<Option<PullRequest>> {
    let Body { action, number, pull_request, repository, installation } =
        serde_json::from_slice(body).ok()?;
    if !matches!(action.as_str(), "opened" | "reopened" | "synchronize" | "closed") {
        return Some(None);
    }
    let commit = pull_request.head.sha.filter(|sha| super::event::is_commit(sha))?;
    let from = pull_request.head.repo.map(|repo| repo.full_name.to_lowercase());
    Some(Some(PullRequest {
        number,
        closed: action == "closed",
        fork: from.is_none_or(|from| from != repository.full_name.to_lowercase()),
        branch: clean(&pull_request.head.r#ref, 255),
        commit: commit.to_ascii_lowercase(),
        base: pull_request.base.r#ref,
        title: clean(&pull_request.title.unwrap_or_default(), 200),
        author: pull_request.user.map(|user| clean(&user.login, 100)),
        repository: repository.full_name,
        installation: installation.id,
    }))
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewVerdict {
    /// A deployment of its own, or a new release of the one that it has.
    Bring,
    /// Its deployment goes.
    Delete,
    /// Nothing.
    Skip(SkipReason),
}

/// Decides about one pull request. `has`: whether it has a preview; `others`: how many others have one.
pub fn judge(
    settings: &HookSettings,
    previews: Previews,
    asked: &PullRequest,
    (has, others): (bool, u32),
) -> PreviewVerdict {
    if asked.closed {
        return PreviewVerdict::Delete;
    }
    let meant = match (&settings.branch, &settings.own_branch) {
        (Some(pattern), _) => glob::matches(pattern, &asked.base),
        (None, Some(own)) => *own == asked.base,
        (None, None) => true,
    };
    let reason = if !previews.on {
        SkipReason::PreviewsOff
    } else if asked.fork && !previews.forks {
        SkipReason::Fork
    } else if !meant {
        SkipReason::OtherBranch
    } else if !has && others >= previews.at_most {
        SkipReason::TooManyPreviews
    } else {
        return PreviewVerdict::Bring;
    };
    PreviewVerdict::Skip(reason)
}

/// What a preview is called.
pub fn name(base: &str, number: u64) -> String {
    let end = format!("-pr-{number}");
    let start: String = base.chars().take(MAX_CHARS.saturating_sub(end.len())).collect();
    format!("{}{end}", start.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use ttalkak_protocol::unit::Millis;

    fn asked(action: &str, from: &str) -> Option<Option<PullRequest>> {
        let body = json!({
            "action": action, "number": 7, "repository": { "full_name": "me/app" }, "installation": { "id": 11 },
            "pull_request": {
                "title": "Say\u{202e} it", "user": { "login": "ada" },
                "head": { "ref": "louder", "sha": "A".repeat(40), "repo": { "full_name": from } },
                "base": { "ref": "main", "repo": { "full_name": "me/app" } },
            },
        });
        read(body.to_string().as_bytes())
    }

    #[test]
    fn a_pull_request_has_a_preview_as_far_as_its_owner_wants_it() {
        let settings = HookSettings {
            on: false,
            branch: None,
            own_branch: None,
            paths: Vec::new(),
            wait_for_checks: false,
        };
        let previews = Previews { on: true, ttl_ms: Millis(1), at_most: 2, ..Previews::default() };
        let own = asked("opened", "Me/App").unwrap().unwrap();
        assert_eq!((own.fork, own.title.as_str(), own.commit.as_str()), (false, "Say it", &*"a".repeat(40)));
        let judged = |previews, asked: &PullRequest, at| judge(&settings, previews, asked, at);
        assert_eq!(judged(previews, &own, (false, 1)), PreviewVerdict::Bring);
        let skip = PreviewVerdict::Skip;
        assert_eq!(judged(previews, &own, (false, 2)), skip(SkipReason::TooManyPreviews));
        assert_eq!(judged(previews, &own, (true, 2)), PreviewVerdict::Bring, "one that is there is kept up");
        let fork = asked("synchronize", "eve/app").unwrap().unwrap();
        assert_eq!(judged(previews, &fork, (false, 0)), skip(SkipReason::Fork));
        assert_eq!(judged(Previews { forks: true, ..previews }, &fork, (false, 0)), PreviewVerdict::Bring);
        assert_eq!(
            judged(Previews { on: false, ..previews }, &own, (false, 0)),
            skip(SkipReason::PreviewsOff)
        );
        let other = HookSettings { own_branch: Some("next".into()), ..settings.clone() };
        assert_eq!(judge(&other, previews, &own, (false, 0)), skip(SkipReason::OtherBranch));
        let closed = asked("closed", "me/app").unwrap().unwrap();
        assert_eq!(judged(Previews { on: false, ..previews }, &closed, (true, 0)), PreviewVerdict::Delete);
        assert_eq!(asked("labeled", "me/app"), Some(None));
        assert_eq!(read(b"{}"), None);
    }

    #[test]
    fn a_preview_has_a_name_that_an_address_can_have() {
        assert_eq!(name("shop", 7), "shop-pr-7");
        let long = name(&"a-".repeat(24), 123);
        assert!(ttalkak_protocol::name::check(&long).is_ok(), "{long}");
    }
}
