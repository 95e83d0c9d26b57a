//! What a visitor's bytes may expect.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::JoinSet;
use ttalkak_tunnel::{ResetCode, StreamError, reset_code};

use crate::world::{echo, over, pattern, sockets, target, there_and_back, within};

async fn two_hundred_streams(edge: ttalkak_tunnel::EdgeHandle, largest: usize) {
    let mut visitors = JoinSet::new();
    for seed in 0..200 {
        let edge = edge.clone();
        visitors.spawn(async move {
            let bytes = pattern(seed, (seed * 7919) % largest);
            let back = there_and_back(&edge, bytes.clone()).await.unwrap();
            assert!(back == bytes, "stream {seed} came back changed");
        });
    }
    while let Some(visitor) = within(visitors.join_next()).await {
        visitor.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_streams_at_once_keep_their_bytes_apart() {
    let (edge, agent) = sockets().await;
    let (mut world, agent) = over(edge, agent);
    let mut others = JoinSet::new();
    others.spawn(echo(agent));
    two_hundred_streams(world.edge.clone(), 700_000).await;
    within(async {
        while world.edge.stats().streams > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(world.edge.stats().bytes_in > 1_000_000);
    assert_eq!(world.edge.stats().bytes_in, world.edge.stats().bytes_out);
    world.tasks.abort_all();
}

#[tokio::test]
async fn a_transport_of_eight_bytes_changes_nothing() {
    let (edge, agent) = duplex(8);
    let (world, agent) = over(edge, agent);
    let mut others = JoinSet::new();
    others.spawn(echo(agent));
    two_hundred_streams(world.edge.clone(), 3_000).await;
}

#[tokio::test]
async fn a_reader_that_stalls_holds_up_nobody_else() {
    let (edge, agent) = sockets().await;
    let (world, agent) = over(edge, agent);
    let mut others = JoinSet::new();
    others.spawn(echo(agent));
    let mut stalled = Vec::new();
    for _ in 0..8 {
        let mut stream = world.edge.open(&target("echo")).await.unwrap();
        // Nobody reads the echo, so after both windows and buffers are full the write waits for ever.
        let mut written = 0;
        while let Ok(n) =
            tokio::time::timeout(std::time::Duration::from_millis(50), stream.write(&[7; 16_384])).await
        {
            written += n.unwrap();
            assert!(written < 1024 * 1024, "a stalled stream must not take bytes without end");
        }
        stalled.push((stream, written));
    }
    for seed in 0..20 {
        let bytes = pattern(seed, 300_000);
        assert!(within(there_and_back(&world.edge, bytes.clone())).await.unwrap() == bytes);
    }
    // They go on as soon as somebody reads.
    for (stream, written) in stalled {
        let (mut read, mut write) = tokio::io::split(stream);
        let mut back = Vec::new();
        let (shut, _) = within(async { tokio::join!(write.shutdown(), read.read_to_end(&mut back)) }).await;
        shut.unwrap();
        assert_eq!(back.len(), written);
    }
}

#[tokio::test]
async fn each_direction_closes_by_itself() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    let mut visitor = world.edge.open(&target("x")).await.unwrap();
    visitor.write_all(b"question").await.unwrap();
    visitor.shutdown().await.unwrap();
    let (asked, mut served) = within(agent.accept()).await.unwrap();
    assert_eq!(asked.target(), "x");
    let mut question = Vec::new();
    within(served.read_to_end(&mut question)).await.unwrap();
    assert_eq!(question, b"question");
    served.write_all(b"answer after the end").await.unwrap();
    served.shutdown().await.unwrap();
    drop(served);
    let mut answer = Vec::new();
    within(visitor.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, b"answer after the end");
    assert_eq!(visitor.write(b"more").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn a_refusal_carries_its_code_to_the_edge() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    for (code, kind) in [
        (ResetCode::BackendRefused, ErrorKind::ConnectionRefused),
        (ResetCode::BackendUnreachable, ErrorKind::HostUnreachable),
        (ResetCode::BackendTimeout, ErrorKind::TimedOut),
        (ResetCode::NoSuchTarget, ErrorKind::NotFound),
        (ResetCode::Cancelled, ErrorKind::ConnectionReset),
    ] {
        let mut visitor = world.edge.open(&target("gone")).await.unwrap();
        visitor.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        within(agent.accept()).await.unwrap().1.reject(code);
        assert_eq!(within(visitor.confirmed()).await, Err(StreamError::Reset(code)));
        let error = within(visitor.read(&mut [0; 8])).await.unwrap_err();
        assert_eq!((reset_code(&error), error.kind()), (Some(code), kind));
    }
}

#[tokio::test]
async fn a_confirmation_comes_by_word_or_by_bytes() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    let by_word = world.edge.open(&target("a")).await.unwrap();
    let served = within(agent.accept()).await.unwrap().1;
    served.confirm().unwrap();
    within(by_word.confirmed()).await.unwrap();
    let by_bytes = world.edge.open(&target("b")).await.unwrap();
    let mut served_too = within(agent.accept()).await.unwrap().1;
    served_too.write_all(b"hello").await.unwrap();
    within(by_bytes.confirmed()).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_unfinished_is_cancelled_on_the_other_side() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    let visitor = world.edge.open(&target("x")).await.unwrap();
    let (_, mut served) = within(agent.accept()).await.unwrap();
    drop(visitor);
    let error = within(served.read(&mut [0; 8])).await.unwrap_err();
    assert_eq!(reset_code(&error), Some(ResetCode::Cancelled));
    assert_eq!(world.edge.stats().streams, 0);
}

#[tokio::test]
async fn an_answer_that_was_finished_arrives_though_its_stream_is_dropped() {
    let (edge, agent) = sockets().await;
    let (world, mut agent) = over(edge, agent);
    let bytes = pattern(1, 60_000);
    let mut visitor = world.edge.open(&target("x")).await.unwrap();
    let (_, mut served) = within(agent.accept()).await.unwrap();
    served.write_all(&bytes).await.unwrap();
    served.shutdown().await.unwrap();
    drop(served);
    let mut answer = Vec::new();
    within(visitor.read_to_end(&mut answer)).await.unwrap();
    assert!(answer == bytes);
}
