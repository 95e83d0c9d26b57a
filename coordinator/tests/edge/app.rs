//! A small app to visit.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An app that tells everybody its `word` at `/`.
pub(crate) fn app(word: &'static str) -> Router {
    Router::new()
        .route("/", get(move || async move { word }))
        .route("/headers", any(headers))
        .route("/echo", post(|request: Request| async move { Body::new(request.into_body()) }))
        .route("/count", post(count))
        .route(
            "/bytes/{count}",
            get(|Path(count): Path<u64>| async move { Body::from_stream(pieces(count)) }),
        )
        .route("/never", get(std::future::pending::<()>))
        .route(
            "/half",
            get(|| async { Body::from_stream(stream::once(ready_piece()).chain(stream::pending())) }),
        )
        .route("/early", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "too large") }))
        .route("/hops", get(|| async { ([("keep-alive", "timeout=5"), ("x-app", "1")], "hops") }))
        .route("/trailers", get(trailers))
        .route("/socket", any(socket))
}

/// Every header of the request, one a line, then the path.
async fn headers(headers: HeaderMap, request: Request) -> String {
    let mut lines: Vec<_> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines.push(format!("{} {}", request.method(), request.uri()));
    lines.join("\n")
}

async fn count(request: Request) -> String {
    let mut body = request.into_body().into_data_stream();
    let mut total = 0;
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => total += piece.len(),
            Err(_) => return "broken".to_owned(),
        }
    }
    total.to_string()
}

async fn ready_piece() -> Result<Bytes, Infallible> {
    Ok(Bytes::from_static(b"data: first\n\n"))
}

pub(crate) fn pieces(count: u64) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
    stream::unfold((count, piece), |(left, piece)| async move {
        let now = left.min(piece.len() as u64);
        (now > 0).then(|| (Ok(piece.slice(..now as usize)), (left - now, piece)))
    })
}

async fn trailers() -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("42"));
    let frames = [Frame::data(Bytes::from_static(b"body")), Frame::trailers(trailers)];
    let body = StreamBody::new(stream::iter(frames.map(Ok::<_, Infallible>)));
    ([("trailer", "x-sum")], Body::new(body)).into_response()
}

/// Switches to a protocol in which every byte comes back, and the end too.
async fn socket(mut request: Request) -> Response {
    if !request.headers().contains_key("upgrade") {
        return (StatusCode::UPGRADE_REQUIRED, "upgrade").into_response();
    }
    let protocol = request.headers()["upgrade"].clone();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio_util::task::TaskTracker::new().spawn(async move {
        let mut io = TokioIo::new(upgrade.await.unwrap());
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = io.read(&mut buffer).await {
            io.write_all(&buffer[..count]).await.unwrap();
        }
        let _ = io.shutdown().await;
    });
    (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade".parse().unwrap()), ("upgrade", protocol)])
        .into_response()
}
