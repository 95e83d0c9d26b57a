//! The bare peer of the list: an axum route that answers bytes it was given, with no database, no tokens and no
//! middleware. What it reaches on a machine is the most that a route of this kind can reach there.
#![allow(clippy::print_stdout, reason = "the port goes to the program that started this one")]

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use clap::Parser;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// Answers recorded pages at /v1/deployments.
#[derive(Parser)]
struct Arguments {
    /// JSON: page by query.
    pages: PathBuf,
}

type Pages = Arc<BTreeMap<String, Bytes>>;

#[tokio::main]
async fn main() -> Result<()> {
    let file = Arguments::parse().pages;
    let text = std::fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    let pages: BTreeMap<String, String> = serde_json::from_slice(&text).context("read the pages")?;
    let pages: Pages = Arc::new(pages.into_iter().map(|(query, page)| (query, page.into())).collect());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("listen")?;
    println!("{}", listener.local_addr()?.port());
    let routes = Router::new().route("/v1/deployments", get(page)).with_state(pages);
    axum::serve(listener, routes).await.context("serve")
}

async fn page(State(pages): State<Pages>, RawQuery(query): RawQuery) -> Response {
    match pages.get(&query.unwrap_or_default()) {
        Some(page) => ([(header::CONTENT_TYPE, "application/json")], page.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
