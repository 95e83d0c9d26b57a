//! Programs that die without warning. A coordinator is killed at each line of the saga log, an agent while it builds
//! and while it serves; what follows is one live deployment, or a clean slate, and nothing beside it.
//! Deliberately absent: the engine's own death, which needs an engine of its own (`engine_loss.rs`).

use reqwest::Method;
use serde_json::json;
use ttalkak_tests::{
    App, Mode, World,
    faults::{quick_app, slow_app, small},
    until,
    world::SOON,
};

const DEPLOY: [&str; 14] = [
    "hold_funds",
    "fetch_source",
    "plan_build",
    "choose_offer",
    "agree",
    "grant_lease",
    "await_image",
    "await_escrow",
    "await_running",
    "await_tunnel",
    "await_healthy",
    "publish_route",
    "mark_live",
    "drain_previous",
];
const END: [&str; 4] = ["withdraw_route", "end_leases", "await_stopped", "mark_ended"];

/// The lines that a saga writes when all goes well.
fn lines(steps: &[&str]) -> Vec<String> {
    steps.iter().flat_map(|step| [format!("{step}:started"), format!("{step}:succeeded")]).collect()
}

/// An app in a repository, live in a new world.
async fn live(version: &str) -> Option<(World, App)> {
    let world = World::start().await?;
    let app = quick_app(version);
    app.commit("main", "first");
    world.create(small("shop", &app.git_url())).await;
    world.await_release("shop", 1).await;
    world.await_body("shop", version).await;
    Some((world, app))
}

