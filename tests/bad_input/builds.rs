//! Repositories that cannot be planned or built, and builds that are given up.

use crate::{await_failure, code};
use serde_json::json;
use ttalkak_tests::{
    App, Mode, World,
    faults::{quick_app, slow_app, small},
    own_engine::processes_of,
    until,
    world::SOON,
};

/// A repository with these files and nothing else.
fn repository(files: &[(&str, &str)]) -> App {
    let app = App::new("none");
    for gone in ["Dockerfile", "app.py", "mode", "version"] {
        std::fs::remove_file(app.path().join(gone)).unwrap();
    }
    for (name, text) in files {
        app.write(name, text);
    }
    app.commit("main", "first");
    app
}

const FAILING: &str = "FROM debian:bookworm-slim\nRUN echo almost there && exit 9\n";

/// A name, the files of a repository, the code, and what the sentence must name.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static [&'static str]);

#[tokio::test]
async fn what_cannot_be_planned_or_built_says_why_and_leaves_nothing() {
    let Some(world) = World::start().await else { return };
    let cases: [Case; 6] = [
        ("failing", &[("Dockerfile", FAILING)], "build_failed", &["exit code 9", "almost there"]),
        (
            "baseless",
            &[("Dockerfile", "FROM registry.invalid/nobody/none:1\n")],
            "base_image_unavailable",
            &["registry.invalid/nobody/none:1"],
        ),
        (
            "garbled",
            &[("Dockerfile", "FROM debian:bookworm-slim\nRAN true\n")],
            "dockerfile_refused",
            &["RAN"],
        ),
        (
            "empty",
            &[("README.txt", "Hello")],
            "nothing_detected",
            &["package.json", "index.html", "Dockerfile", "requirements.txt"],
        ),
        ("broken", &[("package.json", "{\"name\": ")], "manifest_invalid", &["package.json"]),
        (
            "portless",
            &[("Dockerfile", "FROM debian:bookworm-slim\nEXPOSE 70000\nCMD [\"true\"]\n")],
            "dockerfile_refused",
            &["70000"],
        ),
    ];
    for (name, files, expected, named) in cases {
        let source = repository(files);
        world.create(small(name, &source.git_url())).await;
        let release = await_failure(&world, name, SOON).await;
        assert_eq!(code(&release), expected, "{release}");
        let message = release["problem"]["message"].as_str().unwrap();
        for word in named {
            assert!(message.contains(word), "{name}: {message} does not name {word}");
        }
    }
    let lines = world.release("failing", 1).await["last_lines"].to_string();
    assert!(lines.contains("almost there"), "{lines}");
    // The command line says the same, and ends with an error.
    let said =
        world.cli(&["deploy", repository(cases[0].1).path().to_str().unwrap(), "--name", "failing"]).await;
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("exit code 9"), "{words}");
    let said =
        world.cli(&["deploy", repository(cases[3].1).path().to_str().unwrap(), "--name", "empty2"]).await;
    let words = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && words.contains("package.json"), "{words}");

    world.await_workloads(0).await;
    world.await_images(0).await;
    world.delete_all().await;
    world.stop().await;
}

/// A number of seconds that no other process of this machine waits for.
fn odd_seconds(more: u32) -> u32 {
    300_000 + std::process::id() % 100_000 * 10 + more
}

async fn await_process(text: &str, there: bool) {
    until(&format!("whether a process runs {text}: {there}"), SOON, || async {
        (processes_of(text).is_empty() != there).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_build_that_hangs_is_killed_when_it_is_cancelled_or_superseded() {
    let Some(world) = World::start().await else { return };
    let hang = format!("sleep {}", odd_seconds(1));
    let app = slow_app("never", &world.agent_id, odd_seconds(1));
    app.commit("main", "hangs");
    world.create(small("shop", &app.git_url())).await;
    await_process(&hang, true).await;
    let cancelled = world.cli(&["cancel", "shop"]).await;
    assert!(cancelled.status.success(), "{}", String::from_utf8_lossy(&cancelled.stderr));
    await_process(&hang, false).await;
    until("the release is cancelled", SOON, || async {
        (world.release("shop", 1).await["state"] == "cancelled").then_some(())
    })
    .await;
    assert_eq!(code(&world.release("shop", 1).await), "cancelled");
    world.await_workloads(0).await;
    world.await_images(0).await;

    // The newest wins: the second hangs as well, and the third takes over in the middle of it.
    let hang = format!("sleep {}", odd_seconds(2));
    app.write(
        "Dockerfile",
        &std::fs::read_to_string(slow_app("", &world.agent_id, odd_seconds(2)).path().join("Dockerfile"))
            .unwrap(),
    );
    app.commit("main", "hangs again");
    assert_eq!(world.post_api("/v1/deployments/shop/redeploy", &json!({})).await.0, 202);
    await_process(&hang, true).await;
    let good = quick_app("newest");
    app.write("Dockerfile", &std::fs::read_to_string(good.path().join("Dockerfile")).unwrap());
    app.become_version("newest", Mode::Http);
    app.commit("main", "works");
    assert_eq!(world.post_api("/v1/deployments/shop/redeploy", &json!({})).await.0, 202);
    world.await_release("shop", 3).await;
    world.await_body("shop", "newest").await;
    await_process(&hang, false).await;
    let older = world.release("shop", 2).await;
    assert_eq!((&older["state"], code(&older)), (&json!("cancelled"), "superseded"), "{older}");
    world.await_workloads(1).await;
    world.await_images(1).await;
    world.delete_all().await;
    world.stop().await;
}
