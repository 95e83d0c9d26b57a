//! Webhooks as GitHub sends them: bodies and their signatures.

use super::WEBHOOK_SECRET;
use ring::hmac;
use serde_json::{Value, json};

/// What GitHub writes into `X-Hub-Signature-256`.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let hex: String = hmac::sign(&key, body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// Headers of a delivery that the App's secret signs.
pub fn headers(event: &str, delivery: &str, body: &[u8]) -> Vec<(String, String)> {
    [
        ("content-type", "application/json".to_owned()),
        ("user-agent", "GitHub-Hookshot/tests".to_owned()),
        ("x-github-event", event.to_owned()),
        ("x-github-delivery", delivery.to_owned()),
        ("x-hub-signature-256", signature(WEBHOOK_SECRET, body)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// A push of one commit that touched `paths`.
pub fn push(
    repo: &str,
    installation: u64,
    branch: &str,
    commit: &str,
    message: &str,
    paths: &[&str],
) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"),
        "before": "1111111111111111111111111111111111111111",
        "after": commit,
        "deleted": false, "created": false, "forced": false,
        "repository": { "id": 5000, "full_name": repo, "private": false, "default_branch": "main" },
        "installation": { "id": installation },
        "pusher": { "name": "ada" },
        "head_commit": {
            "id": commit, "message": message, "author": { "name": "Ada", "username": "ada" },
            "timestamp": "2026-11-20T10:00:00Z",
        },
        "commits": [{ "id": commit, "message": message, "added": [], "removed": [], "modified": paths }],
    })
}

/// Something about a pull request; `head` is the repository that it comes from.
pub fn pull_request(
    action: &str,
    number: u64,
    (repo, head): (&str, &str),
    installation: u64,
    (branch, commit): (&str, &str),
) -> Value {
    json!({
        "action": action,
        "number": number,
        "pull_request": {
            "number": number, "title": "Say it louder", "state": if action == "closed" { "closed" } else { "open" },
            "user": { "login": "ada" },
            "head": { "ref": branch, "sha": commit, "repo": { "full_name": head, "clone_url": null } },
            "base": { "ref": "main", "repo": { "full_name": repo } },
        },
        "repository": { "id": 5000, "full_name": repo },
        "installation": { "id": installation },
    })
}
