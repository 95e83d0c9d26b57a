//! From a Git repository or a folder to an address, and the life after: environment, stop, start, delete.
//! Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use bollard::models::ImageInspect;
use reqwest::Method;
use serde_json::{Value, json};
use ttalkak_tests::{App, Mode, World, world::SOON};

fn git(app: &App, branch: Option<&str>, root_dir: Option<&str>) -> Value {
    let mut source = json!({"kind": "git", "url": app.git_url()});
    for (key, value) in [("branch", branch), ("root_dir", root_dir)] {
        if let Some(value) = value {
            source[key] = json!(value);
        }
    }
    source
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_and_a_folder_of_a_repository_are_deployed_and_follow_new_commits() {
    let Some(world) = World::start().await else { return };
    let app = App::within("apps/shop", "main");
    app.commit("main", "the main branch");
    app.become_version("beta", Mode::Http);
    let first = app.commit("beta", "a branch of its own");
    world.create(json!({"name": "shop", "source": git(&app, Some("beta"), Some("apps/shop"))})).await;
    world.await_state("shop", "live", SOON).await;
    assert_eq!(world.visit("shop", "/").await.body, "beta");
    let release = world.release("shop", 1).await;
    assert_eq!(release["commit"], first.as_str());
    assert_eq!((&release["branch"], &release["subject"]), (&json!("beta"), &json!("a branch of its own")));
    assert_eq!(release["platform"], "dockerfile");
    assert!(release["timings"]["build"].as_u64() > Some(0), "{release}");

    app.become_version("better", Mode::Http);
    let second = app.commit("beta", "better");
    let release = world.bring_live("shop", "redeploy", &json!({})).await;
    assert_eq!((&release["number"], &release["commit"]), (&json!(2), &json!(second)));
    assert_eq!(world.visit("shop", "/").await.body, "better");

    let again = world.bring_live("shop", "redeploy", &json!({})).await;
    assert_eq!((&again["number"], &again["commit"]), (&json!(3), &json!(second)));
    assert_eq!(again["image"], release["image"], "an unchanged commit keeps its image");
    assert_eq!((&again["timings"]["build"], &again["timings"]["fetch"]), (&json!(0), &json!(0)), "{again}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_environment_is_applied_by_a_restart_without_a_build() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &["--env", "COLOUR=red", "--secret", "PASSWORD=hunter2"]).await;
    let first = world.release("shop", 1).await;
    let output = world.cli(&["env", "shop", "set", "COLOUR=blue", "SIZE=L", "--scope", "run"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (_, env) = world.get_api("/v1/deployments/shop/env").await;
    assert_eq!(env["pending"], true, "{env}");
    assert!(!env.to_string().contains("hunter2"), "a secret is never shown again: {env}");
    assert_eq!(env_seen(&world).await["COLOUR"], "red", "not before the restart");

    let output = world.cli(&["restart", "shop"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = env_seen(&world).await;
    let values = ["COLOUR", "SIZE", "PASSWORD"].map(|key| seen[key].as_str().unwrap_or_default().to_owned());
    assert_eq!(values, ["blue", "L", "hunter2"]);
    let deployment = world.await_state("shop", "live", SOON).await;
    let number = deployment["release"].as_u64().unwrap();
    let release = world.release("shop", number).await;
    assert_eq!((&release["image"], &release["timings"]["build"]), (&first["image"], &json!(0)), "{release}");
    assert_eq!(world.get_api("/v1/deployments/shop/env").await.1["pending"], false);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_secret_is_used_by_the_build_and_is_not_in_the_image() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    app.write(
        "Dockerfile",
        "FROM python:3.11-slim\nWORKDIR /srv\nCOPY --chmod=0644 app.py mode ./\n\
         RUN --mount=type=secret,id=KEY wc -c < /run/secrets/KEY > version\n\
         CMD [\"python3\", \"-u\", \"app.py\"]\n",
    );
    world.deploy(app.path(), "shop", &["--secret", "KEY=correct-horse", "--env-scope", "build"]).await;
    assert_eq!(world.visit("shop", "/").await.body, "13", "the build could count its characters");
    assert_eq!(env_seen(&world).await["KEY"], Value::Null, "it is for the build alone");
    let image = world.release("shop", 1).await["image"].as_str().unwrap().to_owned();
    let inspect: ImageInspect = world.engine.inspect_image(&image).await.unwrap();
    let history = world.engine.image_history(&image).await.unwrap();
    let text = format!("{inspect:?} {history:?}");
    assert!(!text.contains("correct-horse"), "{text}");
    let (_, log) = world.get_api("/v1/deployments/shop/logs?kind=build").await;
    assert!(!log.to_string().contains("correct-horse"), "{log}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_deployment_says_so_starts_again_with_its_image_and_is_gone_when_deleted() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &[]).await;
    let image = world.release("shop", 1).await["image"].clone();

    assert!(world.cli(&["stop", "shop"]).await.status.success());
    world.await_containers(0).await;
    let stopped = world.deployment("shop").await;
    assert_eq!((&stopped["state"], &stopped["reason"]), (&json!("ended"), &json!("stopped")), "{stopped}");
    let answer = world.request("shop", "/any").header("accept", "text/html").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-ttalkak-cause"]),
        (503, &"stopped".parse().unwrap())
    );
    assert_eq!(answer.headers()["retry-after"], "60");
    assert!(answer.text().await.unwrap().starts_with("<!doctype html>"));
    let answer = world.request("shop", "/any").header("accept", "application/json").send().await.unwrap();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], "stopped", "{body}");

    assert!(world.cli(&["start", "shop"]).await.status.success());
    assert_eq!(world.visit("shop", "/").await.body, "one");
    let release = world.release("shop", world.deployment("shop").await["release"].as_u64().unwrap()).await;
    assert_eq!((&release["image"], &release["timings"]["build"]), (&image, &json!(0)), "{release}");

    assert!(world.cli(&["delete", "shop", "--yes"]).await.status.success());
    ttalkak_tests::until("nothing is left but the agent's network", SOON, || async {
        let objects = world.objects().await;
        objects.iter().all(|object| object.starts_with("network ")).then_some(())
    })
    .await;
    let gone = world.visit("shop", "/").await;
    assert_eq!((gone.status, gone.cause.as_deref()), (404, Some("no_route")));
    for path in ["", "/releases", "/env", "/logs"] {
        assert_eq!(world.get_api(&format!("/v1/deployments/shop{path}")).await.0, 404, "{path}");
    }
    let (status, _) = world.call(Method::DELETE, "/v1/deployments/shop", None).await;
    assert_eq!(status, 404, "there is nothing to delete twice");
    world.deploy(app.path(), "shop", &[]).await;
    assert_eq!(world.visit("shop", "/").await.body, "one", "the name is free again");
    world.stop().await;
}

async fn env_seen(world: &World) -> Value {
    world.request("shop", "/env").send().await.expect("an answer").json().await.expect("an environment")
}
