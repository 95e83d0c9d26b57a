//! The programs under measurement, in release.

use super::Options;
use crate::shell::{self, cargo, say};
use anyhow::{Context, Result};
use std::{path::PathBuf, process::Command};

/// Builds programs of these packages. Link-time optimisation is left out: it changes the figures by little and would
/// double the wait, and the bare peers are built the same way.
pub(crate) fn release(packages: &[&str], options: &Options) -> Result<()> {
    if options.no_build {
        return Ok(());
    }
    say("Building in release (a few minutes the first time).");
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--release", "--bins"]);
    build.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    for package in packages {
        build.args(["-p", package]);
    }
    shell::run(&mut build)
}

/// A program of the release build: its folder stands beside the one that holds us.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the folder of the programs")?;
    let target = own.ancestors().nth(2).context("find the folder of the programs")?;
    Ok(target.join("release").join(name))
}

/// The same, ready to be started.
pub(crate) fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(program(name)?);
    command.current_dir(shell::root());
    Ok(command)
}
