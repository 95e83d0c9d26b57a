//! Strangers and damaged bytes at the doors of a real coordinator: the link, the tunnel, the API and the edge. Each is
//! refused in words, none blocks an honest request, and none makes the coordinator grow.

use futures_util::SinkExt;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;
use ttalkak_protocol::{
    codec,
    link::{FromAgent, FromCoordinator, TUNNEL_PATH},
    version::{Version, VersionRange, supported},
};
use ttalkak_tests::{
    World,
    made::{MadeAgent, report},
    world::SOON,
};

/// What one attack may leave in memory: what the allocator keeps of it.
const GROWTH_MAX: u64 = 10 * 1024 * 1024;
/// An honest request is answered within this, whoever else is at the door.
const PROMPT: Duration = Duration::from_secs(5);

async fn assert_still_prompt(world: &World) {
    let asked = timeout(PROMPT, world.get_api("/v1/health")).await.expect("an answer in time");
    assert_eq!(asked.0, 200);
    let visit = timeout(PROMPT, world.visit("nobody", "/")).await.expect("a page in time");
    assert_eq!((visit.status, visit.cause.as_deref()), (404, Some("no_route")));
}

fn assert_not_grown(world: &World, before: u64) {
    let grown = world.coordinator.resident_bytes().saturating_sub(before);
    assert!(grown < GROWTH_MAX, "the coordinator grew by {grown} bytes");
}

#[tokio::test]
async fn an_agent_of_an_old_protocol_is_told_what_is_spoken() {
    let Some(world) = World::start().await else { return };
    let agent = MadeAgent::enrol(&world).await;
    let newest = supported().max.0;
    for (min, max) in [(0, 0), (newest + 1, newest + 9)] {
        let mut link = agent.dial().await;
        link.send(&agent.hello(VersionRange { min: Version(min), max: Version(max) })).await;
        let FromCoordinator::Refused(refused) = link.next().await else { panic!("not refused") };
        assert_eq!(refused.problem.code.as_str(), "version_unsupported");
        assert_eq!(refused.supported, supported());
        assert!(refused.problem.message.contains(&newest.to_string()), "{}", refused.problem.message);
    }
    agent.welcomed().await.0.heartbeat().await;
    world.stop().await;
}

#[tokio::test]
async fn frames_that_no_agent_sends_end_the_link_and_nothing_else() {
    let Some(world) = World::start().await else { return };
    let agent = MadeAgent::enrol(&world).await;
    agent.welcomed().await.0.heartbeat().await;
    let before = world.coordinator.resident_bytes();
    let good = codec::encode(9, &FromAgent::Report(report(1)));
    let mut flipped = good.clone();
    flipped[10] ^= 1;
    let cut = good[..good.len() - 1].to_vec();
    for frame in [flipped, cut, vec![], vec![0; 3], vec![0xff; 64 * 1024]] {
        let (mut link, _) = agent.welcomed().await;
        link.raw(frame).await;
        assert_eq!(link.refusal().await.as_deref(), Some("frame_refused"));
    }
    let (mut link, _) = agent.welcomed().await;
    let text = Message::Text("{\"n\":3,\"kind\":\"report\"}".into());
    link.socket.send(text).await.expect("a link that takes bytes");
    assert_eq!(link.refusal().await.as_deref(), Some("frame_refused"), "text");

    for _ in 0..20 {
        let (mut link, _) = agent.welcomed().await;
        let mut head = vec![0x82, 0xff];
        head.extend((1_u64 << 30).to_be_bytes());
        head.extend([0; 4]);
        link.socket.get_mut().write_all(&head).await.expect("a head to send");
        assert_eq!(link.refusal().await.as_deref(), Some("frame_refused"), "a claim of 1 GiB");
    }
    assert_still_prompt(&world).await;
    assert_not_grown(&world, before);
    agent.welcomed().await.0.heartbeat().await;
    world.stop().await;
}

