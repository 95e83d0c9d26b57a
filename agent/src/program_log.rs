//! The program's own log, on standard error, so that standard output stays for answers.
//! Deliberately absent: logs of workloads, which go over the link.

use crate::config::Texts;
use std::io::{self, IsTerminal};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

mod recent;

pub use recent::{follow, recent, unfollow};

/// Which lines are written when nobody says.
const FILTER_DEFAULT: &str = "info";

/// Starts the log. `TTALKAK_LOG` chooses the lines (`debug`, `ttalkak_agent::io::link=trace`); a filter that cannot be
/// read falls back to the default with a warning. Called again, it changes nothing.
pub fn start(env: &Texts, json: bool) {
    let said = env.get("TTALKAK_LOG").map_or(FILTER_DEFAULT, String::as_str);
    let (filter, wrong) = match EnvFilter::try_new(said) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new(FILTER_DEFAULT), Some(error)),
    };
    // A log that goes to a file is read by programs, which colours would only disturb.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let lines = if json { lines.json().boxed() } else { lines.with_target(false).boxed() };
    let _ = tracing_subscriber::registry().with(filter).with(lines).with(recent::Recent).try_init();
    if let Some(error) = wrong {
        tracing::warn!(%error, "TTALKAK_LOG cannot be read; an example is TTALKAK_LOG=debug");
    }
}
