//! Asks a source on the web for a rate: one request, with a deadline and a limit to what is read. Deliberately absent:
//! whether the answer is believed (`logic::rates`), and when to ask (`jobs::rates`).

use std::time::Duration;

/// The longest answer that is read; a table of all currencies is a tenth of it.
const BYTES_MAX: usize = 256 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuoteError {
    /// The client could not be made.
    #[error("prepare for HTTP")]
    Client(#[source] reqwest::Error),
    /// No answer in time, or none at all.
    #[error("ask the source")]
    Unreachable(#[source] reqwest::Error),
    /// An answer that is none.
    #[error("the source answered with status {0}")]
    Status(u16),
    /// More than any rate needs.
    #[error("the source answered with more than {BYTES_MAX} bytes")]
    TooLong,
}

/// Whoever asks.
#[derive(Debug, Clone)]
pub struct Quotes {
    http: reqwest::Client,
}

impl Quotes {
    /// `deadline`: for the whole answer. A redirect is not followed: the operator named the place.
    pub fn new(deadline: Duration) -> Result<Self, QuoteError> {
        // A second install is an error that means: there is one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .user_agent(concat!("ttalkak-coordinator/", env!("CARGO_PKG_VERSION")))
            .timeout(deadline)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(QuoteError::Client)?;
        Ok(Self { http })
    }

    /// The body of an answer that succeeded.
    pub async fn ask(&self, url: &str) -> Result<Vec<u8>, QuoteError> {
        let unreachable = |error: reqwest::Error| QuoteError::Unreachable(error.without_url());
        let mut answer = self.http.get(url).send().await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(QuoteError::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > BYTES_MAX {
                return Err(QuoteError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
