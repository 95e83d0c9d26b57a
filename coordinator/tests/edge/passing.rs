//! What passes: bodies, headers, switched protocols.

use crate::{app::app, world::*};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Frame;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use tokio_util::task::TaskTracker;

async fn shop() -> (World, Agent) {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    World::with_app("shop", 1, backend).await
}

#[tokio::test]
async fn a_request_finds_its_app_by_name() {
    let (world, _agent) = shop().await;
    assert_eq!(world.get("shop", "/").await, (StatusCode::OK, "hello".to_owned()));
    assert_eq!(world.get("SHOP", "/").await.0, StatusCode::OK);
    let mut visitor = world.visitor().await;
    for host in ["shop.localhost:8080", "shop.localhost."] {
        let request = Request::get("/").header("host", host).body(Empty::new().boxed()).unwrap();
        assert_eq!(text(visitor.send(request).await).await, "hello", "{host}");
    }
}

#[tokio::test]
async fn two_hundred_requests_at_once_are_all_answered() {
    let (world, _agent) = shop().await;
    let world = std::sync::Arc::new(world);
    let mut visits = JoinSet::new();
    for number in 0..200 {
        let world = std::sync::Arc::clone(&world);
        visits.spawn(async move {
            let body = format!("{number}").repeat(1000);
            let answer = world.visitor().await.send(post("shop", "/echo", body.clone())).await;
            assert_eq!(text(answer).await, body);
        });
    }
    visits.join_all().await;
    assert!(world.routes.drained(lease(1), std::time::Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_chunked_upload_streams_to_the_app_and_back() {
    let (world, _agent) = shop().await;
    let pieces = crate::app::pieces(1_000_000).map(|piece| piece.map(Frame::data));
    let request = Request::post("/count")
        .header("host", "shop.localhost")
        .body(BodyExt::boxed(StreamBody::new(pieces)))
        .unwrap();
    assert_eq!(text(world.visitor().await.send(request).await).await, "1000000");
}

#[tokio::test]
async fn the_first_event_arrives_before_the_stream_has_ended() {
    let (world, _agent) = shop().await;
    let mut body = world.visitor().await.send(get("shop", "/half")).await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "data: first\n\n");
    assert_eq!(world.routes.streams(lease(1)), 1);
}

#[tokio::test]
async fn a_visitor_that_leaves_lets_go_of_the_app() {
    let (world, _agent) = shop().await;
    let mut visitor = world.visitor().await;
    let body = visitor.send(get("shop", "/half")).await.into_body();
    drop((visitor, body));
    assert!(world.routes.drained(lease(1), std::time::Duration::from_secs(5)).await);
    let mut socket = TcpStream::connect(world.edge).await.unwrap();
    socket.write_all(b"GET /never HTTP/1.1\r\nhost: shop.localhost\r\n\r\n").await.unwrap();
    drop(socket);
    assert!(world.routes.drained(lease(1), std::time::Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_switched_protocol_passes_as_bytes_and_ends_by_halves() {
    let (world, _agent) = shop().await;
    let mut socket = TcpStream::connect(world.edge).await.unwrap();
    let head = "GET /socket HTTP/1.1\r\nhost: shop.localhost\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let answer = read_head(&mut socket).await.to_ascii_lowercase();
    assert!(answer.starts_with("http/1.1 101") && answer.contains("upgrade: websocket"), "{answer}");
    for word in ["hello", "again"] {
        socket.write_all(word.as_bytes()).await.unwrap();
        let mut echo = [0; 5];
        socket.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, word.as_bytes());
    }
    assert_eq!(world.routes.streams(lease(1)), 1);
    socket.shutdown().await.unwrap();
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).await.unwrap();
    assert!(world.routes.drained(lease(1), std::time::Duration::from_secs(5)).await);
}

#[tokio::test]
async fn an_upgrade_that_the_app_declines_is_an_ordinary_answer() {
    let (world, _agent) = shop().await;
    let answer = world
        .raw("GET /hops HTTP/1.1\r\nhost: shop.localhost\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hops"), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("keep-alive:"), "{answer}");
    assert!(answer.contains("x-app: 1"));
}

#[tokio::test]
async fn the_app_is_told_who_asks_and_cannot_be_lied_to() {
    let (world, _agent) = shop().await;
    let request = Request::get("/headers?q=1")
        .header("host", "shop.localhost:8080")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x_forwarded_for", "6.6.6.6")
        .header("x-real-ip", "6.6.6.6")
        .header("forwarded", "for=6.6.6.6")
        .header("x-request-id", "mine-1")
        .header("connection", "x-forwarded-for, x-hop")
        .header("x-hop", "1")
        .body(Empty::new().boxed())
        .unwrap();
    let answer = world.visitor().await.send(request).await;
    assert_eq!(answer.headers()["x-request-id"], "mine-1");
    let body = text(answer).await;
    for line in [
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: shop.localhost:8080",
        "x-forwarded-port: 8080",
        "x-request-id: mine-1",
        "host: shop.localhost:8080",
        "GET /headers?q=1",
    ] {
        assert!(body.lines().any(|found| found == line), "{line} is missing in\n{body}");
    }
    assert!(!body.contains("6.6.6.6") && !body.contains("x-hop"), "{body}");
}

#[tokio::test]
async fn an_absolute_form_request_goes_where_its_target_says() {
    let (world, _agent) = shop().await;
    let answer = world
        .raw("GET http://shop.localhost/headers HTTP/1.1\r\nhost: other.localhost\r\nconnection: close\r\n\r\n")
        .await;
    assert!(answer.contains("host: shop.localhost") && answer.contains("GET /headers"), "{answer}");
    assert!(!answer.contains("other.localhost"), "{answer}");
}

#[tokio::test]
async fn head_expect_and_early_answers_work() {
    let (world, _agent) = shop().await;
    let answer = world.raw("HEAD / HTTP/1.1\r\nhost: shop.localhost\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains("content-length: 5") && answer.ends_with("\r\n\r\n"), "{answer}");
    let mut socket = TcpStream::connect(world.edge).await.unwrap();
    let head = "POST /echo HTTP/1.1\r\nhost: shop.localhost\r\nexpect: 100-continue\r\ncontent-length: 3\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut socket).await.starts_with("HTTP/1.1 100"));
    socket.write_all(b"abc").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("abc"), "{answer}");
    let answer = world.visitor().await.send(post("shop", "/early", Bytes::from(vec![0; 1000]))).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn trailers_reach_the_visitor_that_asks_for_them() {
    let (world, _agent) = shop().await;
    let request = Request::get("/trailers")
        .header("host", "shop.localhost")
        .header("te", "trailers")
        .body(Empty::new().boxed())
        .unwrap();
    let collected = world.visitor().await.send(request).await.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-sum"], "42");
    assert_eq!(collected.to_bytes(), "body");
}

#[tokio::test]
async fn an_old_visitor_is_served_too() {
    let (world, _agent) = shop().await;
    let answer = world.raw("GET /bytes/10 HTTP/1.0\r\nhost: shop.localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("xxxxxxxxxx"), "{answer}");
    assert!(!answer.contains("chunked"), "{answer}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (world, _agent) = shop().await;
    let two = "GET / HTTP/1.1\r\nhost: shop.localhost\r\n\r\nGET /hops HTTP/1.1\r\nhost: shop.localhost\r\nconnection: close\r\n\r\n";
    let answer = world.raw(two).await;
    assert!(answer.find("hello").unwrap() < answer.find("hops").unwrap(), "{answer}");
}
