//! A container engine that dies or hangs: under a deploy, and under an app that is live. Each test has an engine of its
//! own to kill.

use std::time::Duration;
use ttalkak_tests::{
    Options, World,
    faults::{quick_app, slow_app, small},
    own_engine::OwnEngine,
    until,
    world::SOON,
};

async fn world_of(engine: &OwnEngine) -> World {
    let options = Options {
        agent_env: vec![("DOCKER_HOST".to_owned(), engine.address())],
        engine: Some(engine.client()),
        namespace: Some(engine.namespace()),
        ..Options::default()
    };
    World::start_with(options).await.expect("an engine was given")
}

async fn await_engine(world: &World, answers: bool) {
    until("the provider tells how its engine is", SOON, || async {
        let (_, list) = world.get_api("/v1/providers").await;
        let capacity = &list["items"][0]["capacity"];
        (capacity["engine"].is_string() == answers).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deploy_survives_an_engine_that_is_killed_in_the_middle_of_its_build() {
    let Some(mut engine) = OwnEngine::start(&["python:3.11-slim"]).await else { return };
    let world = world_of(&engine).await;
    let app = slow_app("built after all", &world.agent_id, 5);
    app.commit("main", "first");
    world.create(small("shop", &app.git_url())).await;
    world.await_build_step("shop", "sleep 5").await;
    engine.kill().await;
    await_engine(&world, false).await;
    engine.restart().await;
    world.await_release("shop", 1).await;
    world.await_body("shop", "built after all").await;
    world.await_workloads(1).await;
    world.await_images(1).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn a_live_app_is_back_soon_after_its_engine_was_killed() {
    let Some(mut engine) = OwnEngine::start(&["python:3.11-slim"]).await else { return };
    let world = world_of(&engine).await;
    let app = quick_app("here again");
    app.commit("main", "first");
    world.create(small("shop", &app.git_url())).await;
    world.await_release("shop", 1).await;
    world.await_body("shop", "here again").await;
    engine.kill().await;
    engine.restart().await;
    until("the app answers again", Duration::from_secs(30), || async {
        let visit = world.visit("shop", "/").await;
        (visit.status == 200 && visit.body == "here again").then_some(())
    })
    .await;
    world.await_release("shop", 1).await;
    world.await_workloads(1).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn an_engine_that_hangs_blocks_neither_the_api_nor_a_live_app_and_the_deploy_goes_on() {
    let Some(engine) = OwnEngine::start(&["python:3.11-slim"]).await else { return };
    let world = world_of(&engine).await;
    let steady = quick_app("steady");
    steady.commit("main", "first");
    world.create(small("steady", &steady.git_url())).await;
    world.await_release("steady", 1).await;
    let slow = slow_app("patient", &world.agent_id, 5);
    slow.commit("main", "first");
    world.create(small("slow", &slow.git_url())).await;
    world.await_build_step("slow", "sleep 5").await;
    engine.signal("STOP");
    await_engine(&world, false).await;
    assert_eq!(world.get_api("/v1/health").await.0, 200);
    assert_eq!(world.deployment("slow").await["state"], "building");
    assert_eq!(world.visit("steady", "/").await.body, "steady");
    engine.signal("CONT");
    world.await_release("slow", 1).await;
    world.await_body("slow", "patient").await;
    world.await_workloads(2).await;
    world.delete_all().await;
    world.stop().await;
}
