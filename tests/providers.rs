//! Two providers: one leaves, is lost or is removed, and the other takes over. Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use serde_json::{Value, json};
use std::time::Duration;
use ttalkak_tests::{
    App, Second, Visitors, World, until,
    world::{BUILD, SOON},
};

/// A lost provider is waited for before another one takes over.
const TAKEOVER: Duration = Duration::from_secs(240);

async fn provider(world: &World, id: &str) -> Value {
    world.get_api(&format!("/v1/providers/{id}")).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_leaves_its_app_moves_and_no_visitor_notices() {
    let Some(world) = World::start().await else { return };
    let app = App::new("steady");
    world.deploy(app.path(), "shop", &[]).await;
    world.await_containers(1).await;
    let second = Second::start(&world).await;

    let visitors = Visitors::start(&world, "shop", 4);
    let output = world.cli(&["providers", "leave", &world.agent_id, "--in", "20"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    until("the second agent serves", BUILD, || async {
        (provider(&world, &second.id).await["workloads"] == 1).then_some(())
    })
    .await;
    until("the first agent is empty", BUILD, || async {
        (provider(&world, &world.agent_id).await["workloads"] == 0).then_some(())
    })
    .await;
    world.await_containers(0).await;
    let seen = visitors.stop().await;
    assert_eq!(seen.failures, Vec::<String>::new(), "{:?}", seen.answers);
    assert_eq!(seen.answers.keys().collect::<Vec<_>>(), ["steady"]);
    assert_eq!(world.await_state("shop", "live", SOON).await["release"], 1, "it is the same release");
    second.await_containers(1).await;

    // Who leaves gets nothing new, not even what it has the image of.
    let output = world.cli(&["restart", "shop"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.await_containers(0).await;
    drop(second);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_take_is_stopped_with_a_true_word_and_comes_back_when_somebody_can() {
    let Some(world) = World::start().await else { return };
    let app = App::new("steady");
    world.deploy(app.path(), "shop", &[]).await;
    let leave = format!("/v1/providers/{}/leave", world.agent_id);
    let (status, told) =
        world.call(reqwest::Method::PUT, &leave, Some(&json!({ "by": "2026-01-01T00:00:00Z" }))).await;
    assert_eq!((status, told["lending"]["accepting"].as_bool()), (200, Some(true)), "{told}");
    let offline = world.await_state("shop", "offline", SOON).await;
    assert_eq!(offline["problem"]["code"], "provider_lost", "{offline}");
    world.await_containers(0).await;
    let visit = world.visit("shop", "/").await;
    assert_eq!((visit.status, visit.cause.as_deref()), (503, Some("provider_offline")), "{visit:?}");
    let output = world.cli(&["providers", "leave", &world.agent_id, "--cancel"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.await_state("shop", "live", BUILD).await;
    world.await_answer("shop", SOON).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_provider_takes_over_from_one_that_is_lost_and_from_one_that_is_removed() {
    let Some(mut world) = World::start().await else { return };
    let app = App::new("steady");
    world.deploy(app.path(), "shop", &[]).await;
    let second = Second::start(&world).await;
    world.agent.kill().await;
    until("the second agent serves", TAKEOVER, || async {
        (provider(&world, &second.id).await["workloads"] == 1).then_some(())
    })
    .await;
    world.await_state("shop", "live", TAKEOVER).await;
    assert_eq!(world.await_answer("shop", SOON).await.body, "steady");
    // The first comes back and finds that its work is done by another.
    world.restart_agent();
    world.await_containers(0).await;
    assert_eq!(provider(&world, &second.id).await["workloads"], 1);

    let output = world.cli(&["providers", "revoke", &second.id, "--yes"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.await_containers(1).await;
    world.await_state("shop", "live", BUILD).await;
    assert_eq!(world.await_answer("shop", SOON).await.body, "steady");
    drop(second);
    world.stop().await;
}
