//! What is answered about people and repositories, each as far as the asker's token reaches.

use super::{
    Held, Posted, Repo, Site, json_answer,
    proof::{bearer, is_app},
    refused,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    response::Response,
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Fields = BTreeMap<String, String>;

fn user_of<'h>(held: &'h Held, headers: &HeaderMap) -> Option<&'h super::User> {
    held.users.get(held.access.get(bearer(headers)?)?)
}

/// The repository, when this token sees it.
fn seen<'h>(held: &'h Held, headers: &HeaderMap, owner: &str, name: &str) -> Option<&'h Repo> {
    let repo = held.repos.get(&format!("{owner}/{name}"))?;
    let token = bearer(headers)?;
    let installation = held.installation_tokens.get(token);
    let by_installation = installation.is_some_and(|id| repo.installation == Some(*id));
    let by_person = user_of(held, headers).is_some_and(|user| {
        !repo.private || repo.installation.is_some_and(|id| user.installations.contains(&id))
    });
    (by_installation || by_person).then_some(repo)
}

fn shown(full_name: &str, repo: &Repo, url: &str, login: Option<&str>) -> Value {
    let clone_url =
        if repo.clone_url.is_empty() { format!("{url}/{full_name}.git") } else { repo.clone_url.clone() };
    json!({
        "id": repo.id, "full_name": full_name, "private": repo.private, "default_branch": "main",
        "pushed_at": "2026-11-20T10:00:00Z", "clone_url": clone_url,
        "permissions": { "push": login.is_some_and(|login| repo.pushers.contains(login)) },
    })
}

fn not_found() -> Response {
    refused(404, "Not Found")
}

pub(super) async fn user(State(site): State<Site>, headers: HeaderMap) -> Response {
    let held = site.held();
    let Some(user) = user_of(&held, &headers) else { return refused(401, "Bad credentials") };
    json_answer(json!({
        "id": user.id, "login": user.login, "name": format!("{} of the tests", user.login), "email": null,
        "avatar_url": format!("{}/avatars/{}", site.url, user.id),
    }))
}

pub(super) async fn emails(State(site): State<Site>, headers: HeaderMap) -> Response {
    let held = site.held();
    let Some(user) = user_of(&held, &headers) else { return refused(401, "Bad credentials") };
    let (email, verified) = &user.email;
    json_answer(json!([
        { "email": "old@example.com", "primary": false, "verified": true },
        { "email": email, "primary": true, "verified": verified },
    ]))
}

pub(super) async fn installations(State(site): State<Site>, headers: HeaderMap) -> Response {
    let held = site.held();
    let Some(user) = user_of(&held, &headers) else { return refused(401, "Bad credentials") };
    let all: Vec<Value> = user.installations.iter().map(|id| json!({ "id": id })).collect();
    json_answer(json!({ "total_count": all.len(), "installations": all }))
}

pub(super) async fn repositories(
    State(site): State<Site>,
    Path(id): Path<u64>,
    Query(page): Query<Fields>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    let user = user_of(&held, &headers).filter(|user| user.installations.contains(&id));
    let Some(user) = user else { return not_found() };
    let number =
        |name: &str, usual: usize| page.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (size, at) = (number("per_page", 30), number("page", 1).max(1) - 1);
    let all = held.repos.iter().filter(|(_, repo)| repo.installation == Some(id));
    let all: Vec<Value> = all.map(|(name, repo)| shown(name, repo, &site.url, Some(&user.login))).collect();
    let total = all.len();
    let items: Vec<Value> = all.into_iter().skip(at * size).take(size).collect();
    json_answer(json!({ "total_count": total, "repositories": items }))
}

pub(super) async fn repository(
    State(site): State<Site>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    let Some(repo) = seen(&held, &headers, &owner, &name) else { return not_found() };
    let login = user_of(&held, &headers).map(|user| user.login.as_str());
    json_answer(shown(&format!("{owner}/{name}"), repo, &site.url, login))
}

