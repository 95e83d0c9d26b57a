//! The project's own commands: `cargo xtask up | check | test | bench | soak | images`. Everything that a newcomer or the
//! continuous integration needs is found, installed and started from here.

mod bench;
mod check;
mod console;
mod contracts;
mod engine;
mod host;
mod images;
mod shell;
mod soak;
mod test;
mod up;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Sets up, checks and measures Ttalkak.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing, start everything on this machine, deploy the example and print its URL.
    Up(up::Options),
    /// The quick gate: format, lints, licences and bans, house rules, unit tests.
    Check,
    /// Everything, on the real container engine.
    Test(test::Options),
    /// Measure against peers; the last line is JSON.
    Bench(bench::Options),
    /// The long forms of the fault tests, again and again with other seeds.
    Soak(soak::Options),
    /// Make local stand-ins for base images where no registry can be reached.
    Images {
        /// Groups or tags; all when none is named.
        wanted: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Up(options) => up::run(&options),
        Command::Check => check::run(),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Images { wanted } => images::make(&wanted),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
