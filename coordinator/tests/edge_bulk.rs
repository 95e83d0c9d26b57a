//! Large bodies, alone in this process so that its memory can be measured.
#![allow(clippy::unwrap_used, reason = "a helper that fails should fail its test")]

#[path = "edge/app.rs"]
mod app;
#[path = "edge/world.rs"]
mod world;

use futures_util::StreamExt;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tokio_util::task::TaskTracker;
use world::{World, get, serve_router, text};

const BYTES: u64 = 50 * 1024 * 1024;
/// Backend, agent, edge and visitor are all in this process. Each hop holds a window or a socket buffer.
const GROWTH_KIB_MAX: u64 = 24 * 1024;

/// The most memory this process ever held, KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn fifty_mebibytes_pass_both_ways_without_being_held() {
    let tasks = TaskTracker::new();
    let (world, _agent) = World::with_app("shop", 1, serve_router(&tasks, app::app("hello")).await).await;
    assert_eq!(world.get("shop", "/").await.1, "hello");
    let before = peak_kib();

    let mut body = world.visitor().await.send(get("shop", &format!("/bytes/{BYTES}"))).await.into_body();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        received += frame.unwrap().into_data().unwrap().len() as u64;
    }
    assert_eq!(received, BYTES);

    let pieces = app::pieces(BYTES).map(|piece| piece.map(Frame::data));
    let request = Request::post("/count")
        .header("host", "shop.localhost")
        .body(BodyExt::boxed(StreamBody::new(pieces)))
        .unwrap();
    assert_eq!(text(world.visitor().await.send(request).await).await, BYTES.to_string());

    let pieces = app::pieces(BYTES).map(|piece| piece.map(Frame::data));
    let request = Request::post("/echo")
        .header("host", "shop.localhost")
        .body(BodyExt::boxed(StreamBody::new(pieces)))
        .unwrap();
    let mut body = world.visitor().await.send(request).await.into_body();
    let mut echoed = 0;
    while let Some(frame) = body.frame().await {
        echoed += frame.unwrap().into_data().unwrap().len() as u64;
    }
    assert_eq!(echoed, BYTES);

    let growth = peak_kib() - before;
    assert!(growth < GROWTH_KIB_MAX, "memory grew by {growth} KiB");
}
