//! `ttalkak-agent`: reads its settings, starts its logs, runs one command.

use clap::Parser;
use std::process::ExitCode;
use ttalkak_agent::{
    commands::{Cli, report},
    config::Surroundings,
    program_log,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let surroundings = Surroundings::of_this_process();
    program_log::start(&surroundings.env, cli.log_json);
    // Two workers carry a gigabit of visitors' bytes; each more would only cost memory on a machine that is lent.
    // Few blocking threads: packing a source, reading the machine, saving a checkpoint.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(cli.command.run(surroundings)),
        Err(error) => Err(error.into()),
    };
    report(ended)
}
