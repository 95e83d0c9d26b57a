//! Logs are read and followed without a line lost or doubled.

use crate::harness::World;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tokio::time::timeout;
use ttalkak_protocol::{
    id::{AgentId, LeaseId},
    link::{LogBatch, LogLine, LogStream},
    unit::UnixMillis,
};

const SOON: Duration = Duration::from_secs(20);

fn line(lease: LeaseId, seq: u64, stream: LogStream) -> LogLine {
    LogLine {
        lease,
        seq,
        stream,
        at: UnixMillis(1),
        engine_nanos: i64::try_from(seq).unwrap(),
        text: format!("line {seq}"),
    }
}

fn batch(lease: LeaseId, seqs: impl IntoIterator<Item = u64>) -> LogBatch {
    LogBatch { lines: seqs.into_iter().map(|seq| line(lease, seq, LogStream::Stdout)).collect() }
}

async fn append(world: &World, agent: AgentId, batch: &LogBatch) -> u64 {
    world.state.logs.append(&world.state.store, agent, batch).await.unwrap()[0].seq
}

/// Serves the API on a real socket.
async fn serve(world: &World) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (router, shutdown) = (world.router.clone(), world.state.shutdown.clone());
    world.state.tasks.spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(async move { shutdown.cancelled().await }).await
    });
    address
}

/// A reader of an event stream over a real socket.
struct Reader {
    body: hyper::body::Incoming,
    text: String,
}

impl Reader {
    async fn open(world: &World, address: SocketAddr, query: &str, last: Option<i64>) -> Self {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut client, connection) =
            hyper::client::conn::http1::handshake::<_, Body>(TokioIo::new(socket)).await.unwrap();
        world.state.tasks.spawn(connection);
        let mut request = Request::builder()
            .uri(format!("/v1/deployments/shop/logs?follow=true{query}"))
            .header("host", address.to_string())
            .header("authorization", format!("Bearer {}", world.token));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = client.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event: its name, id and data.
    async fn next(&mut self) -> Option<(String, Option<i64>, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let fields: BTreeMap<String, String> = event
                    .lines()
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                self.text = rest.to_owned();
                let Some(name) = fields.get("event") else { continue };
                let id = fields.get("id").map(|id| id.parse().unwrap());
                return Some((name.clone(), id, serde_json::from_str(&fields["data"]).unwrap()));
            }
            let frame = timeout(SOON, self.body.frame()).await.expect("an event in time")?;
            let data = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}

#[tokio::test]
async fn a_reader_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    let world = World::new().await;
    world.deploy("shop").await;
    let (agent, lease) = world.lease("shop").await;
    let address = serve(&world).await;
    let total = 3_000_u64;
    let (mut seen, mut last) = (Vec::new(), None);
    let write = async {
        for from in (1..=total).step_by(50) {
            append(&world, agent, &batch(lease, from..from + 50)).await;
            // A batch that is sent again after a lost answer.
            append(&world, agent, &batch(lease, from..from + 50)).await;
        }
    };
    let read = async {
        let mut length = 1;
        while seen.len() < usize::try_from(total).unwrap() {
            let query = if last.is_none() { "&after=0" } else { "" };
            let mut reader = Reader::open(&world, address, query, last).await;
            // Readers hang up after ever more lines, in the middle of what was sent to them.
            length = length * 2 + 1;
            for _ in 0..length {
                let (name, id, data) = reader.next().await.unwrap();
                assert_eq!(name, "line");
                assert_eq!(data["id"].as_i64(), id);
                last = id;
                seen.push(data["text"].as_str().unwrap().to_owned());
                if seen.len() == usize::try_from(total).unwrap() {
                    break;
                }
            }
        }
    };
    tokio::join!(write, read);
    let expected: Vec<String> = (1..=total).map(|seq| format!("line {seq}")).collect();
    assert!(seen == expected, "{} lines", seen.len());
    world.state.shutdown.cancel();
}

