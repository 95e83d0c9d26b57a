//! `ttalkak-agent enrol`: makes this machine an agent of a coordinator.

use super::{DataLock, Failure, say};
use crate::{
    address::Coordinator,
    config::{Config, Surroundings, Texts},
    enrol::{Enrolment, create_data_dir, enrol},
    io::machine::{self, MachineSize},
};
use std::process::ExitCode;
use ttalkak_protocol::Secret;

/// What `enrol` takes.
#[derive(Debug, clap::Args)]
pub struct EnrolArgs {
    /// The one-time code, from `ttalkak providers enrol`.
    code: String,
    /// The coordinator's address, such as https://ttalkak.example.
    #[arg(long, value_name = "URL")]
    coordinator: Coordinator,
    /// What to call this machine; the host's name when not given.
    #[arg(long)]
    name: Option<String>,
    /// Where the agent keeps its key and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Enrol anew; the identity that is there is kept aside.
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(args: EnrolArgs, surroundings: Surroundings) -> Result<ExitCode, Failure> {
    let said = [("data_dir", args.data_dir), ("name", args.name)];
    let flags: Texts = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    let config = Config::read(flags, &surroundings, MachineSize::read())?;
    create_data_dir(&config.data_dir)?;
    // An agent that runs would go on with the identity it has read.
    let _lock = DataLock::take(&config.data_dir)?;
    let enrolment = Enrolment {
        coordinator: args.coordinator,
        code: Secret::new(args.code),
        name: config.name.or_else(machine::host_name).unwrap_or_else(|| "agent".to_owned()),
        force: args.force,
    };
    let identity = enrol(&config.data_dir, enrolment).await?;
    let record = &identity.record;
    say(format_args!("Enrolled with {} as {} ({}).", record.coordinator, record.name, record.agent));
    say("Start it with `ttalkak-agent run`.");
    Ok(ExitCode::SUCCESS)
}