pub(super) async fn installation(
    State(site): State<Site>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !is_app(&headers) {
        return refused(401, "A JSON web token could not be decoded");
    }
    let held = site.held();
    let found = held.repos.get(&format!("{owner}/{name}")).and_then(|repo| repo.installation);
    found.map_or_else(not_found, |id| json_answer(json!({ "id": id })))
}

pub(super) async fn branches(
    State(site): State<Site>,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    let Some(repo) = seen(&held, &headers, &owner, &name) else { return not_found() };
    let all = repo.branches.iter().map(|(name, commit)| json!({ "name": name, "commit": { "sha": commit } }));
    json_answer(all.collect())
}

pub(super) async fn root(
    state: State<Site>,
    Path((owner, name)): Path<(String, String)>,
    query: Query<Fields>,
    headers: HeaderMap,
) -> Response {
    folder(state, Path((owner, name, String::new())), query, headers).await
}

pub(super) async fn folder(
    State(site): State<Site>,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    let Some(repo) = seen(&held, &headers, &owner, &name) else { return not_found() };
    if query.get("ref").is_some_and(|branch| !repo.branches.contains_key(branch)) {
        return not_found();
    }
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let mut entries = BTreeSet::new();
    for rest in repo.files.iter().filter_map(|file| file.strip_prefix(&prefix)) {
        match rest.split_once('/') {
            Some((folder, _)) => entries.insert(("dir", folder)),
            None => entries.insert(("file", rest)),
        };
    }
    if entries.is_empty() {
        return not_found();
    }
    json_answer(entries.into_iter().map(|(kind, name)| json!({ "type": kind, "name": name })).collect())
}

pub(super) async fn commit(
    State(site): State<Site>,
    Path((owner, name, commit)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    let Some(repo) = seen(&held, &headers, &owner, &name) else { return not_found() };
    let sha = repo.branches.get(&commit).or_else(|| repo.branches.values().find(|sha| **sha == commit));
    let answer = |sha: &String| {
        json_answer(
            json!({ "sha": sha, "commit": { "message": "say hello\n\nand more", "author": { "name": "Ada" } } }),
        )
    };
    sha.map_or_else(not_found, answer)
}

pub(super) async fn status(
    State(site): State<Site>,
    Path((owner, name, commit)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    if seen(&held, &headers, &owner, &name).is_none() {
        return not_found();
    }
    let mut newest = BTreeMap::new();
    for posted in held.statuses.iter().filter(|posted| posted.commit == commit) {
        newest.insert(&posted.context, &posted.state);
    }
    let all: Vec<Value> =
        newest.iter().map(|(context, state)| json!({ "context": context, "state": state })).collect();
    json_answer(json!({ "state": "pending", "statuses": all }))
}

pub(super) async fn check_runs(
    State(site): State<Site>,
    Path((owner, name, commit)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let held = site.held();
    let Some(repo) = seen(&held, &headers, &owner, &name) else { return not_found() };
    let runs = repo.checks.get(&commit).into_iter().flatten();
    let runs: Vec<Value> = runs
        .map(|(name, status, conclusion)| json!({ "name": name, "status": status, "conclusion": conclusion }))
        .collect();
    json_answer(json!({ "total_count": runs.len(), "check_runs": runs }))
}

pub(super) async fn post_status(
    State(site): State<Site>,
    Path((owner, name, commit)): Path<(String, String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut held = site.held();
    if seen(&held, &headers, &owner, &name).is_none() {
        return not_found();
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let posted = Posted {
        repo: format!("{owner}/{name}"),
        commit,
        state: text("state"),
        target_url: text("target_url"),
        context: text("context"),
        description: text("description"),
    };
    held.statuses.push(posted);
    let mut answer = json_answer(body);
    *answer.status_mut() = StatusCode::CREATED;
    answer
}