#[tokio::test]
async fn a_build_log_ends_when_the_image_is_there_and_a_run_log_when_nothing_runs() {
    let world = World::new().await;
    world.deploy("shop").await;
    let (agent, lease) = world.lease("shop").await;
    let address = serve(&world).await;
    let mut build = Reader::open(&world, address, "&kind=build", None).await;
    let mut run = Reader::open(&world, address, "&kind=run&release=1", None).await;
    let lines = LogBatch { lines: vec![line(lease, 1, LogStream::Build), line(lease, 2, LogStream::Stderr)] };
    append(&world, agent, &lines).await;
    assert_eq!(build.next().await.unwrap().2["stream"], "build");
    assert_eq!(run.next().await.unwrap().2["stream"], "stderr");
    world.go_live("shop").await;
    let (name, id, _) = build.next().await.unwrap();
    assert_eq!((name.as_str(), id), ("end", None));
    assert!(build.next().await.is_none(), "the stream closes after it");
    append(&world, agent, &batch(lease, [3])).await;
    assert_eq!(run.next().await.unwrap().2["text"], "line 3", "what serves goes on");
    world.ended("shop").await;
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE lease SET state = 'returned'").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(run.next().await.unwrap().0, "end");
    world.state.shutdown.cancel();
}

#[tokio::test]
async fn pages_tails_and_bad_places_without_following() {
    let world = World::new().await;
    world.deploy("shop").await;
    let (agent, lease) = world.lease("shop").await;
    append(&world, agent, &batch(lease, 1..=300)).await;
    let texts = |reply: crate::harness::Reply| -> Vec<String> {
        let json = reply.json();
        json["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let tail = texts(world.get("/v1/deployments/shop/logs").await);
    assert_eq!((tail.len(), tail[0].as_str(), tail[199].as_str()), (200, "line 101", "line 300"));
    assert_eq!(texts(world.get("/v1/deployments/shop/logs?tail=2").await), ["line 299", "line 300"]);
    let last = world.get("/v1/deployments/shop/logs?tail=1").await.json()["items"][0]["id"].as_i64().unwrap();
    let after = format!("/v1/deployments/shop/logs?after={}", last - 2);
    assert_eq!(texts(world.get(&after).await), ["line 299", "line 300"]);
    assert_eq!(texts(world.get("/v1/deployments/shop/logs?kind=build").await), [] as [String; 0]);
    assert_eq!(world.get("/v1/deployments/shop/logs?release=2").await.error(), (404, "not_found".into()));
    assert_eq!(world.get("/v1/deployments/shop/logs?after=-1").await.error(), (400, "invalid_query".into()));
    let odd = world.request("GET", "/v1/deployments/shop/logs").header("last-event-id", "x");
    assert_eq!(world.send(odd.body(Body::empty()).unwrap()).await.error(), (400, "invalid_query".into()));
}

#[tokio::test]
async fn lines_are_kept_once_by_the_agent_that_holds_the_lease() {
    let world = World::new().await;
    world.deploy("shop").await;
    let (agent, lease) = world.lease("shop").await;
    world.deploy("other").await;
    let (thief, _) = world.lease("other").await;
    assert_eq!(append(&world, agent, &batch(lease, [1, 2, 3])).await, 3);
    assert_eq!(append(&world, agent, &batch(lease, [2, 3, 4])).await, 4);
    assert_eq!(append(&world, thief, &batch(lease, [5])).await, 5, "dropped, and not sent again");
    let lines = world.get("/v1/deployments/shop/logs").await.json();
    assert_eq!(lines["items"].as_array().unwrap().len(), 4);
    let marks = world.state.store.log_marks(&[lease]).await.unwrap();
    assert_eq!((marks[0].seq, marks[0].engine_nanos), (4, 4), "a foreign line moves no mark");
}

#[tokio::test]
async fn logs_are_trimmed_from_their_beginning_and_erased_whole() {
    let world = World::new().await;
    let made = world.deploy("shop").await;
    let (agent, lease) = world.lease("shop").await;
    let id = made["deployment"]["id"].as_str().unwrap().parse().unwrap();
    let builds = 20_000 + 1_000;
    for from in (1..=builds).step_by(3_000) {
        let lines = (from..from + 3_000).map(|seq| line(lease, seq, LogStream::Build)).collect();
        append(&world, agent, &LogBatch { lines }).await;
    }
    world.state.store.trim_logs(id).await.unwrap();
    let first = world.get("/v1/deployments/shop/logs?kind=build&after=0").await.json();
    assert_eq!(first["items"][0]["text"], "line 1001");
    append(&world, agent, &batch(lease, [30_000])).await;
    assert_eq!(
        world.get("/v1/deployments/shop/logs?kind=run").await.json()["items"].as_array().unwrap().len(),
        1
    );
    world.state.store.erase_logs(id).await.unwrap();
    assert_eq!(world.get("/v1/deployments/shop/logs?after=0").await.json()["items"], serde_json::json!([]));
}
