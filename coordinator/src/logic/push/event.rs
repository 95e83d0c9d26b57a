//! What others tell us: pushes as GitHub, Gitea and GitLab describe them or as a script writes them, and pull requests of
//! GitHub. Only what we need is read; the rest is passed over. Texts are cut and stripped of what no screen should show.

use serde::Deserialize;
use ttalkak_protocol::unit::UnixMillis;

const MESSAGE_CHARS: usize = 200;
const NAME_CHARS: usize = 100;
const BRANCH_CHARS: usize = 255;
/// Senders leave out commits beyond this, so that paths are not all told.
const COMMITS_TOLD: usize = 20;
/// Paths that are looked at; a push of more may have touched any.
const PATHS_MAX: usize = 5_000;

/// A push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushEvent {
    /// The branch; absent: the sender leaves it to us.
    pub branch: Option<String>,
    /// It was a tag.
    pub tag: bool,
    /// The newest commit, 40 hex digits; absent: the sender leaves it to us.
    pub commit: Option<String>,
    /// The branch is gone.
    pub deleted: bool,
    /// The newest commit's message as it was written, cut: `[skip deploy]` may stand further down. [`subject`] shows it.
    pub message: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Every path that was touched; absent: not all are known.
    pub paths: Option<Vec<String>>,
    /// When it was pushed.
    pub pushed_at: Option<UnixMillis>,
    /// What the repository shows first.
    pub default_branch: Option<String>,
    /// `owner/name` and the installation, where GitHub's App tells of it.
    pub repository: Option<String>,
    /// The App's installation.
    pub installation: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    r#ref: Option<String>,
    before: Option<String>,
    after: Option<String>,
    checkout_sha: Option<String>,
    deleted: bool,
    commits: Option<Vec<Commit>>,
    total_commits_count: Option<usize>,
    head_commit: Option<Commit>,
    repository: Option<Repository>,
    project: Option<Project>,
    installation: Option<Installation>,
    user_name: Option<String>,
    // A script's own words.
    branch: Option<String>,
    commit: Option<String>,
    message: Option<String>,
    author: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Commit {
    id: Option<String>,
    message: Option<String>,
    author: Option<Person>,
    added: Vec<String>,
    removed: Vec<String>,
    modified: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Person {
    name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Repository {
    full_name: Option<String>,
    default_branch: Option<String>,
    /// Seconds in a push of GitHub's, a text elsewhere.
    pushed_at: Option<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Project {
    default_branch: Option<String>,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
}

/// Reads a push. `None`: it is none of any kind that we know.
pub fn read(body: &[u8]) -> Option<PushEvent> {
    // A list would be read as the fields in their order.
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    let body = Body::deserialize(serde_json::Value::Object(object)).ok()?;
    let (branch, tag) = match body.r#ref.as_deref() {
        Some(full) => match (full.strip_prefix("refs/heads/"), full.starts_with("refs/tags/")) {
            (Some(branch), _) => (Some(branch.to_owned()), false),
            (None, tag) => (None, tag),
        },
        None => (body.branch.clone(), false),
    };
    if branch.as_ref().is_some_and(|branch| !is_branch(branch))
        || (body.r#ref.is_some() && branch.is_none() && !tag)
    {
        return None;
    }
    let zero =
        |commit: &Option<String>| commit.as_ref().is_some_and(|sha| sha.bytes().all(|byte| byte == b'0'));
    let deleted = body.deleted || zero(&body.after);
    let told = body.commit.clone().or(body.after.clone()).or(body.checkout_sha.clone()).filter(|_| !deleted);
    let commit = match told {
        Some(sha) if is_commit(&sha) => Some(sha.to_ascii_lowercase()),
        Some(_) => return None,
        None => None,
    };
    let newest = newest(&body, commit.as_deref());
    let message = newest.and_then(|commit| commit.message.clone()).or(body.message.clone());
    let author = newest.and_then(|commit| commit.author.as_ref()?.name.clone());
    let repository = body.repository.as_ref();
    let pushed_at = repository.and_then(|it| it.pushed_at.as_ref()?.as_i64());
    let default = repository.and_then(|it| it.default_branch.clone());
    Some(PushEvent {
        branch,
        tag,
        commit,
        deleted,
        message: message.map(|text| text.chars().take(20 * MESSAGE_CHARS).collect()),
        author: author
            .or(body.author.clone())
            .or(body.user_name.clone())
            .map(|name| clean(&name, NAME_CHARS)),
        paths: paths(&body, zero(&body.before)),
        pushed_at: pushed_at.map(|seconds| UnixMillis(seconds.saturating_mul(1000))),
        default_branch: default.or(body.project.as_ref().and_then(|project| project.default_branch.clone())),
        repository: repository.and_then(|it| it.full_name.clone()),
        installation: body.installation.map(|it| it.id),
    })
}

fn newest<'b>(body: &'b Body, commit: Option<&str>) -> Option<&'b Commit> {
    let listed = body.commits.as_deref().unwrap_or_default();
    let by_id = listed.iter().find(|one| one.id.is_some() && one.id.as_deref() == commit);
    body.head_commit.as_ref().or(by_id).or(listed.last())
}

/// All paths, when all commits are told. A new branch tells only the commits that no other branch has.
fn paths(body: &Body, new_branch: bool) -> Option<Vec<String>> {
    let commits = body.commits.as_ref()?;
    let more = body.total_commits_count.is_some_and(|total| total > commits.len());
    if commits.is_empty() || commits.len() >= COMMITS_TOLD || more || new_branch {
        return None;
    }
    let all = commits.iter().flat_map(|commit| [&commit.added, &commit.removed, &commit.modified]);
    let all: Vec<String> = all.flatten().cloned().collect();
    (!all.is_empty() && all.len() <= PATHS_MAX).then_some(all)
}

/// One line for people: no control characters, nothing that turns the direction of text.
pub fn clean(text: &str, most: usize) -> String {
    let turns =
        |c: &char| matches!(*c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().filter(|c| !turns(c)).map(plain).take(most).collect::<String>().trim().to_owned()
}

/// The first line of a message, as it is shown.
pub fn subject(message: &str) -> String {
    clean(message.lines().next().unwrap_or_default(), MESSAGE_CHARS)
}

fn is_branch(name: &str) -> bool {
    let bad = |c: char| {
        c.is_control() || c.is_whitespace() || matches!(c, '~' | '^' | ':' | '?' | '*' | '[' | '\\')
    };
    !name.is_empty()
        && name.len() <= BRANCH_CHARS
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.chars().any(bad)
}

pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
