//! The coordinator's HTTP API as typed calls. One method per route; what they share (keys, retries, errors) is in
//! `api/call.rs`. Deliberately absent: decisions about what to call when; those are the commands'.

mod call;
mod money;
mod routes;

pub(crate) use money::Side;

use crate::error::{CliError, CliResult};
use std::time::Duration;
use ttalkak_protocol::{Secret, error::ErrorCode};
use url::Url;

/// A coordinator that refuses or accepts at once is near; 5 s covers a slow mobile network.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream that is silent for so long is cut: the coordinator sends a heartbeat at least every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// A coordinator to talk to.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
    token: Option<Secret<String>>,
}

impl Api {
    /// Prepares calls to `coordinator` (as `credentials::parse_coordinator` spells it). Opens no connection.
    /// Errors: an address that is none, or no TLS.
    pub(crate) fn new(coordinator: &str, token: Option<Secret<String>>) -> CliResult<Self> {
        let wrong = |_| {
            let message = format!("{coordinator} is not an address.");
            CliError::usage(ErrorCode::InvalidQuery, message, "Give one such as https://api.example.com.")
        };
        let base = Url::parse(coordinator).map_err(wrong)?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("ttalkak/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_MAX)
            // The API never redirects; following one could carry a body to where it was not meant to go.
            .redirect(reqwest::redirect::Policy::none());
        if ttalkak_rpc::is_loopback(&base) {
            http = http.no_proxy();
        }
        let http =
            http.build().map_err(|cause| CliError::Unreachable { coordinator: coordinator.into(), cause })?;
        Ok(Self { http, base, token })
    }

    /// The address, for messages.
    pub(crate) fn coordinator(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }
}
