//! The stand-in's repositories as Git sees them: `git http-backend` over folders of the test's own. Where a repository is
//! private, only a token of its installation fetches it.

use super::{Site, refused};
use axum::{
    body::{Body, Bytes},
    extract::State,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, Method, Uri};
use std::{path::PathBuf, process::Stdio};
use tokio::io::AsyncWriteExt;

/// Answers everything beneath `/owner/name.git/`.
pub(super) async fn serve(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((full_name, _)) = uri.path().trim_start_matches('/').split_once(".git/") else {
        return refused(404, "Not Found");
    };
    let root = {
        let held = site.held();
        let Some((repo, root)) = held.repos.get(full_name).zip(held.git_root.clone()) else {
            return refused(404, "Not Found");
        };
        let installation = password(&headers).and_then(|token| held.installation_tokens.get(&token).copied());
        if repo.private && (installation.is_none() || installation != repo.installation) {
            let mut answer = refused(401, "who are you");
            let basic = http::HeaderValue::from_static("Basic realm=\"git\"");
            answer.headers_mut().insert("www-authenticate", basic);
            return answer;
        }
        root
    };
    backend(root, &method, &uri, &headers, &body).await
}

/// Git sends a token as the password of anybody.
fn password(headers: &HeaderMap) -> Option<String> {
    let basic = headers.get("authorization")?.to_str().ok()?.strip_prefix("Basic ")?;
    let both = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
    both.split_once(':').map(|(_, password)| password.to_owned())
}

async fn backend(root: PathBuf, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_PROJECT_ROOT", root)
        .env("REQUEST_METHOD", method.as_str())
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(body).await.expect("git reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("git answers").stdout;
    let split = output.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let mut response = Response::builder();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        response = if name == "Status" {
            response.status(value.split(' ').next().unwrap_or("500"))
        } else {
            response.header(name, value)
        };
    }
    response.body(Body::from(output[split..].to_vec())).expect("an answer")
}
