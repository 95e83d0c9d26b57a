//! One version after another, seen by visitors: redeploys, failed ones, rollbacks, crashes. Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use serde_json::{Value, json};
use std::time::Duration;
use ttalkak_tests::{
    App, Mode, Visitors, World, until,
    world::{BUILD, SOON},
};

#[tokio::test(flavor = "multi_thread")]
async fn eight_visitors_who_never_stop_asking_notice_neither_a_redeploy_nor_a_restart() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &[]).await;
    let old = world.await_containers(1).await;

    let visitors = Visitors::start(&world, "shop", 8);
    app.become_version("two", Mode::Http);
    world.deploy(app.path(), "shop", &[]).await;
    let new = world.await_containers(1).await;
    until("the visitors of the new version", SOON, || async {
        (world.visit("shop", "/").await.body == "two").then_some(())
    })
    .await;
    let output = world.cli(&["restart", "shop"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(world.await_containers(1).await, new, "a restart brings another container");
    let seen = visitors.stop().await;

    assert_eq!(seen.failures, Vec::<String>::new(), "{:?}", seen.answers);
    assert_eq!(seen.answers.keys().collect::<Vec<_>>(), ["one", "two"]);
    assert!(!seen.went_back, "who met the new version does not meet the old one again");
    assert_ne!(old, new, "the old container is gone");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_never_gets_healthy_leaves_the_old_one_serving_and_says_why() {
    let Some(world) = World::start().await else { return };
    let app = App::new("good");
    world.deploy(app.path(), "shop", &[]).await;
    let before = world.await_containers(1).await;

    let visitors = Visitors::start(&world, "shop", 4);
    app.become_version("bad", Mode::Broken);
    let output = world.cli(&["deploy", &app.path().to_string_lossy(), "--name", "shop"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(7), "the deploy failed, and the exit code says so: {said}");
    assert!(said.contains("line 299 before the end"), "the app's last words are shown: {said}");

    let failed = world.release("shop", 2).await;
    assert_eq!((&failed["state"], &failed["problem"]["code"]), (&json!("failed"), &json!("app_exited")));
    let lines: Vec<&str> =
        failed["last_lines"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(lines.len(), 200, "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("line 299 before the end")), "{lines:?}");
    let deployment = world.await_state("shop", "live", SOON).await;
    assert_eq!((&deployment["release"], &deployment["problem"]["code"]), (&json!(1), &json!("app_exited")));

    assert_eq!(world.await_containers(1).await, before, "only the old container is left");
    let seen = visitors.stop().await;
    assert_eq!(seen.failures, Vec::<String>::new());
    assert_eq!(seen.answers.keys().collect::<Vec<_>>(), ["good"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_brings_back_an_earlier_release_with_its_environment_and_without_a_build() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &["--env", "COLOUR=red", "--env-scope", "run"]).await;
    let first = world.release("shop", 1).await;
    app.become_version("two", Mode::Http);
    world.deploy(app.path(), "shop", &["--env", "COLOUR=blue", "--env-scope", "run"]).await;
    assert_eq!(env_seen(&world, "shop").await["COLOUR"], "blue");
    assert_eq!(world.visit("shop", "/").await.body, "two");

    // Without a number it is the last good one before.
    let output = world.cli(&["rollback", "shop"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(world.visit("shop", "/").await.body, "one");
    assert_eq!(env_seen(&world, "shop").await["COLOUR"], "red", "the environment came back with it");
    let back = world.release("shop", 1).await;
    assert_eq!((&back["state"], &back["image"]), (&json!("live"), &first["image"]));
    assert_eq!(back["timings"]["build"], 0, "nothing was built: {back}");
    assert_eq!(world.release("shop", 2).await["state"], "retired");

    let served = world.bring_live("shop", "rollback", &json!({"release": 2})).await;
    assert_eq!((&served["number"], world.visit("shop", "/").await.body.as_str()), (&json!(2), "two"));
    assert_eq!(env_seen(&world, "shop").await["COLOUR"], "blue");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_ends_while_live_is_told_and_started_again() {
    let Some(world) = World::start().await else { return };
    let app = App::new("steady");
    world.deploy(app.path(), "shop", &[]).await;
    for round in 1..=3_u32 {
        let visit = world.visit("shop", "/exit").await;
        assert_eq!((visit.status, visit.cause.as_deref()), (502, Some("crashed")), "{visit:?}");
        if round == 3 {
            // By now the back-off is long enough to be seen from outside.
            let crashed = world.await_state("shop", "crashed", SOON).await;
            assert_eq!(crashed["problem"]["code"], "app_exited", "{crashed}");
            let visit = world.visit("shop", "/").await;
            assert_eq!((visit.status, visit.cause.as_deref()), (502, Some("crashed")), "{visit:?}");
        }
        world.await_answer("shop", SOON).await;
    }
    let healed = world.await_state("shop", "live", SOON).await;
    assert_eq!(healed["problem"], Value::Null, "{healed}");
    let lines = world.get_api("/v1/deployments/shop/logs?kind=run").await.1.to_string();
    assert_eq!(lines.matches("asked to end").count(), 3, "{lines}");
    assert_eq!(lines.matches("this is steady").count(), 4, "{lines}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_deploy_takes_the_place_of_one_that_is_on_its_way() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    app.commit("main", "one");
    let source = json!({"kind": "git", "url": app.git_url()});
    world.create(json!({"name": "shop", "source": source})).await;
    app.become_version("two", Mode::Http);
    app.commit("main", "two");
    let served = world.bring_live("shop", "redeploy", &json!({})).await;
    assert_eq!((&served["number"], world.visit("shop", "/").await.body.as_str()), (&json!(2), "two"));
    let older = until("the older rollout is over", BUILD, || async {
        let older = world.release("shop", 1).await;
        (older["state"] != "rolling").then_some(older)
    })
    .await;
    assert_eq!((&older["state"], &older["problem"]["code"]), (&json!("cancelled"), &json!("superseded")));
    world.await_containers(1).await;
    world.stop().await;
}

async fn env_seen(world: &World, name: &str) -> Value {
    let answer =
        world.request(name, "/env").timeout(Duration::from_secs(10)).send().await.expect("an answer");
    answer.json().await.expect("the app's environment")
}
