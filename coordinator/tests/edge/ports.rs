//! Raw TCP by public port.

use crate::world::*;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::TaskTracker;
use ttalkak_coordinator::edge::{EdgeConfig, routes::Target};
use ttalkak_protocol::unit::PublicPort;

/// A port that was free a moment ago.
async fn free_port() -> PublicPort {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    PublicPort::try_from(i64::from(listener.local_addr().unwrap().port())).unwrap()
}

fn address(port: PublicPort) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port.get()))
}

/// Waits for the listener, which follows the table.
async fn dial(port: PublicPort) -> TcpStream {
    loop {
        match TcpStream::connect(address(port)).await {
            Ok(socket) => return socket,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

fn to(number: u128) -> Target {
    Target::Lease { lease: lease(number), agent: agent_id() }
}

/// Answers once the visitor has finished, with what it said twice.
async fn twice(tasks: &TaskTracker) -> SocketAddr {
    raw_backend(tasks, |mut socket| async move {
        let mut said = Vec::new();
        socket.read_to_end(&mut said).await.unwrap();
        socket.write_all(&said.repeat(2)).await.unwrap();
    })
    .await
}

#[tokio::test]
async fn a_port_carries_bytes_and_half_closes() {
    let backend = twice(&TaskTracker::new()).await;
    let world = World::new().await;
    let _agent = world.agent(&[(1, backend)]).await;
    let port = free_port().await;
    world.serve_by("db", to(1), Some(port));
    let mut socket = dial(port).await;
    socket.write_all(b"ping").await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"pingping");
    assert!(world.routes.drained(lease(1), std::time::Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_port_follows_its_route_and_closes_with_it() {
    let world = World::new().await;
    let _agent = world.agent(&[(1, twice(&TaskTracker::new()).await)]).await;
    let port = free_port().await;
    world.serve_by("db", to(1), Some(port));
    let mut served = dial(port).await;
    while world.routes.streams(lease(1)) == 0 {
        tokio::task::yield_now().await;
    }
    world.routes.remove("db");
    while TcpStream::connect(address(port)).await.is_ok() {
        tokio::task::yield_now().await;
    }
    served.write_all(b"x").await.unwrap();
    served.shutdown().await.unwrap();
    let mut answer = Vec::new();
    served.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"xx", "who was being served is served to the end");
    world.serve_by("db", to(1), Some(port));
    drop(dial(port).await);
}

#[tokio::test]
async fn a_cut_is_not_a_proper_end() {
    let world = World::new().await;
    let silent = raw_backend(&TaskTracker::new(), |mut socket| async move {
        socket.write_all(b"first").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let agent = world.agent(&[(1, silent)]).await;
    let port = free_port().await;
    world.serve_by("db", to(1), Some(port));
    let mut socket = dial(port).await;
    let mut first = [0; 5];
    socket.read_exact(&mut first).await.unwrap();
    agent.kill();
    assert!(socket.read(&mut first).await.is_err(), "a reset, not an end");
}

#[tokio::test]
async fn visitors_beyond_a_ports_limit_are_turned_away() {
    let world = World::with(EdgeConfig { port_visitors_max: 1, ..config() }).await;
    let _agent = world.agent(&[(1, twice(&TaskTracker::new()).await)]).await;
    let port = free_port().await;
    world.serve_by("db", to(1), Some(port));
    let mut first = dial(port).await;
    first.write_all(b"a").await.unwrap();
    let mut second = dial(port).await;
    assert!(!matches!(second.read(&mut [0; 1]).await, Ok(1..)), "turned away");
    first.shutdown().await.unwrap();
    let mut answer = Vec::new();
    first.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"aa");
}
