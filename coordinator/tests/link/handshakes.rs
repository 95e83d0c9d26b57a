//! Who gets in and who does not.

use crate::world::*;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use ttalkak_coordinator::{link::LinkConfig, online::token_hash};
use ttalkak_protocol::{
    id::AgentId,
    link::{FromAgent, FromCoordinator},
    version::{Version, VersionRange, supported},
};

#[tokio::test]
async fn an_agent_that_proves_its_key_is_welcomed_and_told_what_to_run() {
    let world = World::new().await;
    let (_agent, welcome, assignment) = world.welcomed().await;
    assert_eq!((welcome.version, assignment.generation), (supported().max, 1));
    assert!(world.online.contains(agent_id()));
    assert!(world.online.tunnel_owner(&token_hash(welcome.tunnel_token.reveal())).is_some());
    let (_other, other, next) = world.welcomed().await;
    assert_ne!(other.tunnel_token, welcome.tunnel_token);
    assert!(next.generation > assignment.generation);
}

#[tokio::test]
async fn an_agent_of_another_age_is_told_what_is_spoken_here() {
    let ours = VersionRange { min: Version(5), max: Version(6) };
    let world = World::with(LinkConfig { versions: ours, ..config() }).await;
    for (min, max) in [(1, 4), (7, 9)] {
        let mut agent = world.dial().await;
        let versions = VersionRange { min: Version(min), max: Version(max) };
        agent.send(FromAgent::Hello(ttalkak_protocol::link::Hello { versions, ..hello(agent_id()) })).await;
        let FromCoordinator::Refused(refused) = agent.next().await else { panic!("not refused") };
        assert_eq!((refused.problem.code.as_str(), refused.supported), ("version_unsupported", ours));
        assert!(agent.ended_or_next().await.is_err());
    }
}

#[tokio::test]
async fn strangers_and_those_who_cannot_prove_it_stay_out() {
    let world = World::new().await;
    let stranger = AgentId::new(uuid::Uuid::from_u128(9));
    let mut agent = world.dial().await;
    agent.send(FromAgent::Hello(hello(stranger))).await;
    assert_eq!(agent.end().await.0.as_deref(), Some("agent_unknown"));

    let mut first = world.dial().await;
    let old = first.challenge(agent_id()).await;
    let mut second = world.dial().await;
    let new = second.challenge(agent_id()).await;
    assert_ne!(old.nonce, new.nonce);
    second.send(proof(&old, agent_id())).await;
    assert_eq!(second.end().await.0.as_deref(), Some("signature_invalid"), "a proof is good once");
    first.send(proof(&old, stranger)).await;
    assert_eq!(first.end().await.0.as_deref(), Some("signature_invalid"), "a proof is good for one agent");

    world.memory.agents.lock().unwrap().get_mut(&agent_id()).unwrap().revoked = true;
    let mut agent = world.dial().await;
    agent.send(FromAgent::Hello(hello(agent_id()))).await;
    assert_eq!(agent.end().await.0.as_deref(), Some("agent_revoked"));
    assert_eq!(world.online.count(), 0);
}

#[tokio::test]
async fn who_speaks_out_of_turn_is_refused() {
    let world = World::new().await;
    let mut agent = world.dial().await;
    agent.send(FromAgent::Report(report(0))).await;
    assert_eq!(agent.end().await.0.as_deref(), Some("unexpected_message"));
    let mut agent = world.dial().await;
    agent.challenge(agent_id()).await;
    agent.send(FromAgent::Report(report(0))).await;
    assert_eq!(agent.end().await.0.as_deref(), Some("unexpected_message"));
    let (mut agent, ..) = world.welcomed().await;
    agent.send(FromAgent::Hello(hello(agent_id()))).await;
    assert_eq!(agent.end().await.0.as_deref(), Some("unexpected_message"), "a second hello");
    assert!(world.memory.reports.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_dawdles_before_its_proof_is_shown_out() {
    let world = World::with(LinkConfig { handshake_deadline: Duration::from_millis(100), ..config() }).await;
    let mut silent = world.dial().await;
    let mut halfway = world.dial().await;
    halfway.challenge(agent_id()).await;
    assert_eq!(silent.end().await.0.as_deref(), Some("deadline_exceeded"));
    assert_eq!(halfway.end().await.0.as_deref(), Some("deadline_exceeded"));
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let world = World::new().await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    socket.write_all(b"GET /v1/link HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426") && answer.contains("unexpected_message"), "{answer}");
}
