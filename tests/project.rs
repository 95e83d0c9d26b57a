//! What a deployment is made of and what it is to others: parts of a project, size, a Dockerfile of one's own. Needs the
//! engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use serde_json::{Value, json};
use ttalkak_tests::{App, Mode, Visitors, World, engine, until, world::SOON};

/// What the command line said, when it did as it was told.
async fn cli(world: &World, arguments: &[&str]) -> String {
    let output = world.cli(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn answer(world: &World, name: &str, path: &str) -> String {
    world.visit(name, path).await.body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_end_and_a_back_end_share_an_address() {
    let Some(world) = World::start().await else { return };
    let (front, back) = (App::new("front"), App::new("back"));
    world.deploy(front.path(), "web", &["--part", "front-end"]).await;
    assert_eq!(answer(&world, "web", "/api/version").await, "front at /api/version", "there is no back end");
    world.deploy(back.path(), "server", &["--project", "web", "--part", "back-end"]).await;
    assert_eq!(answer(&world, "web", "/").await, "front");
    assert_eq!(answer(&world, "web", "/api/version?x=1").await, "back at /api/version?x=1");
    assert_eq!(answer(&world, "server", "/").await, "back", "it keeps an address of its own");

    // A new version of either is met at the shared address, and a stopped back end says so.
    back.become_version("back again", Mode::Http);
    world.deploy(back.path(), "server", &[]).await;
    assert_eq!(answer(&world, "web", "/api/version").await, "back again at /api/version");
    cli(&world, &["stop", "server"]).await;
    let stopped = until("the back end is stopped", SOON, || async {
        let visit = world.visit("web", "/api/version").await;
        (visit.cause.as_deref() == Some("stopped")).then_some(visit)
    });
    assert_eq!(stopped.await.status, 503);
    assert_eq!(answer(&world, "web", "/").await, "front", "the front end goes on");

    let said = cli(&world, &["part", "server", "none"]).await;
    assert!(said.contains("stands alone"), "{said}");
    assert_eq!(answer(&world, "web", "/api/version").await, "front at /api/version");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_size_takes_hold_on_a_fresh_container_and_visitors_notice_nothing() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &["--memory", "96MiB", "--cpu", "0.5"]).await;
    let old = world.await_containers(1).await;
    let visitors = Visitors::start(&world, "shop", 4);
    let said = cli(&world, &["resize", "shop", "--memory", "128MiB", "--cpu", "1"]).await;
    assert!(said.contains("shop moves to 128 MiB and 1 processor"), "{said}");
    let fresh = until("a container of the new size alone", SOON, || async {
        let containers = world.await_containers(1).await;
        (containers != old).then_some(())
    });
    fresh.await;
    let running = engine::running(&world.engine, &world.agent_id).await;
    let [(_, id)] = &running[..] else { panic!("one container, not {running:?}") };
    let host = world.engine.inspect_container(id, None).await.unwrap().host_config.unwrap();
    assert_eq!((host.memory, host.nano_cpus), (Some(128 << 20), Some(1_000_000_000)));
    let seen = visitors.stop().await;
    assert_eq!(seen.failures, Vec::<String>::new(), "{:?}", seen.answers);
    assert_eq!(world.deployment("shop").await["release"], 1, "it is the same release");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dockerfile_of_ones_own_builds_what_nothing_was_detected_in() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    let own = app.path().join("Dockerfile");
    let text = std::fs::read_to_string(&own).unwrap();
    std::fs::remove_file(&own).unwrap();
    app.write("app.txt", "not a program by its name");
    std::fs::rename(app.path().join("app.py"), app.path().join("app.txt")).unwrap();
    app.commit("main", "a program that nobody would take for one");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Dockerfile");
    std::fs::write(&file, text.replace("app.py", "app.txt")).unwrap();
    let source = json!({ "kind": "git", "url": app.git_url() });

    let (status, plan) = world.post_api("/v1/plans", &json!({ "source": source })).await;
    assert_eq!((status, &plan["error"]["code"]), (422, &json!("nothing_detected")));
    let asked = json!({ "source": source, "dockerfile": std::fs::read_to_string(&file).unwrap() });
    let (status, plan) = world.post_api("/v1/plans", &asked).await;
    assert_eq!((status, &plan["verdict"]), (200, &json!({ "providers": 1 })), "{plan}");

    let file = file.to_string_lossy();
    cli(&world, &["deploy", &app.git_url(), "--name", "shop", "--dockerfile", &file]).await;
    assert_eq!(answer(&world, "shop", "/").await, "one");
    let view = world.deployment("shop").await;
    assert_eq!((&view["own_dockerfile"], view["commit"].as_str().map(str::len)), (&json!(true), Some(40)));
    assert_eq!(view["subject"], "a program that nobody would take for one");

    let output = world.cli(&["redeploy", "shop", "--detect"]).await;
    assert_eq!(output.status.code(), Some(7), "what is detected again is nothing");
    let failed = world.release("shop", 2).await;
    assert_eq!(failed["problem"]["code"], "nothing_detected");
    assert_eq!(answer(&world, "shop", "/").await, "one", "and what serves goes on");
    let plan: &Value = &world.release("shop", 1).await["plan"];
    assert!(plan["dockerfile"].as_str().unwrap().contains("app.txt"), "{plan}");
    world.stop().await;
}
