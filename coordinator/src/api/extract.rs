//! Bodies, queries and paths, with every refusal in our own shape.

use super::error::ApiError;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::{Serialize, de::DeserializeOwned};
use ttalkak_protocol::ErrorCode;

/// What a refusal quotes of a parser's words.
const QUOTED_CHARS: usize = 200;

/// A JSON body that must be there. Unknown and doubled keys are refused by the types of the protocol.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (headers, body) = parts(request, state).await?;
        must_be_json(&headers)?;
        parse(&body).map(Self)
    }
}

/// A JSON body that may be left out, which is the same as `{}`.
pub(super) struct OptionalJson<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let (headers, body) = parts(request, state).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        must_be_json(&headers)?;
        parse(&body).map(Self)
    }
}

async fn parts<S: Send + Sync>(request: Request, state: &S) -> Result<(HeaderMap, Bytes), ApiError> {
    let headers = request.headers().clone();
    let body = Bytes::from_request(request, state).await.map_err(refused_body)?;
    Ok((headers, body))
}

fn refused_body(rejection: BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large()
    } else {
        ApiError::new(ErrorCode::InvalidBody, "The body ended early.")
    }
}

pub(super) fn too_large() -> ApiError {
    ApiError::new(ErrorCode::BodyTooLarge, "The body is larger than 1 MiB.")
}

fn must_be_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::UnsupportedMediaType, "The body must be application/json."))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        let why: String = error.to_string().chars().take(QUOTED_CHARS).collect();
        ApiError::new(ErrorCode::InvalidBody, format!("The body does not fit: {why}."))
    })
}

/// A query string.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let why: String = rejection.body_text().chars().take(QUOTED_CHARS).collect();
                Err(ApiError::new(ErrorCode::InvalidQuery, format!("{why}.")))
            }
        }
    }
}

/// A part of the path that names something. What cannot be a name or id of ours is not found.
pub(super) struct Key(pub(super) String);

/// Longer than any name or id.
const KEY_CHARS_MAX: usize = 64;

/// The name or id as a key, or `NotFound`.
pub(super) fn key(text: String) -> Result<String, ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.is_empty() && text.len() <= KEY_CHARS_MAX && text.chars().all(plain) {
        Ok(text)
    } else {
        Err(not_found())
    }
}

fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "There is nothing of that name or id.")
}

impl<S: Send + Sync> FromRequestParts<S> for Key {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        key(text).map(Self)
    }
}

/// A name or id and a number below it.
pub(super) struct KeyAndNumber(pub(super) String, pub(super) u32);

impl<S: Send + Sync> FromRequestParts<S> for KeyAndNumber {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, u32)>::from_request_parts(parts, state).await;
        let Path((text, number)) = path.map_err(|_| not_found())?;
        Ok(Self(key(text)?, number))
    }
}

/// A JSON answer.
pub(super) struct Answer<T>(pub(super) StatusCode, pub(super) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.1) {
            Ok(body) => (self.0, json_type(), body).into_response(),
            Err(error) => ApiError::broken("write an answer", error).into_response(),
        }
    }
}

pub(super) fn json_type() -> [(http::HeaderName, HeaderValue); 1] {
    [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]
}

/// `200` with a body.
pub(super) fn ok<T>(body: T) -> Answer<T> {
    Answer(StatusCode::OK, body)
}

/// What handlers return.
pub(super) type Reply<T> = Result<Answer<T>, ApiError>;
