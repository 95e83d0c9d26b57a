//! Output without end: what it may cost is bounded everywhere.

use ttalkak_tests::{
    World,
    faults::{quick_app, small},
    until,
    world::BUILD,
};

/// What a flood may add to a program's memory.
const GROWTH_MAX: u64 = 80 * 1024 * 1024;
/// What the agent passes on of one build: 20,000 lines, the last 200, and a few words of its own.
const LINES_MAX: i64 = 20_300;

#[tokio::test]
async fn a_build_that_prints_a_hundred_megabytes_costs_little_and_still_goes_live() {
    let Some(world) = World::start().await else { return };
    let app = quick_app("dry again");
    let flood = format!("RUN echo {} && yes {} | head -n 1000000\nCMD", world.agent_id, "drop".repeat(25));
    app.write("Dockerfile", &include_str!("../harness/app/Dockerfile").replace("CMD", &flood));
    app.commit("main", "first");
    let before = [world.coordinator.resident_bytes(), world.agent.resident_bytes()];
    world.create(small("shop", &app.git_url())).await;
    let mut most = before;
    until("the app is live", BUILD, || {
        let now = [world.coordinator.resident_bytes(), world.agent.resident_bytes()];
        most = [most[0].max(now[0]), most[1].max(now[1])];
        async {
            let view = world.deployment("shop").await;
            assert_ne!(view["state"], "ended", "{view}");
            (view["state"] == "live").then_some(())
        }
    })
    .await;
    world.await_body("shop", "dry again").await;
    for (at, program) in ["coordinator", "agent"].into_iter().enumerate() {
        let grown = most[at] - before[at];
        assert!(grown < GROWTH_MAX, "the {program} grew by {grown} bytes");
    }
    let lines = world.count_lines("SELECT count(*) FROM line").await;
    assert!((1..LINES_MAX).contains(&lines), "{lines} lines are kept");
    let bytes = world.count_lines("SELECT sum(length(text)) FROM line").await;
    assert!(bytes < 6 * 1024 * 1024, "{bytes} bytes of log are kept");
    world.delete_all().await;
    world.stop().await;
}
