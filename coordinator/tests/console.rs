//! The console over real sockets: which address gets what, in which form, and what a browser is told about it.
#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

use axum::Router;
use http::{HeaderMap, StatusCode};
use reqwest::{Client, Method, redirect::Policy};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use ttalkak_coordinator::{
    console::{BUILT, Console, File},
    front,
};

const INDEX: &[u8] = b"<!doctype html><title>console</title>";
const SCRIPT: &[u8] = b"export const lit = true";
const FILES: &[File] = &[
    File { path: "/index.html", plain: INDEX, brotli: None, gzip: None },
    File { path: "/assets/app-1a2b.js", plain: SCRIPT, brotli: Some(b"as brotli"), gzip: Some(b"as gzip") },
    File { path: "/favicon.svg", plain: b"<svg/>", brotli: None, gzip: None },
];

struct Site {
    url: String,
    client: Client,
    served: tokio::task::JoinSet<()>,
    shutdown: CancellationToken,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    async fn start(files: &[File]) -> Self {
        // Each test of this program asks; the first one installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let api = Router::new()
            .route("/v1/health", axum::routing::get(|| async { "healthy" }))
            .fallback(|| async { (StatusCode::NOT_FOUND, "the API's own answer") });
        let router = Console::new(files, Some("http://127.0.0.1:8545/secret"), "http://*.localhost:7780")
            .in_front_of(api);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let mut served = tokio::task::JoinSet::new();
        served.spawn(front::serve(listener, router, shutdown.clone()));
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { url, client, served, shutdown }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[]).await
    }

    async fn stop(mut self) {
        self.shutdown.cancel();
        while self.served.join_next().await.is_some() {}
    }
}

#[tokio::test]
async fn every_address_of_the_console_is_its_page_and_the_apis_stay_the_apis() {
    let site = Site::start(FILES).await;
    for path in ["/", "/billing", "/billing/wallet", "/deployments/shop", "/v1x", "/index.html"] {
        let answer = site.get(path).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, INDEX), "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
    }
    assert_eq!(site.get("/v1/health").await.body, b"healthy");
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/index.html"] {
        assert_eq!(site.get(path).await.body, b"the API's own answer", "{path}");
    }
    let posted = site.ask(Method::POST, "/billing", &[]).await;
    assert_eq!(posted.body, b"the API's own answer");
    site.stop().await;
}

#[tokio::test]
async fn a_file_that_is_gone_is_not_the_page() {
    let site = Site::start(FILES).await;
    for path in ["/assets/app-0000.js", "/assets/none", "/robots.txt", "/a/b.css", "/assets/../secret.key"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    site.stop().await;
}

#[tokio::test]
async fn a_hashed_file_is_kept_for_ever_and_comes_in_the_form_that_is_welcome() {
    let site = Site::start(FILES).await;
    let path = "/assets/app-1a2b.js";
    for (welcome, coding, body) in [
        ("gzip, deflate, br, zstd", "br", &b"as brotli"[..]),
        ("gzip", "gzip", b"as gzip"),
        ("br;q=0, gzip", "gzip", b"as gzip"),
        ("identity", "", SCRIPT),
    ] {
        let answer = site.ask(Method::GET, path, &[("accept-encoding", welcome)]).await;
        assert_eq!((answer.header("content-encoding"), &answer.body[..]), (coding, body), "{welcome}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
    }
    site.stop().await;
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let site = Site::start(FILES).await;
    let first = site.get("/").await;
    let again = site.ask(Method::GET, "/", &[("if-none-match", first.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    let other = site.ask(Method::GET, "/favicon.svg", &[("if-none-match", first.header("etag"))]).await;
    assert_eq!(other.status, StatusCode::OK);
    let head = site.ask(Method::HEAD, "/", &[]).await;
    assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-length"), INDEX.len().to_string());
    site.stop().await;
}

#[tokio::test]
async fn a_browser_may_run_what_is_ours_ask_us_and_the_chain_and_be_framed_by_nobody() {
    let site = Site::start(FILES).await;
    for path in ["/", "/assets/app-1a2b.js", "/assets/gone.js"] {
        let answer = site.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "connect-src 'self' http://127.0.0.1:8545;",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("secret"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    }
    assert_eq!(site.get("/v1/health").await.header("content-security-policy"), "");
    site.stop().await;
}

#[tokio::test]
async fn without_a_built_console_a_page_says_how_to_build_it() {
    let site = Site::start(&[]).await;
    let answer = site.get("/billing").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("npm ci") && text.contains("/v1/openapi.json"), "{text}");
    assert_eq!(site.get("/v1/health").await.body, b"healthy");
    site.stop().await;
}

/// Holds whatever this very program was built with: all of it, or nothing.
#[tokio::test]
async fn what_was_built_in_is_whole() {
    let site = Site::start(BUILT).await;
    let page = site.get("/").await;
    if BUILT.is_empty() {
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    } else {
        let text = String::from_utf8(page.body).unwrap();
        let named: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
        assert!(!named.is_empty(), "{text}");
        for path in named {
            let answer = site.ask(Method::GET, path, &[("accept-encoding", "br")]).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    }
    site.stop().await;
}
