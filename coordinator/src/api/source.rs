//! Source archives for agents. A lease carries a token that is good for one archive; it is computed from the master
//! key, so there is no table of them, and it dies with the archive.

use super::{
    caller::{Anyone, bearer, unauthorized},
    error::ApiError,
    extract::Key,
};
use crate::seal::Sealer;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;
use tokio_util::io::ReaderStream;
use ttalkak_protocol::{ErrorCode, Secret};

/// Name of this token's scheme in the description.
pub(super) const SCHEME: &str = "source_token";
/// What such a token starts with.
const TOKEN_PREFIX: &str = "tts_";
const PURPOSE: &str = "source token";
/// Bytes read from disk at a time: enough that reading is not what bounds a fast line.
const CHUNK_BYTES: usize = 64 * 1024;

/// The bearer token for the archive of this digest.
pub fn source_token(sealer: &Sealer, digest: &str) -> Secret<String> {
    let mac = sealer.mac(PURPOSE, digest.as_bytes());
    Secret::new(format!("{TOKEN_PREFIX}{}", hex::encode(mac)))
}

/// Where an agent finds the archive of this digest.
pub fn source_path(digest: &str) -> String {
    format!("/v1/sources/{digest}")
}

/// A source archive, for the agent that holds a lease on it.
#[utoipa::path(get, path = "/v1/sources/{digest}", tag = "agents", security(("source_token" = [])),
    params(("digest" = String, Path, description = "SHA-256 of the archive, hex.")),
    responses((status = 200, description = "The archive.", content_type = "application/gzip")))]
pub(super) async fn read(
    anyone: Anyone,
    headers: HeaderMap,
    key: Result<Key, ApiError>,
) -> Result<Response, ApiError> {
    let token = bearer(&headers, TOKEN_PREFIX)?;
    let Key(digest) = key?;
    let expected = source_token(&anyone.sealer, &digest);
    if !bool::from(token.as_bytes().ct_eq(expected.reveal().as_bytes())) {
        return Err(unauthorized("This token is not good for this archive."));
    }
    // Only digests have a token, and a digest is hex: the path cannot leave the folder.
    let file = tokio::fs::File::open(anyone.sources_dir().join(format!("{digest}.tar.gz"))).await;
    let file = file.map_err(|_| ApiError::new(ErrorCode::NotFound, "The archive was cleared away."))?;
    let length = file.metadata().await.map_err(|error| ApiError::broken("read an archive", error))?.len();
    let body = Body::from_stream(ReaderStream::with_capacity(file, CHUNK_BYTES));
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    Ok(([kind, (header::CONTENT_LENGTH, HeaderValue::from(length))], body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_token_is_good_for_one_archive_under_one_key() {
        let (one, other) = (Sealer::new([1; 32]), Sealer::new([2; 32]));
        let token = source_token(&one, "aa");
        assert_eq!(token, source_token(&one, "aa"));
        assert_ne!(token, source_token(&one, "ab"));
        assert_ne!(token, source_token(&other, "aa"));
    }
}
