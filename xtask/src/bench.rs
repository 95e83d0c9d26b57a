//! Measurements against peers and the plain way, side by side in one run. Figures are ratios wherever that can be,
//! so that the noise of the machine cancels; the last line of each run is JSON. A goal that is missed is told and
//! fails nothing: a busy machine is no defect.

mod build;
mod deploy;
mod desktop;
mod detect;
mod figures;
mod http;
mod list;
mod load;
mod memory;
mod settle;
mod world;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::sync::atomic::{AtomicBool, Ordering};

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Which benchmark.
    #[arg(value_enum)]
    name: Name,
    /// How often each side is measured; the median counts.
    #[arg(long)]
    rounds: Option<usize>,
    /// For `deploy`: only these examples.
    #[arg(long)]
    only: Vec<String>,
    /// Install nothing; only tell what is missing.
    #[arg(long)]
    no_install: bool,
    /// For `desktop`: the release build, and its package; without it the debug build.
    #[arg(long)]
    release: bool,
    /// Measure the programs of the last release build as they are.
    #[arg(long)]
    no_build: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// Deploys against `docker build` and `docker run` by hand.
    Deploy,
    /// The provider's desktop app: memory, processor time, how soon its window can be used.
    Desktop,
    /// Detection and Dockerfile for every fixture and example.
    Detect,
    /// A paged list of 5,000 deployments against a bare route with the same bytes.
    List,
    /// Resident memory of the idle programs.
    Memory,
    /// Settlement on chain against one transfer per agreement.
    Settle,
}

/// As many projects as the goals speak of.
const PROJECTS: u32 = 5_000;

pub(crate) fn run(options: &Options) -> Result<()> {
    // The first Ctrl-C asks only, so that what was started is taken down on the way out.
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed)).context("listen for Ctrl-C")?;
    match options.name {
        Name::Deploy => deploy::run(options),
        Name::Desktop => desktop::run(options),
        Name::Detect => detect::run(options),
        Name::List => list::run(options),
        Name::Memory => memory::run(options),
        Name::Settle => settle::run(options),
    }
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Errors: when the person asked to stop.
fn go_on() -> Result<()> {
    if STOP.load(Ordering::Relaxed) {
        bail!("Stopped as asked.");
    }
    Ok(())
}
