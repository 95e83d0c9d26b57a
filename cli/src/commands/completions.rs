//! `ttalkak completions`: a script that lets a shell complete commands and options.

use crate::{args::Cli, context::Context, error::CliResult};
use clap::CommandFactory;
use clap_complete::Shell;

/// What `completions` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// For which shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(context: &Context, args: &Args) -> CliResult<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ttalkak", &mut script);
    context.output.line(String::from_utf8_lossy(&script).trim_end())
}
