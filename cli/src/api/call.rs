//! One HTTP call: its idempotency key, its retries, its errors.

use super::Api;
use crate::error::{CliError, CliResult};
use reqwest::{Method, RequestBuilder, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use ttalkak_protocol::error::{ErrorBody, ErrorCode};
use url::Url;

/// Calls with a small body are answered within this, even when the coordinator waits for its disk.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait before each further try.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(600), Duration::from_millis(1500)];
/// A server that asks for more patience than this gets its error told instead.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(5);

/// Whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A few more times, when that is safe.
    Some,
    /// Not at all: the caller has its own plan.
    None,
}

/// How a try ended without a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setback {
    /// Nobody took the connection: the request was not sent.
    NotConnected,
    /// The answer did not come: the request may have been carried out.
    Cut,
    /// An error answer.
    Status(u16, ErrorCode),
}

impl Setback {
    /// Whether the same request may be sent again, and is likely to fare better. Pure.
    /// POSTs carry an idempotency key; GET, PUT and PATCH here mean the same twice. A DELETE that was carried out
    /// would answer 404 the second time.
    fn worth_a_try(self, method: &Method) -> bool {
        match self {
            Self::NotConnected => true,
            Self::Cut => method != Method::DELETE,
            Self::Status(409, code) => code == ErrorCode::IdempotencyInProgress,
            // A 503 with a code of its own (no provider, no port) will not pass within a second.
            Self::Status(502..=504, code) => matches!(code, ErrorCode::Unavailable | ErrorCode::Unknown),
            Self::Status(429, _) => true,
            Self::Status(_, _) => false,
        }
    }
}

