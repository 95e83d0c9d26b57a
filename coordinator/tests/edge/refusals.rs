//! What is refused, by raw sockets: requests that two servers could read in two ways, and sockets that dawdle.

use crate::{app::app, world::*};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::task::TaskTracker;
use ttalkak_coordinator::edge::EdgeConfig;

#[tokio::test]
async fn requests_that_could_smuggle_another_are_refused() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    let (world, _agent) = World::with_app("shop", 1, backend).await;
    let h = "host: shop.localhost\r\n";
    let long = "x".repeat(70 * 1024);
    let megabyte = "x".repeat(1024 * 1024);
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\n{h}host: other.localhost\r\n\r\n"), "400"),
        ("GET / HTTP/1.1\r\nhost: a b\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nhost: me@shop.localhost\r\n\r\n".to_owned(), "400"),
        (
            format!("POST / HTTP/1.1\r\n{h}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            "400",
        ),
        (
            format!("POST / HTTP/1.1\r\n{h}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n"),
            "400",
        ),
        (format!("POST / HTTP/1.1\r\n{h}content-length: 4\r\ncontent-length: 5\r\n\r\nabcd"), "400"),
        (format!("POST / HTTP/1.1\r\n{h}content-length: +4\r\n\r\nabcd"), "400"),
        (format!("POST / HTTP/1.1\r\n{h}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "501"),
        (format!("POST / HTTP/1.1\r\n{h}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("POST /count HTTP/1.1\r\n{h}transfer-encoding: chunked\r\n\r\nzz\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{h}x: 1\r\n y: 2\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{h}bad name: 1\r\n\r\n"), "400"),
        (format!("GET / HTTP/1.1\r\n{h}x : 1\r\n\r\n"), "400"),
        (format!("CONNECT shop.localhost:80 HTTP/1.1\r\n{h}\r\n"), "405"),
        (
            format!(
                "GET / HTTP/1.1\r\n{h}connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n"
            ),
            "501",
        ),
        (format!("GET / HTTP/1.1\r\n{h}x: {long}\r\n\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\n{h}x: {megabyte}\r\n\r\n"), "431"),
        (format!("GET /{long} HTTP/1.1\r\n{h}\r\n"), "414 or 431"),
        (format!("GET / HTTP/3.7\r\n{h}\r\n"), "400"),
        ("\x16\x03\x01\x02\x01\x01\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = world.raw(&request).await;
        let shown = &request[..request.len().min(90)];
        let found = answer.get(9..12).unwrap_or_default();
        assert!(
            !found.is_empty() && status.contains(found),
            "{shown:?} was answered {answer:?}, not {status}"
        );
    }
    assert_eq!(world.get("shop", "/").await.1, "hello", "the edge is well after all of this");
}

#[tokio::test]
async fn an_http_2_preface_is_not_taken_for_a_request() {
    let world = World::new().await;
    let answer = world.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[tokio::test]
async fn another_host_over_the_same_connection_is_routed_anew() {
    let tasks = TaskTracker::new();
    let (one, two) = (serve_router(&tasks, app("one")).await, serve_router(&tasks, app("two")).await);
    let world = World::new().await;
    let _agent = world.agent(&[(1, one), (2, two)]).await;
    world.route("one", 1);
    world.route("two", 2);
    let mut visitor = world.visitor().await;
    for name in ["one", "two", "one"] {
        assert_eq!(text(visitor.send(get(name, "/")).await).await, name);
    }
}

#[tokio::test]
async fn two_hundred_sockets_that_dawdle_hold_up_nobody_and_are_closed() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    let world = World::with(EdgeConfig { head_read_deadline: Duration::from_millis(400), ..config() }).await;
    let _agent = world.agent(&[(1, backend)]).await;
    world.route("shop", 1);
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut socket = TcpStream::connect(world.edge).await.unwrap();
        socket.write_all(b"GET / HTTP/1.1\r\nhost: sh").await.unwrap();
        slow.push(socket);
    }
    assert_eq!(world.get("shop", "/").await.1, "hello");
    for mut socket in slow {
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}