/// Last line first: what is left of a saga after one line never meets the line that the next round is armed with, so
/// that one restart does for both.
#[tokio::test]
async fn a_coordinator_that_dies_at_any_line_of_a_deploy_goes_on_to_one_live_workload() {
    let Some((mut world, app)) = live("first").await else { return };
    let lines: Vec<String> = lines(&DEPLOY).into_iter().rev().collect();
    world.restart_coordinator_to_die_at(lines.first().map(String::as_str)).await;
    for (round, line) in lines.iter().enumerate() {
        app.become_version(line, Mode::Http);
        app.commit("main", line);
        world.ask_unheard(Method::POST, "/v1/deployments/shop/redeploy", &json!({})).await;
        world.await_coordinator_death(line).await;
        world.restart_coordinator_to_die_at(lines.get(round + 1).map(String::as_str)).await;
        world.await_release("shop", round as u64 + 2).await;
        world.await_body("shop", line).await;
        world.await_workloads(1).await;
        world.refresh_agent().await;
    }
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn a_first_deploy_during_which_both_programs_die_at_every_line_is_live_in_the_end() {
    let Some(mut world) = World::start().await else { return };
    let app = quick_app("never gave up");
    app.commit("main", "first");
    let lines = lines(&DEPLOY);
    world.restart_coordinator_to_die_at(lines.first().map(String::as_str)).await;
    world.ask_unheard(Method::POST, "/v1/deployments", &small("shop", &app.git_url())).await;
    for (round, line) in lines.iter().enumerate() {
        world.await_coordinator_death(line).await;
        world.refresh_agent().await;
        world.restart_coordinator_to_die_at(lines.get(round + 1).map(String::as_str)).await;
    }
    world.await_release("shop", 1).await;
    world.await_body("shop", "never gave up").await;
    world.await_workloads(1).await;
    world.delete_all().await;
    world.stop().await;
}

/// A build that fails is undone line by line; the release before it serves on.
#[tokio::test]
async fn a_coordinator_that_dies_while_undoing_leaves_the_older_release_alone() {
    let Some((mut world, app)) = live("steady").await else { return };
    let undone =
        ["await_image", "grant_lease", "agree", "choose_offer", "plan_build", "fetch_source", "hold_funds"];
    let mut lines = vec!["await_image:failed".to_owned()];
    lines.extend(
        undone.iter().flat_map(|step| [format!("{step}:undo_started"), format!("{step}:undo_finished")]),
    );
    lines.reverse();
    let serving = world.running_ids().await;
    world.restart_coordinator_to_die_at(lines.first().map(String::as_str)).await;
    for (round, line) in lines.iter().enumerate() {
        app.write("Dockerfile", &format!("FROM debian:bookworm-slim\nRUN echo '{line}' && exit 7\n"));
        app.commit("main", line);
        world.ask_unheard(Method::POST, "/v1/deployments/shop/redeploy", &json!({})).await;
        world.await_coordinator_death(line).await;
        world.restart_coordinator_to_die_at(lines.get(round + 1).map(String::as_str)).await;
        let number = round as u64 + 2;
        until(&format!("release {number} has failed"), SOON, || async {
            let release = world.release("shop", number).await;
            (release["state"] == "failed").then(|| assert_eq!(release["problem"]["code"], "build_failed"))
        })
        .await;
        world.await_release("shop", 1).await;
        world.await_workloads(1).await;
        world.await_body("shop", "steady").await;
        world.await_images(1).await;
        world.refresh_agent().await;
    }
    assert_eq!(world.running_ids().await, serving, "the older release was not touched");
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn a_coordinator_that_dies_while_stopping_or_deleting_still_does_it() {
    let Some((mut world, app)) = live("going").await else { return };
    let lines: Vec<String> = lines(&END).into_iter().rev().collect();
    world.restart_coordinator_to_die_at(lines.first().map(String::as_str)).await;
    for (round, line) in lines.iter().enumerate() {
        world.ask_unheard(Method::POST, "/v1/deployments/shop/stop", &json!({})).await;
        world.await_coordinator_death(line).await;
        world.restart_coordinator_to_die_at(lines.get(round + 1).map(String::as_str)).await;
        let ended = world.await_state("shop", "ended", SOON).await;
        assert_eq!(ended["reason"], "stopped", "{line}");
        world.await_workloads(0).await;
        world.bring_live("shop", "start", &json!({})).await;
        world.await_body("shop", "going").await;
        world.refresh_agent().await;
    }
    // Erasing takes the saga's own log along, so there is no last line to die at.
    let lines = &lines[1..];
    world.restart_coordinator_to_die_at(lines.first().map(String::as_str)).await;
    for (round, line) in lines.iter().enumerate() {
        world.ask_unheard(Method::DELETE, "/v1/deployments/shop", &json!({})).await;
        world.await_coordinator_death(line).await;
        world.restart_coordinator_to_die_at(lines.get(round + 1).map(String::as_str)).await;
        world.await_no_trace().await;
        world.create(small("shop", &app.git_url())).await;
        world.await_release("shop", 1).await;
        world.refresh_agent().await;
    }
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn an_agent_killed_while_it_serves_takes_its_container_over_untouched() {
    let Some((mut world, _app)) = live("steady").await else { return };
    let before = world.running_ids().await;
    world.agent.kill().await;
    until("the edge says who is missing", SOON, || async {
        let visit = world.visit("shop", "/").await;
        (visit.cause.as_deref() == Some("provider_offline")).then_some(())
    })
    .await;
    assert_eq!(world.running_ids().await, before, "a workload does not die with its agent");
    world.restart_agent();
    world.await_answer("shop", std::time::Duration::from_secs(5)).await;
    world.await_release("shop", 1).await;
    assert_eq!(world.running_ids().await, before, "it was adopted and not started again");
    world.await_workloads(1).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn an_agent_killed_in_the_middle_of_a_build_builds_again_and_leaves_nothing_over() {
    let Some(mut world) = World::start().await else { return };
    let app = slow_app("built twice", &world.agent_id, 4);
    app.commit("main", "first");
    world.create(small("shop", &app.git_url())).await;
    world.await_build_step("shop", "sleep 4").await;
    world.agent.kill().await;
    world.restart_agent();
    world.await_release("shop", 1).await;
    world.await_body("shop", "built twice").await;
    world.await_workloads(1).await;
    world.await_images(1).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn a_coordinator_killed_while_apps_are_live_leaves_them_running_and_serves_again() {
    let Some((mut world, _app)) = live("steady").await else { return };
    let before = world.running_ids().await;
    world.restart_coordinator_to_die_at(None).await;
    world.await_body("shop", "steady").await;
    world.await_agent().await;
    world.await_release("shop", 1).await;
    assert_eq!(world.running_ids().await, before);
    world.await_workloads(1).await;
    world.delete_all().await;
    world.stop().await;
}

#[tokio::test]
async fn a_frozen_agent_is_told_as_offline_and_serves_on_when_it_thaws() {
    let Some((world, _app)) = live("steady").await else { return };
    let before = world.running_ids().await;
    world.agent.signal("STOP");
    let away = world.await_state("shop", "offline", SOON).await;
    assert_eq!(away["problem"]["code"], "provider_lost");
    let visit = world.visit("shop", "/").await;
    assert_eq!((visit.status, visit.cause.as_deref()), (503, Some("provider_offline")));
    world.agent.signal("CONT");
    world.await_release("shop", 1).await;
    world.await_body("shop", "steady").await;
    assert_eq!(world.running_ids().await, before);
    world.delete_all().await;
    world.stop().await;
}
