//! `ttalkak-agent doctor`: looks whether everything that `run` needs is there, and says what to do where it is not.

use super::{Failure, say};
use crate::{
    address::Coordinator,
    cause::Chain,
    config::{Config, Surroundings, Texts},
    identity::Identity,
    io::{api::Api, engine::Engine, machine::MachineSize},
};
use std::process::ExitCode;
use ttalkak_protocol::{id::AgentId, unit::UnixMillis};

/// A clock further off than this makes tokens and certificates look wrong.
const SKEW_MAX_SECONDS: i64 = 30;

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Where the agent keeps its key and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// The coordinator to look for, when this machine is not enrolled yet.
    #[arg(long, value_name = "URL")]
    coordinator: Option<String>,
    /// The settings file to check.
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
}

/// What a look at one thing found.
type Finding = Result<String, String>;

pub(super) async fn run(args: DoctorArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    let said = [("data_dir", args.data_dir), ("coordinator", args.coordinator)];
    let flags: Texts = said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    surroundings.read_file(args.config.as_deref())?;
    let config = Config::read(flags, &surroundings, MachineSize::read())?;
    let identity = Identity::open(&config.data_dir);
    let coordinator =
        identity.as_ref().map_or(config.coordinator.clone(), |id| Some(id.record.coordinator.clone()));
    let agent = identity.as_ref().map_or(AgentId::new(uuid::Uuid::nil()), |identity| identity.record.agent);
    let mut findings = vec![("identity", look_at_identity(identity))];
    findings.extend(look_at_coordinator(coordinator).await);
    findings.push(("engine", look_at_engine(&config, agent).await));
    let mut healthy = true;
    for (what, finding) in findings {
        healthy &= finding.is_ok();
        match finding {
            Ok(seen) => say(format_args!("ok    {what}: {seen}")),
            Err(wrong) => say(format_args!("WRONG {what}: {wrong}")),
        }
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn look_at_identity(identity: Result<Identity, crate::identity::IdentityError>) -> Finding {
    match identity {
        Ok(identity) => Ok(format!("{} ({})", identity.record.name, identity.record.agent)),
        Err(error) => Err(Chain(&error).to_string()),
    }
}

async fn look_at_coordinator(coordinator: Option<Coordinator>) -> Vec<(&'static str, Finding)> {
    let Some(coordinator) = coordinator else {
        return vec![("coordinator", Err("none is known; enrol, or give --coordinator".to_owned()))];
    };
    let health = match Api::new(coordinator.clone(), None) {
        Ok(api) => api.health().await,
        Err(error) => Err(error),
    };
    let (health, date) = match health {
        Ok(answer) => answer,
        Err(error) => return vec![("coordinator", Err(Chain(&error).to_string()))],
    };
    let mut seen = format!("{coordinator} answers, version {}", health.version);
    if coordinator.readable_by_others() {
        seen.push_str("; without TLS, so others on the way can read what is said");
    }
    let here = UnixMillis(jiff::Timestamp::now().as_millisecond());
    vec![("coordinator", Ok(seen)), ("clock", look_at_clock(here, date))]
}

fn look_at_clock(here: UnixMillis, there: Option<UnixMillis>) -> Finding {
    let Some(there) = there else { return Ok("the coordinator does not tell its time".to_owned()) };
    let off = (here.0 - there.0) / 1000;
    let side = if off < 0 { "behind" } else { "ahead of" };
    let seen = format!("{} s {side} the coordinator's", off.abs());
    if off.abs() > SKEW_MAX_SECONDS { Err(format!("{seen}; set the time, or turn on NTP")) } else { Ok(seen) }
}

async fn look_at_engine(config: &Config, agent: AgentId) -> Finding {
    match Engine::find(config.engine.as_deref(), config.runtime_dir.as_deref(), agent).await {
        Ok((engine, facts)) => Ok(format!("{} at {}", facts.name, engine.address())),
        Err(error) => {
            let remedy =
                "start Docker (`sudo systemctl start docker`) or Podman, and let this user use its socket";
            Err(format!("{}; {remedy}", Chain(&error)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_with_its_side() {
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        assert_eq!(look_at_clock(at(100), Some(at(95))), Ok("5 s ahead of the coordinator's".into()));
        assert!(look_at_clock(at(100), Some(at(131))).unwrap_err().starts_with("31 s behind"));
        assert!(look_at_clock(at(100), None).is_ok());
    }
}
