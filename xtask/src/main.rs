//! The project's own commands: `cargo xtask up | desktop | check | test | bench | soak | package | icons | images`. Everything that a newcomer or the
//! continuous integration needs is found, installed and started from here.

mod bench;
mod check;
mod console;
mod contracts;
mod desktop;
mod engine;
mod host;
mod icons;
mod images;
mod package;
mod shell;
mod soak;
mod test;
mod ui;
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
    /// Build the provider's desktop app and start it against the coordinator of `up`.
    Desktop(desktop::Options),
    /// The quick gate: format, lints, licences and bans, house rules, unit tests.
    Check,
    /// Everything, on the real container engine.
    Test(test::Options),
    /// Measure against peers; the last line is JSON.
    Bench(bench::Options),
    /// The long forms of the fault tests, again and again with other seeds.
    Soak(soak::Options),
    /// Make the desktop app's package for Debian and Ubuntu, and look whether all is in it.
    Package(package::Options),
    /// Make the app's icons in all sizes from their drawings.
    Icons,
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
        Command::Desktop(options) => desktop::run(&options),
        Command::Package(options) => package::run(&options),
        Command::Icons => icons::make(true),
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
