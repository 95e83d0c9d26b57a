//! `ttalkak-agent enrol`: makes this machine an agent of a coordinator.

use super::{DataLock, Failure, say};
use crate::{
    address::Coordinator,
    config::{Config, Surroundings, Texts},
    enrol::{Enrolment, Wish, create_data_dir, enrol, pair},
    io::{
        clock,
        machine::{self, MachineSize},
    },
};
use std::process::ExitCode;
use ttalkak_protocol::{
    Secret,
    api::{
        machine::Pairing,
        provider::{ENROL_LINK, EnrolLink},
    },
};

/// What `enrol` takes.
#[derive(Debug, clap::Args)]
pub struct EnrolArgs {
    /// The one-time code, from `ttalkak providers enrol`, or the whole ttalkak:// link that it prints. Without one this
    /// machine shows a code, for `ttalkak providers approve`.
    code: Option<String>,
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
    let name = config.name.or_else(machine::host_name).unwrap_or_else(|| "agent".to_owned());
    let (data, force) = (&config.data_dir, args.force);
    let identity = match code {
        Some(code) => enrol(data, Enrolment { coordinator, code, name, force }).await?,
        None => pair(data, Wish { coordinator, name, force }, show).await?,
    };
    let record = &identity.record;
    say(format_args!("Enrolled with {} as {} ({}).", record.coordinator, record.name, record.agent));
    say("Start it with `ttalkak-agent run`.");
    Ok(ExitCode::SUCCESS)
}

/// Tells the owner what to do elsewhere.
fn show(pairing: &Pairing) {
    say(format_args!("This machine waits to be let in, with the code {}.", pairing.code));
    let minutes = pairing.expires_at.since(clock::wall()).0.div_ceil(60_000);
    say(format_args!(
        "Within {minutes} minutes, where you are signed in: ttalkak providers approve {}",
        pairing.code
    ));
}

/// The code, when there is one, and whom it is for. A link names its coordinator; another one beside it would be a mistake.
fn where_to(
    text: Option<String>,
    coordinator: Option<Coordinator>,
) -> Result<(Option<Secret<String>>, Coordinator), Failure> {
    let Some(text) = text else {
        let who = "say with whom: --coordinator https://…";
        return Ok((None, coordinator.ok_or(who)?));
    };
    match (text.trim().starts_with(ENROL_LINK), coordinator) {
        (true, None) => {
            let link: EnrolLink = text.parse()?;
            Ok((Some(link.code), link.coordinator.parse()?))
        }
        (false, Some(coordinator)) => Ok((Some(Secret::new(text)), coordinator)),
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
        let to = |text: &str, coordinator| where_to(Some(text.to_owned()), coordinator);
        let (code, coordinator) = to(link, None).unwrap();
        assert_eq!((code.unwrap().reveal().as_str(), Some(coordinator)), ("tte_1", at()));
        assert_eq!(to("tte_1", at()).unwrap().0.unwrap().reveal(), "tte_1");
        assert!(to(link, at()).is_err() && to("tte_1", None).is_err());
        assert!(to("ttalkak://enrol?code=tte_1", None).is_err());
        assert!(where_to(None, at()).unwrap().0.is_none(), "without a code it is paired");
        assert!(where_to(None, None).is_err());
    }
}
