//! Apps that build and then do not serve.

use crate::{await_failure, code};
use serde_json::json;
use std::time::Duration;
use ttalkak_tests::{App, World, faults::small, world::SOON};

/// The longest time to become healthy, and what building five apps on a busy machine takes.
const WITHIN: Duration = Duration::from_secs(240);

/// Name, what the image runs, the code, and what the sentence must name.
const APPS: [(&str, &str, &str, &[&str]); 5] = [
    ("inward", "python3 -m http.server 8080 --bind 127.0.0.1", "app_loopback_only", &["127.0.0.1", "8080"]),
    ("elsewhere", "python3 -m http.server 9000", "app_wrong_port", &["9000", "8080"]),
    ("mute", "trap 'exit 0' TERM; sleep 600 & wait", "app_never_listened", &["no port"]),
    ("brief", "echo first words; echo last words >&2; exit 3", "app_exited", &["3"]),
    ("greedy", "python3 -c 'x = bytearray(400 << 20)'", "app_out_of_memory", &["more memory"]),
];

#[tokio::test]
async fn an_app_that_does_not_serve_is_told_why_and_leaves_nothing() {
    let Some(world) = World::start().await else { return };
    let mut sources = Vec::new();
    for (name, command, ..) in APPS {
        let app = App::new(name);
        let command = json!(["sh", "-c", command]);
        app.write("Dockerfile", &format!("FROM python:3.11-slim\nEXPOSE 8080\nCMD {command}\n"));
        app.commit("main", "first");
        world.create(small(name, &app.git_url())).await;
        sources.push(app);
    }
    for (name, _, expected, named) in APPS {
        let release = await_failure(&world, name, WITHIN).await;
        assert_eq!(code(&release), expected, "{release}");
        let message = release["problem"]["message"].as_str().unwrap();
        for word in named {
            assert!(message.contains(word), "{name}: {message} does not name {word}");
        }
        let visit = world.visit(name, "/").await;
        assert_eq!((visit.status, visit.cause.as_deref()), (502, Some("crashed")), "{name}");
    }
    let brief = world.release("brief", 1).await["last_lines"].to_string();
    assert!(brief.contains("first words") && brief.contains("last words"), "{brief}");
    world.await_workloads(0).await;
    world.await_images(0).await;
    world.delete_all().await;
    assert_eq!(world.visit("brief", "/").await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn a_release_that_does_not_serve_leaves_the_one_before_it_alone() {
    let Some(world) = World::start().await else { return };
    let app = ttalkak_tests::faults::quick_app("good");
    app.commit("main", "first");
    world.create(small("shop", &app.git_url())).await;
    world.await_release("shop", 1).await;
    let serving = world.running_ids().await;
    app.write("Dockerfile", "FROM python:3.11-slim\nCMD [\"sh\", \"-c\", \"echo it broke; exit 4\"]\n");
    app.commit("main", "bad");
    let (status, answer) = world.post_api("/v1/deployments/shop/redeploy", &json!({})).await;
    assert_eq!(status, 202, "{answer}");
    ttalkak_tests::until("the second release has failed", SOON, || async {
        (world.release("shop", 2).await["state"] == "failed").then_some(())
    })
    .await;
    let release = world.release("shop", 2).await;
    assert_eq!(code(&release), "app_exited");
    assert!(release["last_lines"].to_string().contains("it broke"), "{release}");
    world.await_release("shop", 1).await;
    world.await_workloads(1).await;
    world.await_images(1).await;
    assert_eq!((world.running_ids().await, world.visit("shop", "/").await.body.as_str()), (serving, "good"));
    world.delete_all().await;
    world.stop().await;
}
