//! `ttalkak-agent enrol`: makes this machine an agent of a coordinator.

use super::{DataLock, Failure, say};
use crate::{
    address::Coordinator,
    config::{Config, Surroundings, Texts},
    enrol::{Enrolment, create_data_dir, enrol},
    io::machine::{self, MachineSize},
};
use std::process::ExitCode;
use ttalkak_protocol::{
    Secret,
    api::provider::{ENROL_LINK, EnrolLink},
};

/// What `enrol` takes.
#[derive(Debug, clap::Args)]
pub struct EnrolArgs {
    /// The one-time code, from `ttalkak providers enrol`, or the whole ttalkak:// link that it prints.
    code: String,
    /// The coordinator's address, such as https://ttalkak.example; not needed with a link.
    #[arg(long, value_name = "URL")]
    coordinator: Option<Coordinator>,
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
    let (code, coordinator) = where_to(args.code, args.coordinator)?;
    let said = [("data_dir", args.data_dir), ("name", args.name)];
    let flags: Texts = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    let config = Config::read(flags, &surroundings, MachineSize::read())?;
    create_data_dir(&config.data_dir)?;
    // An agent that runs would go on with the identity it has read.
    let _lock = DataLock::take(&config.data_dir)?;
    let enrolment = Enrolment {
        coordinator,
        code,
        name: config.name.or_else(machine::host_name).unwrap_or_else(|| "agent".to_owned()),
        force: args.force,
    };
    let identity = enrol(&config.data_dir, enrolment).await?;
    let record = &identity.record;
    say(format_args!("Enrolled with {} as {} ({}).", record.coordinator, record.name, record.agent));
    say("Start it with `ttalkak-agent run`.");
    Ok(ExitCode::SUCCESS)
}

/// The code and whom it is for. A link names its coordinator; another one beside it would be a mistake.
fn where_to(
    text: String,
    coordinator: Option<Coordinator>,
) -> Result<(Secret<String>, Coordinator), Failure> {
    match (text.trim().starts_with(ENROL_LINK), coordinator) {
        (true, None) => {
            let link: EnrolLink = text.parse()?;
            Ok((link.code, link.coordinator.parse()?))
        }
        (false, Some(coordinator)) => Ok((Secret::new(text), coordinator)),
        (true, Some(_)) => Err("the link names its coordinator already; leave --coordinator out".into()),
        (false, None) => {
            Err("say whom the code is for: --coordinator https://…, or give the whole link".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_enough_and_a_bare_code_needs_its_coordinator() {
        let at = || Some("https://t.example".parse().unwrap());
        let link = "ttalkak://enrol?code=tte_1&coordinator=https://t.example";
        let (code, coordinator) = where_to(link.to_owned(), None).unwrap();
        assert_eq!((code.reveal().as_str(), Some(coordinator)), ("tte_1", at()));
        assert_eq!(where_to("tte_1".to_owned(), at()).unwrap().0.reveal(), "tte_1");
        assert!(where_to(link.to_owned(), at()).is_err());
        assert!(where_to("tte_1".to_owned(), None).is_err());
        assert!(where_to("ttalkak://enrol?code=tte_1".to_owned(), None).is_err());
    }
}
