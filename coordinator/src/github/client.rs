//! One question to GitHub: a credential, a deadline, a bound on what is read, the answer's errors in our words.

use super::GitHubError;
use crate::clock;
use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use ttalkak_protocol::{Secret, unit::UnixMillis};
use url::Url;

/// The longest answer that is read: a page of a hundred repositories has half of it.
pub(super) const BYTES_MAX: usize = 2 * 1024 * 1024;
/// When GitHub wants fewer questions and does not say for how long.
const PAUSE_MS: i64 = 60_000;
/// Whatever GitHub says, it is asked again within the time of its own window.
const PAUSE_MS_MAX: i64 = 3_600_000;

/// Asks GitHub's two hosts.
pub(super) struct Client {
    http: reqwest::Client,
    web: String,
    api: Url,
}

/// What is asked.
pub(super) struct Ask<'a> {
    /// For errors.
    pub(super) doing: &'static str,
    /// Of a person, an installation, or the App itself.
    pub(super) token: &'a Secret<String>,
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'a str, &'a str)],
}

impl Client {
    pub(super) fn new(web: &str, api: &str, deadline: Duration) -> Result<Self, GitHubError> {
        // A second install is an error that means: there is one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .user_agent(concat!("ttalkak-coordinator/", env!("CARGO_PKG_VERSION")))
            .timeout(deadline)
            .redirect(reqwest::redirect::Policy::none());
        let api = Url::parse(api).map_err(|_| GitHubError::Key("github_api_url is no address"))?;
        let loopback = matches!(api.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let http = if loopback { http.no_proxy() } else { http };
        Ok(Self { http: http.build().map_err(GitHubError::Client)?, web: web.to_owned(), api })
    }

    pub(super) fn web(&self) -> &str {
        &self.web
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, GitHubError> {
        let request = self.request(Method::GET, &ask);
        read(ask.doing, &send(ask.doing, request).await?)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        ask: Ask<'_>,
        body: &impl Serialize,
    ) -> Result<T, GitHubError> {
        let request = self.request(Method::POST, &ask).json(body);
        read(ask.doing, &send(ask.doing, request).await?)
    }

    /// A form to the site itself, as OAuth has it.
    pub(super) async fn form<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<T, GitHubError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .http
            .post(format!("{}{path}", self.web))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        read(doing, &send(doing, request).await?)
    }

    fn request(&self, method: Method, ask: &Ask<'_>) -> RequestBuilder {
        let mut url = self.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            // Each part is escaped: a branch `a/../b` stays one part.
            path.pop_if_empty().extend(ask.path);
        }
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(ask.query);
        }
        self.http
            .request(method, url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .bearer_auth(ask.token.reveal())
    }
}

async fn send(doing: &'static str, request: RequestBuilder) -> Result<Vec<u8>, GitHubError> {
    let unreachable = |cause: reqwest::Error| GitHubError::Unreachable { doing, cause: cause.without_url() };
    let mut answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(refusal(doing, status, answer.headers(), clock::now()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > BYTES_MAX {
            return Err(GitHubError::TooLong { doing, bytes: BYTES_MAX });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn read<T: DeserializeOwned>(doing: &'static str, body: &[u8]) -> Result<T, GitHubError> {
    serde_json::from_slice(body).map_err(|_| GitHubError::Garbled { doing })
}

/// What an answer that is no success means. A 403 with nothing left of the limit is a matter of time, any other is not.
fn refusal(
    doing: &'static str,
    status: StatusCode,
    headers: &header::HeaderMap,
    now: UnixMillis,
) -> GitHubError {
    let number = |name| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<i64>().ok());
    let used_up = number("x-ratelimit-remaining") == Some(0);
    let after = number("retry-after");
    let code = status.as_u16();
    match code {
        403 | 429 if code == 429 || used_up || after.is_some() => {
            let reset = number("x-ratelimit-reset").filter(|_| used_up).map(|at| at.saturating_mul(1000));
            let at = after.map(|seconds| now.0.saturating_add(seconds.saturating_mul(1000))).or(reset);
            let until = at.unwrap_or(now.0 + PAUSE_MS).clamp(now.0 + 1000, now.0 + PAUSE_MS_MAX);
            GitHubError::Limited { doing, until: UnixMillis(until) }
        }
        404 | 410 | 451 => GitHubError::NotFound { doing },
        400..=499 => GitHubError::Refused { doing, status: code },
        _ => GitHubError::Broken { doing, status: code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_from_a_refusal_and_says_when_it_is_over() {
        let now = UnixMillis(1_000_000);
        let of = |status: u16, pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
            });
            let status = StatusCode::from_u16(status).unwrap();
            let refused = refusal("ask", status, &headers.collect(), now);
            if let GitHubError::Limited { until, .. } = refused {
                return format!("until {}", until.0);
            }
            refused.to_string().rsplit(": ").next().unwrap().to_owned()
        };
        assert_eq!(
            of(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")]),
            "until 1030000"
        );
        assert_eq!(of(403, &[("retry-after", "5")]), "until 1005000");
        assert_eq!(of(429, &[]), "until 1060000");
        assert_eq!(of(429, &[("retry-after", "99999999999999999")]), "until 4600000");
        assert_eq!(of(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")]), "until 1001000");
        assert_eq!(of(403, &[("x-ratelimit-remaining", "12")]), "refused with status 403");
        assert_eq!(of(401, &[]), "refused with status 401");
        assert_eq!(of(404, &[]), "not found");
        assert_eq!(of(502, &[]), "it answered with status 502");
        assert_eq!(of(302, &[]), "it answered with status 302");
    }
}
