//! The command line: what can be asked of the agent, and how an error is told.
//! Deliberately absent: the work itself, one file per command.

mod claim;
mod daemon;
mod doctor;
mod earnings;
mod enrol;
mod run;
mod signal;
mod tunnel;
mod wallet;

pub use crate::daemon::{DataLock, LockError, Part, stop_in_order};

use crate::{cause::Chain, config::Surroundings};
use std::{error::Error, io::Write, process::ExitCode};

/// The agent of Ttalkak: lends this machine to tenants, and exposes local services.
#[derive(Debug, clap::Parser)]
#[command(
    name = "ttalkak-agent",
    version,
    about,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage.\nTTALKAK_LOG=debug shows more of what happens."
)]
pub struct Cli {
    /// Write the log as JSON, one object a line.
    #[arg(long, global = true)]
    pub log_json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the agent can do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve: keep the link and the tunnel, run what is assigned.
    Run(run::RunArgs),
    /// Serve in the background: lets the desktop app in, and lends as its settings say.
    Daemon(daemon::DaemonArgs),
    /// Enrol this machine with a one-time code.
    Enrol(enrol::EnrolArgs),
    /// Expose a service of this machine at a public address. Needs no container engine and no enrolment.
    Tunnel(tunnel::TunnelArgs),
    /// The wallet on this machine: its address, its key.
    Wallet(wallet::WalletArgs),
    /// What this machine has earned, by its own book.
    Earnings(earnings::EarningsArgs),
    /// Look whether everything that `run` needs is there.
    Doctor(doctor::DoctorArgs),
}

/// Any failure of a command; it is shown to people with all its causes.
pub type Failure = Box<dyn Error + Send + Sync>;

impl Command {
    /// Runs to the end. Returns what the program ends with.
    pub async fn run(self, surroundings: Surroundings) -> Result<ExitCode, Failure> {
        match self {
            Self::Run(args) => run::run(args, surroundings).await,
            Self::Daemon(args) => daemon::run(args, surroundings).await,
            Self::Enrol(args) => enrol::run(args, surroundings).await,
            Self::Tunnel(args) => tunnel::run(args, surroundings).await,
            Self::Wallet(args) => wallet::run(args, surroundings).await,
            Self::Earnings(args) => earnings::run(args, surroundings).await,
            Self::Doctor(args) => doctor::run(args, surroundings).await,
        }
    }
}

/// Tells a failure on standard error and makes an exit code of it.
pub fn report(ended: Result<ExitCode, Failure>) -> ExitCode {
    match ended {
        Ok(code) => code,
        Err(failure) => {
            // Nobody may be listening any more; there is nothing left to do about it then.
            let _ = writeln!(std::io::stderr(), "error: {}", Chain(failure.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Prints one line of an answer at once, also into a pipe.
fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    // A closed pipe means that nobody reads; the command goes on.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
