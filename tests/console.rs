//! The console in a real browser, served by a real coordinator: a tenant pays with the wallet of the browser, and revokes
//! what was signed. The steps stand in `ui/tests/console/journey.mjs`. Needs the engine, anvil, Node and Chromium.

#![allow(clippy::print_stderr, reason = "tests speak to the terminal")]

use std::{process::Command, time::Duration};
use ttalkak_tests::{App, LocalChain, World, program::binary, root};

/// The whole way on a busy machine.
const WITHIN: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_pays_with_the_wallet_of_the_browser() {
    let Some(chromium) = tools() else { return };
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = World::start_with(chain.options()).await else { return };
    let app = App::new("paid");
    let mut node = tokio::process::Command::new("node");
    node.arg("--test")
        .arg(root().join("ui/tests/console/journey.mjs"))
        .env("CONSOLE_URL", world.api_url())
        .env("CONSOLE_RPC", &chain.rpc)
        .env("CONSOLE_CLI", binary("ttalkak"))
        .env("CONSOLE_APP", app.path())
        .env("CONSOLE_CHROMIUM", chromium)
        .env("TTALKAK_COORDINATOR", world.api_url())
        .env("TTALKAK_TOKEN", &world.token)
        .env("XDG_CONFIG_HOME", world.folder().join("config"));
    let output = tokio::time::timeout(WITHIN, node.kill_on_drop(true).output())
        .await
        .expect("the journey ends in time")
        .expect("a node that runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", world.coordinator.log_tail(30));
    world.stop().await;
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
