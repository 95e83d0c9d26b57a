//! Running other programs and talking to the person at the terminal.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the terminal's edge of a developer's tool"
)]

use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Says something to the person, apart from the output that scripts read.
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Prints a line that scripts may read.
pub(crate) fn print(text: &str) {
    println!("{text}");
}

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    command.current_dir(root());
    for key in passed_on() {
        command.env_remove(key);
    }
    command
}

/// What the cargo that started us says of our own package. Build scripts that look at it (ring's does) would run again, and
/// all that stands on them be compiled again, whenever cargo is started by hand and by us in turn.
#[allow(clippy::disallowed_methods, reason = "a developer's tool reads the environment it stands in")]
fn passed_on() -> Vec<std::ffi::OsString> {
    let of_us = |key: &str| key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_");
    std::env::vars_os().map(|(key, _)| key).filter(|key| of_us(&key.to_string_lossy())).collect()
}

/// Runs a program in sight of the person; an error when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = display(command);
    let status = command.status().with_context(|| format!("start {name}"))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Runs a program and returns what it printed; an error with its words when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = display(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program runs and succeeds, in silence.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a program of this name is on the path.
pub(crate) fn has(program: &str) -> bool {
    let paths = host_path();
    std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
}

#[allow(clippy::disallowed_methods, reason = "a developer's tool reads the environment it stands in")]
fn host_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// An environment variable of the person's.
#[allow(clippy::disallowed_methods, reason = "a developer's tool reads the environment it stands in")]
pub(crate) fn variable(key: &str) -> Option<String> {
    std::env::var(key).ok().filter(|value| !value.is_empty())
}

fn display(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs a program whose progress (standard error) the person sees, and whose result (standard output) nobody needs
/// unless it fails: many checkers tell there what they found.
pub(crate) fn output_only(command: &mut Command) -> Result<()> {
    let name = display(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("start {name}"))?;
    if !output.status.success() {
        bail!("{name} failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stdout).trim());
    }
    Ok(())
}

/// Runs a program in silence; an error with its words when it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}
