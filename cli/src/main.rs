//! `ttalkak`: the tenant's command line. Reads arguments, calls the coordinator, prints what came of it.
//! Deliberately absent: any rule about deployments; the coordinator decides, this program asks and shows.

mod api;
mod args;
mod clock;
mod commands;
mod config;
mod context;
mod cost;
mod credentials;
mod csv;
mod dotenv;
mod env_entry;
mod error;
mod exit;
mod follow;
mod human;
mod leaving;
mod local;
mod money;
mod output;
mod purse;
mod rollout;
mod sse;
mod status;
mod term;
mod verify;
mod wallet;

use clap::Parser;
use error::{CliError, CliResult};
use exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let surroundings = config::Surroundings::read();
    let output = output::Output::new(&surroundings, cli.json, cli.no_color);
    let ended = cli.token.as_deref().map(args::token).transpose().and_then(|token| {
        let context = context::Context::new(surroundings, output.clone(), cli.coordinator, token);
        run(&context, cli.command)
    });
    let exit = match ended {
        Ok(()) => Exit::Ok,
        Err(error) => {
            output.failure(&error);
            error.exit()
        }
    };
    exit.into()
}

fn run(context: &context::Context, command: args::Command) -> CliResult<()> {
    // A second install is an error that means: there is one already.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| CliError::file("start the runtime", cause))?;
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            ended = commands::run(context, command) => ended,
            heard = tokio::signal::ctrl_c() => match heard {
                Ok(()) => Err(context.interrupted()),
                Err(cause) => Err(CliError::file("listen for Ctrl-C", cause)),
            },
        }
    });
    // A folder that is being packed must not hold up the end.
    runtime.shutdown_background();
    ended
}
