//! Refuses bodies that say of themselves that they are too large. What is on its way is taken and thrown away, within
//! bounds: a client that is cut off while it still sends often never sees the answer.

use super::{BODY_BYTES_MAX, extract::too_large, uploads};
use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use http::{HeaderMap, header};
use std::time::Duration;

/// Thrown away at most. Who sends more than this is cut off after all.
const TAKEN_MAX: usize = 32 * 1024 * 1024;
/// For so long at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers `body_too_large` once the client has said what it had to say; everything else passes.
pub(super) async fn refuse(request: Request, next: Next) -> Response {
    if request.uri().path() == uploads::PATH || declared(request.headers()) <= BODY_BYTES_MAX {
        return next.run(request).await;
    }
    let mut body = request.into_body().into_data_stream();
    let take = async {
        let mut taken = 0;
        while let Some(Ok(part)) = body.next().await {
            taken += part.len();
            if taken > TAKEN_MAX {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE, take).await;
    too_large().into_response()
}

/// The length that a request declares; 0 when it declares none.
fn declared(headers: &HeaderMap) -> usize {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|text| text.parse().ok()).unwrap_or(0)
}
