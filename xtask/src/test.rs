//! Everything, on the real container engine.

use crate::{
    check, contracts, desktop, engine, host, images,
    shell::{self, cargo, say},
    ui,
};
use anyhow::Result;
use clap::Args;

/// What to leave out.
#[derive(Args)]
pub(crate) struct Options {
    /// Install nothing; only tell what is missing.
    #[arg(long)]
    no_install: bool,
    /// Leave out the gate that `cargo xtask check` runs.
    #[arg(long)]
    no_check: bool,
    /// Only tests whose name holds this.
    filter: Option<String>,
}

/// The base images that the fixtures' Dockerfiles begin from.
const IMAGES: &[&str] = &[
    "debian:bookworm-slim",
    "nginx:stable-alpine-slim",
    "node:20-slim",
    "node:22-slim",
    "node:24-slim",
    "python:3.11-slim",
    "python:3.12-slim",
    "python:3.13-slim",
    "eclipse-temurin:17-jre",
    "maven:3-eclipse-temurin-17",
    "gradle:8-jdk17",
];

fn run_tests(options: &Options) -> Result<()> {
    let mut test = cargo();
    // With the window: one graph of crates for everything, so that nothing is compiled twice.
    test.args(["test", "--locked", "--workspace", "--no-fail-fast", "--features", desktop::FEATURE]);
    test.env("TTALKAK_REQUIRE_ENGINE", "1").env("TTALKAK_REQUIRE_DESKTOP", "1");
    if let Some(filter) = &options.filter {
        test.arg(filter);
    }
    shell::run(&mut test)
}

/// Prepares the machine, then runs the gate and all tests.
pub(crate) fn run(options: &Options) -> Result<()> {
    let install = !options.no_install;
    host::ensure(&[&host::GIT], install)?;
    engine::ensure(install)?;
    images::ensure(IMAGES, install)?;
    host::ensure(host::WINDOW, install)?;
    host::ensure(host::WINDOW_TESTS, install)?;
    host::ensure(&[&host::CHROMIUM], install)?;
    ui::build(install)?;
    if !options.no_check {
        check::run_all()?;
    }
    if options.filter.is_none() {
        ui::test()?;
    }
    // Tests of the Rust side start its development chain, so its packages are needed in any case.
    if options.filter.is_none() {
        contracts::test(install)?
    } else {
        contracts::anvil(install).map(drop)?
    }
    say("Building the programs that the tests start.");
    shell::run(cargo().args(["build", "--locked", "--workspace", "--bins", "--features", desktop::FEATURE]))?;
    run_tests(options)
}
