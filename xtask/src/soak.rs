//! The long forms of the fault tests: what `cargo xtask test` samples, whole, and again with other seeds. For a night, or
//! before a release; everything that fails prints the seed that makes it fail again.

use crate::{
    contracts, engine, host, images,
    shell::{self, cargo, say},
};
use anyhow::Result;
use clap::Args;
use std::time::Instant;

/// How long to go on.
#[derive(Args)]
pub(crate) struct Options {
    /// Install nothing; only tell what is missing.
    #[arg(long)]
    no_install: bool,
    /// Rounds of the tests that draw their faults from a seed.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Walks over the contract and the books beside it, in each round.
    #[arg(long, default_value_t = 200)]
    walks: u32,
    /// Walk through every kill, fault of the network and depth of a reorganisation instead, one after the other (7,952
    /// cells). The file keeps the place: a run that was interrupted goes on there.
    #[arg(long, value_name = "FILE")]
    product: Option<std::path::PathBuf>,
}

/// The tests that draw what they do: package, test binary, words of their names.
const DRAWN: &[(&str, &str, &str)] = &[
    ("ttalkak-coordinator", "escrow", ""),
    ("ttalkak-coordinator", "chain", ""),
    ("ttalkak-tests", "crash", ""),
    ("ttalkak-tests", "money", ""),
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let install = !options.no_install;
    host::ensure(&[&host::GIT], install)?;
    if let Some(place) = &options.product {
        return product(place, install);
    }
    engine::ensure(install)?;
    images::ensure(&["python:3.11-slim", "debian:bookworm-slim"], install)?;
    contracts::soak(install)?;
    say("Building the programs that the tests start.");
    shell::run(cargo().args(["build", "--locked", "--workspace", "--bins"]))?;
    for round in 1..=options.rounds {
        let begin = Instant::now();
        for (package, binary, words) in DRAWN {
            let mut test = cargo();
            test.args(["test", "--quiet", "--locked", "-p", package, "--test", binary, words]);
            test.env("TTALKAK_REQUIRE_ENGINE", "1").env("TTALKAK_WALKS", options.walks.to_string());
            shell::run(&mut test)?;
        }
        say(&format!("Round {round} of {}: fine ({:.0} s)", options.rounds, begin.elapsed().as_secs_f32()));
    }
    Ok(())
}

/// Needs a chain and no engine. Each cell is printed before it is run.
fn product(place: &std::path::Path, install: bool) -> Result<()> {
    contracts::anvil(install)?;
    let place = std::path::absolute(place)?;
    let mut test = cargo();
    test.args([
        "test",
        "--locked",
        "-p",
        "ttalkak-coordinator",
        "--test",
        "chain",
        "leave_each_batch_paid_once",
    ]);
    test.args(["--", "--nocapture"]).env("TTALKAK_PRODUCT", &place).env("TTALKAK_REQUIRE_ENGINE", "1");
    shell::run(&mut test)
}
