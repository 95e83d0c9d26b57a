//! One real project of each platform, from its folder to visitors. Needs the engine and the base images.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use futures_util::{StreamExt, stream};
use std::path::Path;
use ttalkak_tests::{World, project};

/// What a visitor of an example finds: path and part of the body.
type Finds = &'static [(&'static str, &'static str)];

const PLATFORMS: [(&str, &str, Finds); 8] = [
    // The slow ones first, as two are built at a time.
    ("cra", "cra", &[("/", "<div id=\"root\">"), ("/some/route", "<div id=\"root\">")]),
    ("next", "next", &[("/", "Next.js, rendered on a provider")]),
    ("maven", "maven", &[("/", "built by Maven")]),
    ("gradle", "gradle", &[("/", "built by Gradle")]),
    ("express", "node", &[("/", "from Express")]),
    ("python", "python", &[("/", "from Flask")]),
    ("static", "static", &[("/", "<html"), ("/about", "<html")]),
    ("dockerfile", "dockerfile", &[("/", "Built by a Dockerfile of its own")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_platform_is_built_and_answers_over_the_edge() {
    let Some(world) = World::start().await else { return };
    stream::iter(PLATFORMS)
        .for_each_concurrent(2, |(example, platform, finds)| {
            let world = &world;
            async move {
                // `static` is a name of the platform's own.
                let name = &format!("my-{example}");
                world.deploy(&project(&format!("examples/{example}")), name, &[]).await;
                for (path, part) in finds {
                    let visit = world.visit(name, path).await;
                    assert_eq!(visit.status, 200, "{example}{path}: {visit:?}");
                    assert!(visit.body.contains(part), "{example}{path}: {visit:?}");
                }
                assert_eq!(world.release(name, 1).await["platform"], *platform);
                // Memory for the next build.
                assert!(world.cli(&["stop", name]).await.status.success());
            }
        })
        .await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vite_app_has_its_variables_baked_in_and_its_routes_answered() {
    let Some(world) = World::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    copy(&project("examples/hello"), folder.path());
    let main = folder.path().join("src/main.js");
    let script = std::fs::read_to_string(&main).unwrap();
    std::fs::write(
        &main,
        format!("{script}\ndocument.body.dataset.greeting = import.meta.env.VITE_GREETING;\n"),
    )
    .unwrap();
    world.deploy(folder.path(), "hello", &["--env", "VITE_GREETING=hello-from-the-build"]).await;

    let page = world.visit("hello", "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        world.visit("hello", "/some/route").await.body,
        page.body,
        "the app's own router knows the path"
    );
    let gone = world.visit("hello", "/assets/gone-1a2b3c4d.js").await;
    assert_eq!(gone.status, 404, "a script that is gone is not the page: {gone:?}");
    let script = page.body.split('"').find(|part| part.ends_with(".js")).expect("a script on the page");
    let script = world.visit("hello", script).await;
    assert!(script.body.contains("hello-from-the-build"), "{script:?}");
    let (_, env) = world.get_api("/v1/deployments/hello/env").await;
    assert_eq!(env["items"][0]["public"], true, "it is said that everybody can read it: {env}");

    // A changed variable is another bundle.
    let output = world.cli(&["env", "hello", "set", "VITE_GREETING=another-greeting"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let release = world.bring_live("hello", "redeploy", &serde_json::json!({})).await;
    assert!(release["timings"]["build"].as_u64() > Some(0), "{release}");
    let page = world.visit("hello", "/").await;
    let script = page.body.split('"').find(|part| part.ends_with(".js")).expect("a script on the page");
    assert!(world.visit("hello", script).await.body.contains("another-greeting"));
    world.stop().await;
}

/// Copies a project without what a developer's own build left in it.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if ["node_modules", "dist"].iter().any(|left| entry.file_name() == *left) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
