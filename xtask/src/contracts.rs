//! The contracts: their tools come from npm, their committed artifacts must be what the source compiles to, and their
//! tests must hold and notice small faults. Building the Rust side needs none of this.

use crate::{
    host,
    shell::{self, say},
};
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// With `TTALKAK_CONTRACTS=all`: every mutant, the long invariants, and the coverage of branches. Takes a quarter of an
/// hour, against some two minutes.
const EVERYTHING: &str = "TTALKAK_CONTRACTS";
/// Chooses the mutants of a short run; told in the output, so that a run can be had again.
const SEED: &str = "TTALKAK_SEED";
/// How many mutants a short run tries.
const SAMPLE: &str = "8";
/// Random walks of a short run, each of a hundred steps; all of them are in foundry.toml.
const WALKS: &str = "64";
/// What costs are measured by: it needs every call to be a transaction of its own.
const GAS: &str = "GasTest";

fn folder() -> PathBuf {
    shell::root().join("contracts")
}

/// Tests the contracts. `install`: whether what is missing may be installed.
pub(crate) fn test(install: bool) -> Result<()> {
    let all = shell::variable(EVERYTHING).is_some_and(|wish| wish == "all");
    run(install, all)
}

/// The long form.
pub(crate) fn soak(install: bool) -> Result<()> {
    run(install, true)
}

fn run(install: bool, all: bool) -> Result<()> {
    let anvil = anvil(install)?;
    shell::quiet(Command::new(&anvil).arg("--version"))?;
    timed("artifacts", || shell::run(node("build.mjs").arg("--check")))?;
    timed("tests", || {
        let mut forge = node("forge.mjs");
        forge.args(["test", "--offline", "--no-match-contract", GAS]);
        if !all {
            forge.env("FOUNDRY_INVARIANT_RUNS", WALKS);
        }
        shell::run(&mut forge)
    })?;
    timed("gas", || {
        shell::run(node("forge.mjs").args(["test", "--offline", "--isolate", "--match-contract", GAS]))
    })?;
    if all {
        timed("mutants", || shell::run(&mut node("mutants.mjs")))?;
        timed("coverage", || shell::run(&mut node("coverage.mjs")))
    } else {
        let seed = shell::variable(SEED).unwrap_or_else(|| std::process::id().to_string());
        say(&format!(
            "Contracts: {SAMPLE} mutants of seed {seed} ({SEED}); all of them with {EVERYTHING}=all."
        ));
        timed("mutants", || shell::run(node("mutants.mjs").args(["--sample", SAMPLE, "--seed", &seed])))
    }
}

/// The development chain's program, once its package is there.
pub(crate) fn anvil(install: bool) -> Result<PathBuf> {
    packages(install)?;
    // Not npm's starter in .bin: that is another process, whose end does not end the chain.
    let package = format!("anvil-{}-{}", std::env::consts::OS.replace("macos", "darwin"), cpu());
    let program = folder().join("node_modules/@foundry-rs").join(package).join("bin/anvil");
    if !program.is_file() {
        bail!("npm has no anvil for this machine: {} is not there", program.display());
    }
    Ok(program)
}

fn cpu() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Installs the packages that the lock file names, unless these very ones are there.
fn packages(install: bool) -> Result<()> {
    let lock =
        fs::read_to_string(folder().join("package-lock.json")).context("read the contracts' lock file")?;
    let stamp = folder().join("node_modules/.installed-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    host::ensure(&[&host::CONTRACT_TOOLS], install)?;
    if !install {
        bail!("The contracts' packages are missing. To install them yourself: npm ci (in contracts)");
    }
    say("Installing the contracts' compiler and test tools from npm, once.");
    // The packages work without their install scripts, so none is run.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    shell::output_only(npm.current_dir(folder()))?;
    fs::write(&stamp, lock).with_context(|| format!("write {}", stamp.display()))
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.current_dir(folder()).arg(Path::new(script));
    command
}

fn timed(what: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let begin = Instant::now();
    work()?;
    say(&format!("Contracts, {what}: fine ({:.1} s)", begin.elapsed().as_secs_f32()));
    Ok(())
}
