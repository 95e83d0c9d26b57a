//! What visitors send and get: WebSocket, event streams, long bodies, headers, raw TCP. Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use reqwest::{Body, Method, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use ttalkak_tests::{App, Mode, World, world::SOON};

const TWENTY_MIB: usize = 20 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn an_app_gets_and_sends_everything_that_http_has() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &[]).await;
    headers_tell_who_asks(&world).await;
    a_websocket_echoes(&world).await;
    events_come_as_they_are_sent(&world).await;
    long_bodies_pass_both_ways(&world).await;
    a_visitor_who_leaves_a_download_harms_nobody(&world).await;
    world.stop().await;
}

async fn headers_tell_who_asks(world: &World) {
    let request = world.request("shop", "/headers").header("x-forwarded-for", "6.6.6.6");
    let answer = request.header("x-request-id", "from-outside").send().await.unwrap();
    let id = answer.headers()["x-request-id"].clone();
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(seen["x-forwarded-for"], "127.0.0.1", "a visitor's own word counts for nothing: {seen}");
    assert_eq!((&seen["x-forwarded-proto"], &seen["x-real-ip"]), (&json!("http"), &json!("127.0.0.1")));
    assert_eq!(
        (&seen["x-forwarded-host"], &seen["host"]),
        (&json!(world.host("shop")), &json!(world.host("shop")))
    );
    assert!(seen["forwarded"].as_str().unwrap().contains("proto=http"), "{seen}");
    assert_eq!(seen["x-request-id"], id.to_str().unwrap(), "one id for the visitor and the app");
}

async fn a_websocket_echoes(world: &World) {
    let url = world.edge_url("/socket").replacen("http", "ws", 1);
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("host", world.host("shop").parse().unwrap());
    let (mut socket, answer) = tokio_tungstenite::connect_async(request).await.expect("a WebSocket");
    assert_eq!(answer.status().as_u16(), 101);
    for text in ["딸깍".to_owned(), "x".repeat(30_000)] {
        socket.send(Message::text(text.clone())).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap().into_text().unwrap().as_str(), text);
    }
    socket.close(None).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        assert!(message.is_close(), "{message:?}");
    }
}

async fn events_come_as_they_are_sent(world: &World) {
    let mut stream = world.request("shop", "/events?events=3").send().await.unwrap().bytes_stream();
    for number in 0..3 {
        // The app sends the next event only when it is told: one that were held back would never come.
        assert_eq!(world.visit("shop", "/next").await.body, "sent");
        let event = tokio::time::timeout(SOON, stream.next()).await.expect("an event").unwrap().unwrap();
        assert_eq!(event, format!("id: {number}\ndata: event {number}\n\n"));
    }
    assert!(stream.next().await.is_none());
}

async fn long_bodies_pass_both_ways(world: &World) {
    let sent = |response: Response| async move { response.json::<Value>().await.unwrap() };
    let whole = sha256_of_zeros();
    let known = world.request_as(Method::POST, "shop", "/").body(vec![0; TWENTY_MIB]);
    let body = sent(known.send().await.unwrap()).await;
    assert_eq!(body, json!({"bytes": TWENTY_MIB, "sha256": whole}), "with a length");
    let pieces =
        futures_util::stream::iter((0..320).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![0; 65_536]))));
    let unknown = world.request_as(Method::POST, "shop", "/").body(Body::wrap_stream(pieces));
    let body = sent(unknown.send().await.unwrap()).await;
    assert_eq!(body, json!({"bytes": TWENTY_MIB, "sha256": whole}), "in chunks");

    let path = format!("/download?bytes={TWENTY_MIB}");
    let body = world.request("shop", &path).send().await.unwrap().bytes().await.unwrap();
    assert!(body.len() == TWENTY_MIB && body.iter().all(|byte| *byte == 0), "{} bytes", body.len());
}

async fn a_visitor_who_leaves_a_download_harms_nobody(world: &World) {
    let mut stalled = Vec::new();
    for _ in 0..4 {
        // Read to the head and then no further; the app has far more to say than any window holds.
        stalled.push(world.request("shop", "/download?bytes=1000000000").send().await.unwrap());
    }
    for _ in 0..20 {
        assert_eq!(world.visit("shop", "/").await.body, "one");
    }
    drop(stalled);
    assert_eq!(world.visit("shop", "/").await.body, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_tcp_app_has_a_public_port_and_half_closes() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    app.become_version("one", Mode::Echo);
    world.deploy(app.path(), "echo", &["--tcp", "--port", "7000"]).await;
    let deployment = world.deployment("echo").await;
    let port = u16::try_from(deployment["public_port"].as_u64().expect("a public port")).unwrap();
    assert!(deployment["url"].as_str().unwrap().ends_with(&format!(":{port}")), "{deployment}");
    let said = say(port, b"hello").await;
    assert_eq!(said, b"hellogoodbye", "the app heard the end of the visitor's words and still answered");
    let long = vec![7; 1024 * 1024];
    assert_eq!(say(port, &long).await, [&long[..], b"goodbye"].concat());

    assert!(world.cli(&["delete", "echo", "--yes"]).await.status.success());
    world.await_containers(0).await;
    let shut = ttalkak_tests::until("the port closes", SOON, || async {
        TcpStream::connect(("127.0.0.1", port)).await.err()
    });
    shut.await;
    world.stop().await;
}

/// Says `words`, then that there are no more, and hears the whole answer.
async fn say(port: u16, words: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) =
        TcpStream::connect(("127.0.0.1", port)).await.expect("the port").into_split();
    let speak = async {
        writer.write_all(words).await.expect("to be heard");
        writer.shutdown().await.expect("to be heard out");
    };
    let mut heard = Vec::new();
    let (_, listened) = tokio::join!(speak, reader.read_to_end(&mut heard));
    listened.expect("an answer to its end");
    heard
}

/// `head -c 20971520 /dev/zero | sha256sum`
fn sha256_of_zeros() -> &'static str {
    "cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc"
}
