//! The few HTTP requests that an agent makes to the coordinator's API: enrol, expose a local service, ask for health.
//! Deliberately absent: retries, which the caller decides, and source archives (source.rs).

use crate::address::Coordinator;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use std::{error::Error, io, time::Duration};
use tokio_rustls::rustls;
use ttalkak_protocol::{
    ErrorBody, Secret,
    api::HealthView,
    error::{ErrorCode, Problem},
    unit::UnixMillis,
};

/// A request and its answer together take at most this.
const WITHIN: Duration = Duration::from_secs(15);
/// Answers are small; more than this is not one of ours.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The API of one coordinator, with or without a token.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    coordinator: Coordinator,
    token: Option<Secret<String>>,
}

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The HTTP client could not be made; its certificates cannot be read.
    #[error("prepare for HTTP; is the package ca-certificates installed?")]
    Client(#[source] reqwest::Error),
    /// No answer.
    #[error("no answer from {coordinator}; check the address and that the coordinator is up")]
    Unreachable {
        /// Who was asked.
        coordinator: String,
        #[source]
        /// What went wrong.
        cause: reqwest::Error,
    },
    /// The certificate does not prove who answered.
    #[error(
        "the certificate of {coordinator} is not one that this machine trusts; check the address, this machine's clock, and SSL_CERT_FILE for a certificate of your own"
    )]
    Certificate {
        /// Who was asked.
        coordinator: String,
        #[source]
        /// What TLS said.
        cause: reqwest::Error,
    },
    /// The coordinator said no.
    #[error("{} {}", .0.message, .0.next)]
    Refused(Problem),
    /// Something answered, and not as a coordinator does.
    #[error("{coordinator} answered with status {status} and not as a coordinator does; check the address")]
    NotCoordinator {
        /// Who was asked.
        coordinator: String,
        /// The HTTP status.
        status: u16,
    },
}

impl ApiError {
    /// As it is told to people: the coordinator's own words, or what kept us from hearing them.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => problem.clone(),
            Self::Client(_)
            | Self::Unreachable { .. }
            | Self::Certificate { .. }
            | Self::NotCoordinator { .. } => {
                Problem::new(ErrorCode::Unavailable, format!("{}.", crate::cause::Chain(self)))
            }
        }
    }

    /// The coordinator's code, when it was the coordinator that refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(problem) => Some(problem.code),
            Self::Client(_)
            | Self::Unreachable { .. }
            | Self::Certificate { .. }
            | Self::NotCoordinator { .. } => None,
        }
    }
}

impl Api {
    /// A client for one coordinator.
    /// Errors: `Client`.
    pub fn new(coordinator: Coordinator, token: Option<Secret<String>>) -> Result<Self, ApiError> {
        // The first to install wins, and every one installs the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(WITHIN)
            .user_agent(concat!("ttalkak-agent/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(ApiError::Client)?;
        Ok(Self { client, coordinator, token })
    }

    /// `POST` with a JSON body. `key` makes a repetition harmless.
    pub async fn post<B: Serialize, R: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        key: Option<&str>,
    ) -> Result<R, ApiError> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let (status, body) = self.send(request).await?;
        serde_json::from_slice(&body).map_err(|_| self.stranger(status))
    }

    /// Any request, and the bytes of a good answer.
    pub async fn call<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Vec<u8>, ApiError> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.send(request).await.map(|(_, body)| body)
    }

    /// `DELETE`; what is gone already counts as deleted.
    pub async fn delete(&self, path: &str) -> Result<(), ApiError> {
        match self.send(self.request(Method::DELETE, path)).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(ErrorCode::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The coordinator's health, and its clock (to the second) when it tells it.
    pub async fn health(&self) -> Result<(HealthView, Option<UnixMillis>), ApiError> {
        let response =
            self.request(Method::GET, "/v1/health").send().await.map_err(|cause| self.lost(cause))?;
        let status = response.status();
        let date = response.headers().get("date").and_then(|value| http_date(value.to_str().ok()?));
        let body = self.body(response).await?;
        let health = serde_json::from_slice(&body).map_err(|_| self.stranger(status))?;
        Ok((health, date))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.coordinator.http(path));
        match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ApiError> {
        let response = request.send().await.map_err(|cause| self.lost(cause))?;
        let status = response.status();
        let body = self.body(response).await?;
        if status.is_success() {
            return Ok((status, body));
        }
        match serde_json::from_slice::<ErrorBody>(&body) {
            Ok(body) => Err(ApiError::Refused(body.error.problem)),
            Err(_) => Err(self.stranger(status)),
        }
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Vec<u8>, ApiError> {
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|cause| self.lost(cause))? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(self.stranger(status));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn stranger(&self, status: StatusCode) -> ApiError {
        ApiError::NotCoordinator { coordinator: self.coordinator.to_string(), status: status.as_u16() }
    }

    fn lost(&self, cause: reqwest::Error) -> ApiError {
        let coordinator = self.coordinator.to_string();
        if speaks_of_certificate(&cause) {
            ApiError::Certificate { coordinator, cause }
        } else {
            ApiError::Unreachable { coordinator, cause }
        }
    }
}

/// Whether a certificate that was not accepted stands among the causes.
pub(crate) fn speaks_of_certificate(error: &(dyn Error + 'static)) -> bool {
    let is = |error: &(dyn Error + 'static)| {
        matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)))
    };
    // An io::Error hides what it wraps from `source`, so it is asked for it.
    let wrapped = error.downcast_ref::<io::Error>().and_then(|error| error.get_ref());
    is(error)
        || wrapped.is_some_and(|inner| speaks_of_certificate(inner))
        || error.source().is_some_and(speaks_of_certificate)
}

/// Reads the Date header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(text: &str) -> Option<UnixMillis> {
    let time = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(UnixMillis(time.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_header_is_read() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(UnixMillis(784_111_777_000)));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn a_certificate_is_found_behind_any_number_of_causes() {
        let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let wrapped = io::Error::other(io::Error::other(certificate));
        assert!(speaks_of_certificate(&wrapped));
        assert!(!speaks_of_certificate(&io::Error::other(rustls::Error::DecryptError)));
    }
}
