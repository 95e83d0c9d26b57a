//! Serves the web console from the binary, beside the API on its listener: files by their name, the one page for every
//! address that is the console's own. Deliberately absent: state, sign-in and data; the console speaks to `/v1` like
//! anybody else.

mod files;
mod headers;

pub use files::{BUILT, File};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};

/// What is under here is the API's, whatever it is.
const API: &str = "/v1";
/// The page for every address of the console.
const INDEX: &str = "/index.html";
const UNBUILT: &str = include_str!("console/unbuilt.html");
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The console, ready to be served. Cheap to clone.
#[derive(Clone)]
pub struct Console(Arc<Shelf>);

struct Shelf {
    files: BTreeMap<&'static str, Entry>,
    guards: Vec<(HeaderName, HeaderValue)>,
}

struct Entry {
    file: File,
    tag: String,
}

impl Console {
    /// `files`: usually [`BUILT`]. `rpc`: the chain's endpoint that wallet pages may ask. `apps`: where apps answer, with `*`
    /// for their names.
    pub fn new(files: &[File], rpc: Option<&str>, apps: &str) -> Self {
        let entry = |file: &File| {
            let digest = hex::encode(&Sha256::digest(file.plain)[..16]);
            (file.path, Entry { file: *file, tag: format!("\"{digest}\"") })
        };
        Self(Arc::new(Shelf { files: files.iter().map(entry).collect(), guards: headers::guards(rpc, apps) }))
    }

    /// Puts the console in front of a router: what is not the console's goes on to it.
    pub fn in_front_of(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self, answer))
    }
}

async fn answer(State(console): State<Console>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let api = path.strip_prefix(API).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if api || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let shelf = &*console.0;
    let mut response = match shelf.files.get(path) {
        Some(entry) => serve(entry, request.headers()),
        // A page of an older build asks for files that are gone: it must not take this page for one of them.
        None if names_a_file(path) => plain(StatusCode::NOT_FOUND, "There is no such file.", "text/plain"),
        None => match shelf.files.get(INDEX) {
            Some(index) => serve(index, request.headers()),
            None => plain(StatusCode::SERVICE_UNAVAILABLE, UNBUILT, "text/html; charset=utf-8"),
        },
    };
    response.headers_mut().extend(shelf.guards.iter().cloned());
    if *request.method() == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Addresses of the console have no dot in their last part; those of files have.
fn names_a_file(path: &str) -> bool {
    path.starts_with("/assets/") || path.rsplit('/').next().is_some_and(|last| last.contains('.'))
}

fn serve(entry: &Entry, asked: &HeaderMap) -> Response {
    let Entry { file, tag } = entry;
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if file.is_hashed() { FOR_EVER } else { ASK_AGAIN });
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    if headers::has(asked, tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type()));
    let forms = [("br", file.brotli), ("gzip", file.gzip)];
    let chosen = forms.into_iter().find_map(|(coding, bytes)| {
        bytes.filter(|_| headers::accepts(asked, coding)).map(|bytes| (coding, bytes))
    });
    if let Some((coding, _)) = chosen {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    let bytes = chosen.map_or(file.plain, |(_, bytes)| bytes);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    *response.body_mut() = Body::from(Bytes::from_static(bytes));
    response
}

fn plain(status: StatusCode, text: &'static str, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
