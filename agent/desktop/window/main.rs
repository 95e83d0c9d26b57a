//! `ttalkak-window`: the window of the desktop app, a process of its own that ends when it is closed. With
//! `--question` it is a dialog of the system instead, for the tray, which has no toolkit.

mod about;
mod app;
mod commands;
mod question;
mod system;
mod updates;

use clap::Parser;
use std::process::ExitCode;
use ttalkak_agent::{config::Surroundings, program_log};
use ttalkak_desktop::config::Places;

/// The window of Ttalkak's desktop app; started by ttalkak-desktop.
#[derive(Debug, Parser)]
#[command(name = "ttalkak-window", version)]
struct Options {
    /// The page to open at, such as `earnings`.
    #[arg(long)]
    page: Option<String>,
    /// Asks the question that comes as JSON on standard input. Ends with 0 for yes and 1 for no.
    #[arg(long)]
    question: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let surroundings = Surroundings::of_this_process();
    program_log::start(&surroundings.env, false);
    if options.question {
        return question::ask();
    }
    match Places::find(&surroundings.env)
        .map_err(Into::into)
        .and_then(|places| app::run(places, options.page))
    {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("the window cannot be opened: {error:#}");
            ExitCode::FAILURE
        }
    }
}
