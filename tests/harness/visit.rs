//! Visits at the edge and calls of the API.

use reqwest::{Client, Method, Response};
use serde_json::Value;
use std::time::Duration;

/// A client that resolves every `*.localhost` name to this machine, as browsers do.
pub fn client() -> Client {
    // TLS is not spoken here, yet the client wants to know by whom it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(Duration::from_secs(60))
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
        .expect("a client")
}

/// What a visit brought.
#[derive(Debug, Clone)]
pub struct Visit {
    /// HTTP status.
    pub status: u16,
    /// `X-Ttalkak-Cause`, on pages of the edge itself.
    pub cause: Option<String>,
    /// The body as text.
    pub body: String,
}

/// Reads an answer whole.
pub async fn read(response: Response) -> Visit {
    let status = response.status().as_u16();
    let cause = response.headers().get("x-ttalkak-cause").and_then(|v| v.to_str().ok()).map(str::to_owned);
    Visit { status, cause, body: response.text().await.unwrap_or_default() }
}

/// Calls the API with a token; returns status and JSON (null when there is none).
pub async fn call(
    client: &Client,
    token: &str,
    method: Method,
    url: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let mut request = client.request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.expect("an answer of the API");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}
