//! The console in a real browser, served by a real coordinator, with a real agent behind it. The steps stand in
//! `ui/tests/console`: `journey.mjs` is a tenant's way with money, `code.mjs` the one with code. They need the engine,
//! Node and Chromium, and the first one anvil.

#![allow(clippy::print_stderr, reason = "tests speak to the terminal")]
#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use serde_json::{Value, json};
use std::{process::Command, time::Duration};
use ttalkak_tests::{
    App, Hosting, LocalChain, Mode, World,
    github::{GitHubStandIn, webhook},
    hosting::delivery,
    program::binary,
    root,
};

/// The whole way on a busy machine.
const WITHIN: Duration = Duration::from_secs(1200);
/// A build that ends with words of its own.
const BROKEN: &str = "FROM python:3.11-slim\nRUN echo the door has no colour && exit 7\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_pays_with_the_wallet_of_the_browser() {
    let Some(chromium) = tools() else { return };
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = World::start_with(chain.options()).await else { return };
    let app = App::new("paid");
    let mut journey = journey(&world, chromium, "journey.mjs");
    journey
        .env("CONSOLE_RPC", &chain.rpc)
        .env("CONSOLE_CLI", binary("ttalkak"))
        .env("CONSOLE_APP", app.path())
        .env("TTALKAK_COORDINATOR", world.api_url())
        .env("TTALKAK_TOKEN", &world.token)
        .env("XDG_CONFIG_HOME", world.folder().join("config"));
    walk(&world, journey).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_goes_from_a_repository_to_visitors_and_back_in_the_browser() {
    let Some(chromium) = tools() else { return };
    let github = GitHubStandIn::start().await;
    let (hosting, app) = (Hosting::at(&github), App::within("web", "zero"));
    // By another name than the console's, so that a browser takes the two for different sites, as they are.
    let site = github.url().replace("127.0.0.1", "localhost");
    let Some(world) = World::start_with(hosting.world(&github, &site)).await else { return };
    let host = host(&github, &hosting, &site, &app);
    let mut journey = journey(&world, chromium, "code.mjs");
    journey.env("CONSOLE_HOST", host.to_string());
    walk(&world, journey).await;
    world.await_containers(0).await;
    world.stop().await;
}

/// A way through the console of this world.
fn journey(world: &World, chromium: &str, steps: &str) -> tokio::process::Command {
    let mut node = tokio::process::Command::new("node");
    node.arg("--test").arg(root().join("ui/tests/console").join(steps));
    node.env("CONSOLE_URL", world.api_url()).env("CONSOLE_CHROMIUM", chromium);
    node
}

/// Goes it to its end. Panics with all that was said when it does not get there.
async fn walk(world: &World, mut journey: tokio::process::Command) {
    let output = tokio::time::timeout(WITHIN, journey.kill_on_drop(true).output())
        .await
        .expect("the journey ends in time")
        .expect("a node that runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", world.coordinator.log_tail(30));
}

/// Repositories at the stand-in, and commits that lie ready to be pushed. What the steps are told of them.
fn host(github: &GitHubStandIn, hosting: &Hosting, site: &str, app: &App) -> Value {
    github.add_user("ada", &[11]);
    std::fs::write(app.path().join("README.md"), "A shop; its app is in web.").unwrap();
    app.commit("main", "not this branch");
    hosting.push(app, "me/shop", "main");
    app.become_version("one", Mode::Http);
    let first = app.commit("next", "open the shop");
    hosting.push(app, "me/shop", "next");
    let broken = App::new("broken");
    broken.write("Dockerfile", BROKEN);
    let other = broken.commit("main", "paint nothing");
    hosting.push(&broken, "me/broken", "main");
    for (name, commit) in [("me/blog", &first), ("me/broken", &other), ("me/shop", &first)] {
        github.add_repo(name, Some(11), &["ada"], commit);
    }
    for (name, repo) in &mut github.held().repos {
        // Only a token of the installation fetches it: the first release needs one already.
        repo.private = name == "me/shop";
        repo.clone_url = format!("{site}/{name}.git");
        repo.branches.insert("next".to_owned(), first.clone());
        repo.files = app.git(&["ls-files"]).lines().map(str::to_owned).collect();
    }
    app.become_version("two", Mode::Http);
    let two = later(app, "say two");
    app.write("Dockerfile", BROKEN);
    let pushes = json!({ "two": two, "broken": later(app, "paint nothing") });
    json!({ "url": site, "folder": app.path(), "bare": hosting.bare("me/shop"), "pushes": pushes })
}

/// A commit that is pushed later, with what GitHub says of it then.
fn later(app: &App, subject: &str) -> Value {
    let commit = app.commit("next", subject);
    let told = delivery(subject, &webhook::push("me/shop", 11, "next", &commit, subject, &["web/version"]));
    json!({ "commit": commit, "branch": "next", "headers": told["headers"], "body": told["body"] })
}

/// The browser; `None` when something is missing that `cargo xtask test` installs.
fn tools() -> Option<&'static str> {
    let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let built = root().join("ui/dist/console/index.html").is_file();
    let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].into_iter().find(|path| there(path));
    if built && there("node") && root().join("ui/node_modules/playwright-core").is_dir() {
        return chromium;
    }
    eprintln!("SKIPPED: no built console, Node or Chromium; `cargo xtask test` makes them ready");
    None
}