impl Api {
    /// An address below `/v1`; each segment is encoded, so that a name can never change the path.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("v1").extend(segments);
        }
        url
    }

    /// The same with the fields of `query` that are set.
    pub(super) fn url_with(&self, segments: &[&str], query: &impl Serialize) -> Url {
        let mut url = self.url(segments);
        if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) {
            for (key, value) in fields {
                let text = match value.as_str() {
                    Some(text) => text.to_owned(),
                    None => value.to_string(),
                };
                if !value.is_null() {
                    url.query_pairs_mut().append_pair(&key, &text);
                }
            }
        }
        url
    }

    /// Sends a call without or with a JSON body and reads a JSON answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<&(impl Serialize + Sync)>,
        patience: Patience,
    ) -> CliResult<T> {
        let response = self.send_json(method, url, body, patience).await?;
        self.read(response).await
    }

    /// The same, when the answer's body does not matter.
    pub(super) async fn call_unit(
        &self,
        method: Method,
        url: Url,
        body: Option<&(impl Serialize + Sync)>,
    ) -> CliResult<()> {
        self.send_json(method, url, body, Patience::Some).await.map(drop)
    }

    async fn send_json(
        &self,
        method: Method,
        url: Url,
        body: Option<&(impl Serialize + Sync)>,
        patience: Patience,
    ) -> CliResult<Response> {
        self.send(method, url, patience, |request| {
            let request = request.timeout(CALL_TIMEOUT);
            std::future::ready(Ok(match body {
                Some(body) => request.json(body),
                None => request,
            }))
        })
        .await
    }

    /// Sends a request that `prepare` completes, anew for each try. Errors: an error answer, or none.
    pub(super) async fn send<F>(
        &self,
        method: Method,
        url: Url,
        patience: Patience,
        prepare: impl Fn(RequestBuilder) -> F,
    ) -> CliResult<Response>
    where
        F: Future<Output = CliResult<RequestBuilder>>,
    {
        // One key for all tries of this call: the coordinator carries it out once.
        let key = (method == Method::POST).then(|| uuid::Uuid::new_v4().to_string());
        let mut pauses = PAUSES.into_iter().take(if patience == Patience::Some { PAUSES.len() } else { 0 });
        loop {
            let mut request = self.http.request(method.clone(), url.clone());
            if let Some(token) = &self.token {
                request = request.bearer_auth(token.reveal());
            }
            if let Some(key) = &key {
                request = request.header("idempotency-key", key);
            }
            let (error, setback, wait) = match prepare(request).await?.send().await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => {
                    let (status, wait) = (response.status().as_u16(), retry_after(&response));
                    let (code, error) = self.refusal(response).await;
                    (error, Setback::Status(status, code), wait)
                }
                Err(cause) => {
                    let setback = if cause.is_connect() { Setback::NotConnected } else { Setback::Cut };
                    (self.unreachable(cause), setback, None)
                }
            };
            let pause = pauses.next().filter(|_| setback.worth_a_try(&method));
            match (pause, wait) {
                (None, _) => return Err(error),
                (Some(_), Some(wait)) if wait > RETRY_AFTER_MAX => return Err(error),
                (Some(pause), wait) => tokio::time::sleep(wait.unwrap_or(pause)).await,
            }
        }
    }

    /// Reads a JSON answer. Errors: it is cut, or not of the API's shape.
    pub(super) async fn read<T: DeserializeOwned>(&self, response: Response) -> CliResult<T> {
        let status = response.status().as_u16();
        let bytes = response.bytes().await.map_err(|cause| self.unreachable(cause))?;
        serde_json::from_slice(&bytes).map_err(|cause| self.puzzling(status, Some(cause)))
    }

    /// The code and error of an answer that is no success.
    async fn refusal(&self, response: Response) -> (ErrorCode, CliError) {
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap_or_default();
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(body) if status == 401 && self.token.is_none() => {
                (body.error.problem.code, CliError::NotSignedIn { coordinator: Some(self.coordinator()) })
            }
            Ok(body) => (body.error.problem.code, CliError::Answer { status, detail: body.error }),
            Err(_) => (ErrorCode::Unknown, self.puzzling(status, None)),
        }
    }

    pub(super) fn unreachable(&self, cause: reqwest::Error) -> CliError {
        CliError::Unreachable { coordinator: self.coordinator(), cause: cause.without_url() }
    }

    fn puzzling(&self, status: u16, cause: Option<serde_json::Error>) -> CliError {
        CliError::Puzzling { coordinator: self.coordinator(), status, cause }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::api::page::ListQuery;

    fn api(base: &str) -> Api {
        drop(rustls::crypto::ring::default_provider().install_default());
        Api::new(base, None).unwrap()
    }

    #[test]
    fn only_what_is_safe_and_hopeful_is_tried_again() {
        use ErrorCode as C;
        for (setback, method, again) in [
            (Setback::NotConnected, Method::POST, true),
            (Setback::NotConnected, Method::DELETE, true),
            (Setback::Cut, Method::POST, true),
            (Setback::Cut, Method::DELETE, false),
            (Setback::Status(503, C::Unavailable), Method::GET, true),
            (Setback::Status(502, C::Unknown), Method::GET, true),
            (Setback::Status(503, C::NoProvider), Method::POST, false),
            (Setback::Status(409, C::IdempotencyInProgress), Method::POST, true),
            (Setback::Status(409, C::NameTaken), Method::POST, false),
            (Setback::Status(429, C::RateLimited), Method::GET, true),
            (Setback::Status(500, C::Internal), Method::GET, false),
            (Setback::Status(400, C::InvalidBody), Method::POST, false),
        ] {
            assert_eq!(setback.worth_a_try(&method), again, "{setback:?} {method}");
        }
    }

    #[test]
    fn a_name_cannot_change_the_path() {
        let api = api("https://example.com/base");
        assert_eq!(
            api.url(&["deployments", "a/../b?c#d", "env"]).as_str(),
            "https://example.com/base/v1/deployments/a%2F..%2Fb%3Fc%23d/env"
        );
    }

    #[test]
    fn only_the_fields_that_are_set_are_asked_for() {
        let query = ListQuery { q: Some("a b".into()), limit: Some(5), ..ListQuery::default() };
        let url = api("http://127.0.0.1:1").url_with(&["projects"], &query);
        assert_eq!(url.as_str(), "http://127.0.0.1:1/v1/projects?limit=5&q=a+b");
    }
}
