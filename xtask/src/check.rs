//! The quick gate.

use crate::{
    host,
    shell::{self, cargo, say},
};
use anyhow::{Result, bail};
use std::{path::PathBuf, process::Command, time::Instant};

/// Format, lints, bans, house rules, unit tests; stops at the first that fails.
pub(crate) fn run_all() -> Result<()> {
    timed("format", || shell::run(cargo().args(["fmt", "--all", "--check"])))?;
    timed("lints", lints)?;
    timed("headless", headless)?;
    timed("licences and bans", deny)?;
    Ok(())
}

/// The gate as its command: with the house rules and unit tests.
pub(crate) fn run() -> Result<()> {
    run_all()?;
    timed("house rules", || {
        shell::run(cargo().args(["test", "--quiet", "--locked", "-p", "ttalkak-tests", "--test", "tidy"]))
    })?;
    timed("unit tests", || shell::run(cargo().args(["test", "--quiet", "--locked", "--workspace", "--lib"])))
}

/// With the window where it can be built.
fn lints() -> Result<()> {
    let mut clippy = cargo();
    clippy.args(["clippy", "--workspace", "--all-targets", "--locked", "--quiet"]);
    if host::WINDOW.iter().all(|need| need.sign.is_there()) {
        clippy.args(["--features", "ttalkak-desktop/desktop"]);
    } else {
        say("The desktop app's window is not looked at: its libraries are not on this machine.");
    }
    shell::run(clippy.args(["--", "-D", "warnings"]))
}

/// Whoever builds coordinator, agent or command line needs no webview: only the feature `desktop` brings it.
fn headless() -> Result<()> {
    let mut tree = cargo();
    tree.args(["tree", "--workspace", "--locked", "--edges", "normal,build,dev", "--prefix", "none"]);
    let tree = shell::output(&mut tree)?;
    let heavy = |line: &&str| ["webkit2gtk", "gtk v", "tauri v"].iter().any(|name| line.starts_with(name));
    match tree.lines().find(heavy) {
        Some(line) => bail!("a plain build would need {line}; put it behind the feature `desktop`"),
        None => Ok(()),
    }
}

fn timed(what: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    work()?;
    say(&format!("{what}: fine ({:.1} s)", begin.elapsed().as_secs_f32()));
    Ok(())
}

/// cargo-deny, kept among the project's own tools. Advisories need a database that may be out of reach, so licences,
/// bans and sources are what the gate holds to; `cargo deny check advisories` is for whoever has the network.
fn deny() -> Result<()> {
    let tools = tools_folder();
    let program = tools.join("bin/cargo-deny");
    if !program.is_file() {
        say("Building cargo-deny once, into the cache of tools; this takes a few minutes.");
        let mut install = cargo();
        // No target folder of ours: what it leaves behind would only be in the way.
        install.env_remove("CARGO_TARGET_DIR").args([
            "install",
            "--quiet",
            "--locked",
            "cargo-deny",
            "--version",
            DENY,
            "--root",
        ]);
        shell::run(install.arg(&tools))?;
    }
    shell::run(Command::new(program).current_dir(shell::root()).args([
        "--log-level",
        "error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}

const DENY: &str = "0.20.2";

fn tools_folder() -> PathBuf {
    let cache = shell::variable("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| shell::variable("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("ttalkak/tools")
}