#[tokio::test]
async fn messages_out_of_order_are_refused_and_repeated_or_unknown_ones_do_no_harm() {
    let Some(world) = World::start().await else { return };
    let agent = MadeAgent::enrol(&world).await;

    let (mut link, _) = agent.welcomed().await;
    link.heartbeat().await;
    for n in [link.n, 1, 0] {
        link.raw(codec::encode(n, &FromAgent::Report(report(7)))).await;
    }
    link.heartbeat().await;

    link.n += 1;
    link.raw(codec::encode(link.n, &serde_json::json!({"kind": "telepathy"}))).await;
    let FromCoordinator::Unsupported(unknown) = link.next().await else { panic!("not answered") };
    assert_eq!((unknown.n, unknown.of.as_str()), (link.n, "telepathy"));
    link.heartbeat().await;

    link.send(&agent.hello(supported())).await;
    assert_eq!(link.refusal().await.as_deref(), Some("unexpected_message"), "a second hello");

    let mut hasty = agent.dial().await;
    hasty.send(&FromAgent::Report(report(1))).await;
    assert_eq!(hasty.refusal().await.as_deref(), Some("unexpected_message"), "a report before the hello");

    let (_first, old) = agent.challenged().await;
    let (mut second, _) = agent.challenged().await;
    second.send(&agent.proof(&old)).await;
    assert_eq!(second.refusal().await.as_deref(), Some("signature_invalid"), "a proof is good once");

    let other = MadeAgent::enrol(&world).await;
    let (mut thief, challenge) = agent.challenged().await;
    thief.send(&other.proof(&challenge)).await;
    assert_eq!(thief.refusal().await.as_deref(), Some("signature_invalid"), "another agent's key");
    world.stop().await;
}

/// Asks for a tunnel; returns the status and the open connection.
async fn ask_for_tunnel(address: &str, token: &str) -> (String, TcpStream) {
    let mut socket = TcpStream::connect(address).await.expect("a coordinator that listens");
    let head = format!(
        "GET {TUNNEL_PATH} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: ttalkak-tunnel\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.expect("a head to send");
    let mut answer = vec![0; 12];
    timeout(SOON, socket.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    (String::from_utf8_lossy(&answer[9..]).into_owned(), socket)
}

#[tokio::test]
async fn a_tunnel_needs_the_token_of_a_standing_link_and_garbage_ends_it() {
    let Some(world) = World::start().await else { return };
    let agent = MadeAgent::enrol(&world).await;
    let (link, welcome) = agent.welcomed().await;
    let token = welcome.tunnel_token.reveal().clone();
    for wrong in ["", "ttt_guess", &world.token] {
        assert_eq!(ask_for_tunnel(agent.address(), wrong).await.0, "401");
    }
    let before = world.coordinator.resident_bytes();
    for garbage in [vec![0xff; 1 << 20], vec![0; 1 << 20], b"GET / HTTP/1.1\r\n\r\n".repeat(1000)] {
        let (status, mut socket) = ask_for_tunnel(agent.address(), &token).await;
        assert_eq!(status, "101");
        // The other side may hang up in the middle, which is what is hoped for.
        let _ = socket.write_all(&garbage).await;
        let _ = socket.shutdown().await;
        let mut rest = Vec::new();
        let _ = timeout(SOON, socket.read_to_end(&mut rest)).await.expect("the tunnel to end");
    }
    assert_still_prompt(&world).await;
    assert_not_grown(&world, before);
    drop(link);
    ttalkak_tests::until("the token dies with the link", SOON, || async {
        (ask_for_tunnel(agent.address(), &token).await.0 == "401").then_some(())
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn a_hundred_slow_visitors_at_each_door_block_nobody() {
    let Some(world) = World::start().await else { return };
    let agent = MadeAgent::enrol(&world).await;
    let before = world.coordinator.resident_bytes();
    let edge = world.edge_url("").trim_start_matches("http://").to_owned();
    let mut slow = Vec::new();
    let started = format!(
        "POST /v1/deployments HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 900000\r\n\r\n{{",
        world.token
    );
    for _ in 0..100 {
        for (address, head) in [
            (agent.address(), started.as_str()),
            (agent.address(), "POST /v1/deployments HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n"),
            (agent.address(), "GET /v1/link HTTP/1.1\r\nConnection: Upg"),
            (edge.as_str(), "GET / HTTP/1.1\r\nHost: nobody.loc"),
        ] {
            let mut socket = TcpStream::connect(address).await.expect("a door that opens");
            socket.write_all(head.as_bytes()).await.expect("a few bytes to send");
            slow.push(socket);
        }
    }
    // And those who say hello to nobody: upgraded links that stay silent.
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(agent.dial().await);
    }
    assert_still_prompt(&world).await;
    agent.welcomed().await.0.heartbeat().await;
    assert_not_grown(&world, before);
    assert_eq!(silent[0].refusal().await.as_deref(), Some("deadline_exceeded"), "silence has an end");
    for mut socket in slow {
        let mut rest = Vec::new();
        let _ = timeout(SOON, socket.read_to_end(&mut rest)).await.expect("half a request has an end");
    }
    world.stop().await;
}
