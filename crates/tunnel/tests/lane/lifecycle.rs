//! How tunnels end: by draining, by silence, by a peer that is gone.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use ttalkak_tunnel::{
    CloseReason, Limits, OpenError, ResetCode, StreamError, Tunnel, reset_code, stream_error,
};

use crate::world::{echo, over, sockets, target, within};

#[tokio::test]
async fn a_drain_finishes_what_is_open_and_opens_nothing_new() {
    let (edge, agent) = sockets().await;
    let (mut world, mut agent) = over(edge, agent);
    let mut visitor = world.edge.open(&target("x")).await.unwrap();
    let (_, mut served) = within(agent.accept()).await.unwrap();
    world.agent_shutdown.cancel();
    within(async {
        while world.edge.is_alive() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(world.edge.open(&target("y")).await.unwrap_err(), OpenError::Draining);
    visitor.write_all(b"still here").await.unwrap();
    visitor.shutdown().await.unwrap();
    let mut heard = String::new();
    within(served.read_to_string(&mut heard)).await.unwrap();
    assert_eq!(heard, "still here");
    served.shutdown().await.unwrap();
    drop((visitor, served));
    let mut reasons = [within(world.tasks.join_next()).await, within(world.tasks.join_next()).await]
        .map(|reason| reason.unwrap().unwrap().to_string());
    reasons.sort();
    assert_eq!(reasons, [CloseReason::Shutdown.to_string(), CloseReason::PeerDrained.to_string()]);
    assert!(within(agent.accept()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_at_its_deadline_though_a_stream_stays() {
    let (edge, agent) = duplex(4096);
    let (world, mut agent) = over(edge, agent);
    let mut visitor = world.edge.open(&target("x")).await.unwrap();
    let (_, _served) = within(agent.accept()).await.unwrap();
    world.edge_shutdown.cancel();
    assert_eq!(within(world.edge.closed()).await, CloseReason::Shutdown);
    let error = within(visitor.read(&mut [0; 8])).await.unwrap_err();
    assert_eq!(stream_error(&error), Some(&StreamError::TunnelClosed(CloseReason::Shutdown)));
}

#[tokio::test]
async fn a_peer_that_vanishes_ends_every_stream_with_an_error() {
    let (edge, agent) = sockets().await;
    let (mut world, agent) = over(edge, agent);
    let mut others = JoinSet::new();
    others.spawn(echo(agent));
    let mut stream = world.edge.open(&target("echo")).await.unwrap();
    stream.write_all(b"x").await.unwrap();
    within(stream.read_exact(&mut [0; 1])).await.unwrap();
    let edge = world.edge.clone();
    // Aborting a driver closes its socket, as a killed process would.
    world.tasks.abort_all();
    let error = within(stream.read(&mut [0; 8])).await.unwrap_err();
    assert!(matches!(stream_error(&error), Some(StreamError::TunnelClosed(_))), "{error}");
    within(edge.closed()).await;
    assert!(matches!(edge.open(&target("x")).await, Err(OpenError::Closed(_))));
    within(others.join_next()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up_after_fifteen_seconds() {
    let (ours, mut theirs) = duplex(4096);
    let (edge, driver) = Tunnel::edge(ours, Limits::default(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(driver);
    let began = tokio::time::Instant::now();
    assert_eq!(edge.closed().await, CloseReason::Dead);
    let waited = began.elapsed();
    assert!((Duration::from_secs(15)..Duration::from_secs(17)).contains(&waited), "{waited:?}");
    let mut said = Vec::new();
    theirs.read_to_end(&mut said).await.unwrap();
    // Three pings, then GoAway with the code of a timeout.
    assert_eq!(said.len(), 3 * 16 + 10);
    assert_eq!(said[said.len() - 10..], [0, 0, 0, 0, 8, 0, 0, 2, 0, 7]);
}

#[tokio::test(start_paused = true)]
async fn two_idle_ends_keep_each_other_alive_and_know_the_round_trip() {
    let (edge, agent) = duplex(4096);
    let (world, _agent) = over(edge, agent);
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(world.edge.is_alive());
    assert!(world.edge.stats().round_trip.is_some());
}

#[tokio::test]
async fn an_agent_that_stops_accepting_refuses_and_drains() {
    let (edge, agent) = sockets().await;
    let (world, agent) = over(edge, agent);
    let mut visitor = world.edge.open(&target("x")).await.unwrap();
    drop(agent);
    let error = within(visitor.read(&mut [0; 8])).await.unwrap_err();
    assert_eq!(reset_code(&error), Some(ResetCode::GoingAway));
    assert!(!world.edge.is_alive());
}

#[tokio::test]
async fn a_dropped_driver_leaves_nobody_waiting() {
    let (ours, _theirs) = duplex(64);
    let (edge, driver) = Tunnel::edge(ours, Limits::default(), CancellationToken::new());
    let mut stream = edge.open(&target("x")).await.unwrap();
    drop(driver);
    assert_eq!(within(edge.closed()).await, CloseReason::DriverDropped);
    within(stream.read(&mut [0; 8])).await.unwrap_err();
}
