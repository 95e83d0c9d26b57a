//! `ttalkak-agent run`: the daemon that insists on an enrolment and lends from the first moment.
//! Deliberately absent: everything that the daemon does.

use super::{Failure, signal::stop_wished};
use crate::{
    config::{Surroundings, Texts},
    daemon::{self, Ended, Options},
};
use std::{path::PathBuf, process::ExitCode};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::desk::Hosted;

/// What `run` takes. Each flag is a setting of the same name in the settings file.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Where the agent keeps its key and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// A settings file; agent.example.toml shows all there is.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Host ports that workloads may get.
    #[arg(long, value_name = "FIRST-LAST")]
    port_range: Option<String>,
    /// Processors to lend, such as 2 or 500m; half of the machine when not said.
    #[arg(long)]
    cpu: Option<String>,
    /// Memory to lend, such as 2GiB; half of the machine when not said.
    #[arg(long)]
    memory: Option<String>,
    /// Most workloads at a time.
    #[arg(long, value_name = "COUNT")]
    workloads_max: Option<String>,
    /// The engine's socket, such as unix:///var/run/docker.sock.
    #[arg(long, value_name = "ADDRESS")]
    engine: Option<String>,
    /// Let workloads run on when the agent stops.
    #[arg(long)]
    keep_workloads: bool,
    /// A one-time code: enrols this machine first, if it is not enrolled yet.
    #[arg(long, value_name = "CODE")]
    enrol_code: Option<String>,
    /// The coordinator to enrol with.
    #[arg(long, value_name = "URL")]
    coordinator: Option<String>,
    /// What to call this machine when it is enrolled.
    #[arg(long)]
    name: Option<String>,
}

impl RunArgs {
    fn texts(self) -> Texts {
        let said = [
            ("data_dir", self.data_dir),
            ("port_range", self.port_range),
            ("cpu", self.cpu),
            ("memory", self.memory),
            ("workloads_max", self.workloads_max),
            ("engine", self.engine),
            ("keep_workloads", self.keep_workloads.then(|| "true".to_owned())),
            ("enrol_code", self.enrol_code),
            ("coordinator", self.coordinator),
            ("name", self.name),
        ];
        said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

pub(super) async fn run(args: RunArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    surroundings.read_file(args.config.as_deref())?;
    let options = Options {
        flags: args.texts(),
        surroundings,
        lend_at_once: true,
        web: None,
        hosted: Hosted::Daemon,
        tell_url: |_| (),
    };
    serve(options).await
}

/// Runs a daemon until a signal comes, and then until it has stopped. A second signal ends it at once.
pub(super) async fn serve(options: Options) -> Result<ExitCode, Failure> {
    let stop = CancellationToken::new();
    let daemon = daemon::run(options, stop.clone());
    tokio::pin!(daemon);
    let ended = tokio::select! {
        ended = &mut daemon => ended,
        wished = stop_wished() => {
            wished?;
            tracing::info!("stopping; a second signal ends the agent at once");
            stop.cancel();
            tokio::select! {
                ended = &mut daemon => ended,
                _ = stop_wished() => {
                    tracing::error!("did not stop in time: everything, as was wished");
                    Ok(Ended { clean: false })
                }
            }
        }
    };
    Ok(if ended?.clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
