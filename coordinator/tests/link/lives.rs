//! A link's life: reports, changes, replacement, silence, revocation, the end.

use crate::world::*;
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use ttalkak_coordinator::link::LinkConfig;
use ttalkak_protocol::{
    id::{DeploymentId, LeaseId},
    link::{DrainPlan, Drained, Fate, FromAgent, FromCoordinator, Lending, Report},
    unit::UnixMillis,
    version::{Version, VersionRange},
};
use uuid::Uuid;

#[tokio::test]
async fn a_report_is_stored_renews_the_leases_and_wakes_the_sagas() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    world.nudge.sagas_nudged().await;
    agent.send(FromAgent::Report(report(1))).await;
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)));
    world.nudge.sagas_nudged().await;
    assert_eq!(world.memory.reports.lock().unwrap().len(), 1);
    let machine = world.online.get(agent_id()).unwrap().machine.unwrap();
    assert!((machine.cpu_percent - 7.0).abs() < f32::EPSILON);
}

#[tokio::test]
async fn a_changed_assignment_is_sent_and_changes_that_come_together_go_together() {
    let world = World::new().await;
    let (mut agent, _, first) = world.welcomed().await;
    for _ in 0..10 {
        world.nudge.assignment(agent_id());
    }
    let FromCoordinator::Assignment(second) = agent.next().await else { panic!("no assignment") };
    assert_eq!(second.generation, first.generation + 1);
    world.nudge.assignment(agent_id());
    let FromCoordinator::Assignment(third) = agent.next().await else { panic!("no assignment") };
    assert_eq!(third.generation, second.generation + 1);
}

#[tokio::test]
async fn a_newer_connection_replaces_the_older_one() {
    let world = World::new().await;
    let (mut older, ..) = world.welcomed().await;
    let before = world.online.get(agent_id()).unwrap().epoch;
    let (mut newer, ..) = world.welcomed().await;
    assert_eq!(older.end().await, (None, Some(4001)));
    assert!(world.online.get(agent_id()).unwrap().epoch > before);
    let _ = older
        .ws
        .send(Message::Binary(ttalkak_protocol::codec::encode(9, &FromAgent::Report(report(9))).into()))
        .await;
    newer.send(FromAgent::Report(report(1))).await;
    assert!(matches!(newer.next().await, FromCoordinator::Renewed(_)));
    world.nudge.assignment(agent_id());
    assert!(matches!(newer.next().await, FromCoordinator::Assignment(_)), "changes go to the newer one");
    let reports = world.memory.reports.lock().unwrap();
    assert!(reports.iter().all(|report| report.generation == 1), "the older one's word does not count");
    assert!(world.online.contains(agent_id()));
}

#[tokio::test]
async fn silence_ends_the_link() {
    let times = LinkConfig {
        silence_max: Duration::from_millis(200),
        ping_every: Duration::from_secs(60),
        ..config()
    };
    let world = World::with(times).await;
    let (mut agent, ..) = world.welcomed().await;
    world.until_offline().await;
    assert_eq!(agent.end().await, (None, Some(1001)));
}

#[tokio::test]
async fn an_agent_that_answers_pings_is_not_silent() {
    let times = LinkConfig {
        silence_max: Duration::from_millis(400),
        ping_every: Duration::from_millis(50),
        ..config()
    };
    let world = World::with(times).await;
    let (mut agent, ..) = world.welcomed().await;
    let mut pings = 0;
    while pings < 20 {
        match agent.ws.next().await {
            Some(Ok(Message::Ping(_))) => pings += 1,
            Some(Ok(_)) => {}
            other => panic!("the link ended: {other:?}"),
        }
    }
    assert!(world.online.contains(agent_id()));
}

#[tokio::test]
async fn a_revoked_agent_is_shown_out_by_the_check_or_at_once() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    world.memory.agents.lock().unwrap().get_mut(&agent_id()).unwrap().revoked = true;
    assert_eq!(agent.end().await.0.as_deref(), Some("agent_revoked"));
    world.until_offline().await;

    let world = World::with(LinkConfig { right_check_every: Duration::from_secs(60), ..config() }).await;
    let (mut agent, ..) = world.welcomed().await;
    world.memory.agents.lock().unwrap().get_mut(&agent_id()).unwrap().revoked = true;
    world.online.revoke(agent_id());
    assert_eq!(agent.end().await.0.as_deref(), Some("agent_revoked"));
}

#[tokio::test]
async fn a_store_that_fails_ends_the_link_so_that_the_agent_comes_back() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    *world.memory.broken.lock().unwrap() = true;
    agent.send(FromAgent::Report(report(1))).await;
    assert_eq!(agent.end().await, (None, Some(1013)));
    world.until_offline().await;
    *world.memory.broken.lock().unwrap() = false;
    world.welcomed().await;
}

#[tokio::test]
async fn stopping_ends_every_link_and_leaves_no_task() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    world.shutdown.cancel();
    assert_eq!(agent.end().await, (None, Some(1012)));
    drop(agent);
    world.tasks.close();
    world.tasks.wait().await;
    assert_eq!(world.online.count(), 0);
}

#[tokio::test]
async fn an_agent_that_leaves_is_offline() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    agent.ws.close(None).await.unwrap();
    world.until_offline().await;
    let (agent, ..) = world.welcomed().await;
    drop(agent);
    world.until_offline().await;
}

fn plan() -> DrainPlan {
    let item = Drained {
        lease: LeaseId::new(Uuid::from_u128(2)),
        deployment: DeploymentId::new(Uuid::from_u128(3)),
        name: "shop".into(),
        fate: Fate::Stops { at: UnixMillis(5), why: "Nobody.".into() },
    };
    DrainPlan { items: vec![item] }
}

fn leaving(generation: u64) -> FromAgent {
    let lending = Lending { leaving_by: Some(UnixMillis(5)), ..Lending::default() };
    FromAgent::Report(Report { lending, ..report(generation) })
}

#[tokio::test]
async fn an_agent_that_leaves_is_told_what_becomes_of_its_leases_once_for_each_change() {
    let world = World::with(LinkConfig { right_check_every: Duration::from_secs(60), ..config() }).await;
    let (mut agent, welcome, _) = world.welcomed().await;
    assert!(welcome.api_token.is_some());
    *world.memory.drain.lock().unwrap() = plan();
    agent.send(FromAgent::Report(report(1))).await;
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)));
    for _ in 0..2 {
        agent.send(leaving(1)).await;
    }
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)), "who stays is told nothing");
    assert_eq!(agent.next().await, FromCoordinator::Drain(plan()));
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)), "what is known is not said again");
    assert!(world.online.get(agent_id()).unwrap().lending.leaving_by.is_some());
    *world.memory.drain.lock().unwrap() = DrainPlan::default();
    agent.send(FromAgent::Report(report(1))).await;
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)));
    assert_eq!(agent.next().await, FromCoordinator::Drain(DrainPlan::default()), "the last word");
}

#[tokio::test]
async fn an_agent_of_version_1_hears_nothing_that_it_does_not_know() {
    let first = VersionRange { min: Version(1), max: Version(1) };
    let world = World::with(LinkConfig { versions: first, ..config() }).await;
    let (mut agent, welcome, _) = world.welcomed().await;
    assert_eq!((welcome.version, welcome.api_token), (Version(1), None));
    *world.memory.drain.lock().unwrap() = plan();
    for _ in 0..2 {
        agent.send(leaving(1)).await;
        assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)));
    }
}
