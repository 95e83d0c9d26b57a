//! `ttalkak-agent tunnel`: a service of this machine gets an address without a container. Needs the engine only
//! because every world has an agent.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use serde_json::Value;
use std::{path::Path, process::Command, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use ttalkak_tests::{
    World,
    program::{Program, binary},
    until,
    world::SOON,
};

/// A service that answers every connection with `answer` once it has heard something; gone with the set.
async fn service(tasks: &mut JoinSet<()>, answer: &'static str) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("its address").port();
    tasks.spawn(async move {
        while let Ok((mut visitor, _)) = listener.accept().await {
            let mut heard = [0; 4096];
            let _ = visitor.read(&mut heard).await;
            let _ = visitor.write_all(answer.as_bytes()).await;
        }
    });
    port
}

fn tunnel(world: &World, log: &Path, port: u16, name: &str, more: &[&str]) -> Program {
    let mut command = Command::new(binary("ttalkak-agent"));
    command
        .args(["tunnel", "--json", "--name", name, "--to", &format!("127.0.0.1:{port}")])
        .args(["--coordinator", &world.api_url()])
        .args(more)
        .env("TTALKAK_TOKEN", &world.token);
    Program::start(command, log)
}

/// What it prints when it is up.
async fn up(log: &Path) -> Value {
    until("the tunnel is up", SOON, || async {
        let text = std::fs::read_to_string(log).ok()?;
        text.lines().find_map(|line| serde_json::from_str::<Value>(line).ok())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_service_has_an_address_until_its_tunnel_is_closed() {
    let Some(world) = World::start().await else { return };
    let mut tasks = JoinSet::new();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlocal";
    let port = service(&mut tasks, answer).await;
    let log = world.folder().join("tunnel.log");
    let mut program = tunnel(&world, &log, port, "local", &[]);
    let told = up(&log).await;
    assert_eq!(told["name"], "local");
    assert!(told["url"].as_str().unwrap().starts_with("http://local.localhost:"), "{told}");
    let visit = world.visit("local", "/").await;
    assert_eq!((visit.status, visit.body.as_str()), (200, "local"));
    let (_, list) = world.get_api("/v1/tunnels").await;
    assert_eq!(
        (&list["items"][0]["name"], &list["items"][0]["connected"]),
        (&told["name"], &Value::Bool(true))
    );

    program.signal("INT");
    let status = program.wait(Duration::from_secs(20)).await;
    assert!(status.success(), "{status}: {}", program.log_tail(10));
    let visit = world.visit("local", "/").await;
    assert_eq!((visit.status, visit.cause.as_deref()), (404, Some("no_route")));
    assert_eq!(world.get_api("/v1/tunnels").await.1["items"], Value::Array(Vec::new()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_of_raw_tcp_has_a_public_port_and_returns_after_the_coordinator_was_killed() {
    let Some(mut world) = World::start().await else { return };
    let mut tasks = JoinSet::new();
    let port = service(&mut tasks, "pong").await;
    let log = world.folder().join("tunnel.log");
    let mut program = tunnel(&world, &log, port, "raw", &["--tcp"]);
    let public = u16::try_from(up(&log).await["public_port"].as_u64().expect("a public port")).unwrap();
    assert_eq!(ping(public).await.as_deref(), Some("pong"));

    world.coordinator.kill().await;
    world.restart_coordinator(Vec::new()).await;
    let again =
        until("the tunnel is dialled again", SOON, || async { ping(public).await.filter(|p| !p.is_empty()) });
    assert_eq!(again.await, "pong");
    let status = program.stop(Duration::from_secs(20)).await;
    assert!(status.success(), "{status}: {}", program.log_tail(10));
    world.stop().await;
}

async fn ping(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(b"ping").await.ok()?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.ok()?;
    Some(heard)
}
