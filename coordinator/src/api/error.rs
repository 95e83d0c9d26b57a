//! Every error answer has one shape. A handler fails with an [`ApiError`]; its problem travels in the response's
//! extensions until `settle` writes the body, where the request id is known and the cause is logged, once.

use crate::store::StoreError;
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use std::{error::Error, sync::Arc};
use ttalkak_protocol::error::{ErrorBody, ErrorCode, ErrorDetail, Problem};

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request's fault, or the state's.
    #[error("{}", .0.message)]
    Told(Problem),
    /// The store's answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our fault; the cause is for the log only.
    #[error("{doing}")]
    Broken {
        /// What we were doing.
        doing: &'static str,
        /// Why it failed.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl ApiError {
    /// A problem with the code's own next move.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Told(Problem::new(code, message))
    }

    /// Our fault.
    pub(crate) fn broken(doing: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Broken { doing, cause: cause.into() }
    }

    /// What may be told.
    fn problem(&self) -> Problem {
        let internal = || Problem::new(ErrorCode::Internal, "Something went wrong on our side.");
        match self {
            Self::Told(problem) => problem.clone(),
            Self::Broken { .. } => internal(),
            Self::Store(error) if error.code() == ErrorCode::Internal => internal(),
            Self::Store(error) => {
                let problem = Problem::new(error.code(), error.to_string());
                match error.next_move() {
                    Some(next) => problem.with_next(next),
                    None => problem,
                }
            }
        }
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Told(problem)
    }
}

/// A failure on its way to becoming a body.
#[derive(Clone)]
struct Failure {
    problem: Problem,
    cause: Option<Arc<ApiError>>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let cause = status.is_server_error().then(|| Arc::new(self));
        let mut response = status.into_response();
        response.extensions_mut().insert(Failure { problem, cause });
        response
    }
}

/// Writes the body of a failed response; leaves any other as it is.
pub(super) fn settle(mut response: Response, request_id: &str) -> Response {
    let Some(Failure { problem, cause }) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    if let Some(cause) = cause {
        tracing::error!(request.id = request_id, cause = chain(&*cause), "a request failed");
    }
    let body = ErrorBody { error: ErrorDetail { problem, request_id: Some(request_id.to_owned()) } };
    *response.body_mut() = Body::from(serde_json::to_vec(&body).expect("errors have string keys"));
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if body.error.problem.code == ErrorCode::RateLimited || body.error.problem.code == ErrorCode::Unavailable
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    if body.error.problem.code == ErrorCode::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// No such path.
pub(super) async fn unknown_route(request: Request) -> ApiError {
    let path: String = request.uri().path().chars().take(80).collect();
    Problem::new(ErrorCode::NotFound, format!("There is no route {path}."))
        .with_next("See the API description at /v1/openapi.json.")
        .into()
}

/// A path that does not take this method.
pub(super) async fn unknown_method(request: Request) -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, format!("This route does not take {}.", request.method()))
}
