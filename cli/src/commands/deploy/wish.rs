//! What one may ask for a deployment, checked before anything is sent. Pure.

use super::Args;
use crate::{
    error::{CliError, CliResult},
    human,
};
use ttalkak_protocol::{
    api::deployment::{CPU_BOUNDS, DeploymentView, Exposure, MEMORY_BOUNDS},
    error::ErrorCode,
    unit::{Bytes, MilliCpu},
};

/// A memory limit within the bounds of the platform.
pub(in crate::commands) fn memory(text: &str) -> Result<Bytes, String> {
    let bytes = human::parse_size(text)?;
    let (least, most) = MEMORY_BOUNDS;
    if bytes < least || bytes > most {
        return Err(format!("memory is {} to {}", human::size(least), human::size(most)));
    }
    Ok(bytes)
}

/// A processor limit within the bounds of the platform.
pub(in crate::commands) fn cpu(text: &str) -> Result<MilliCpu, String> {
    let wrong = || format!("`{text}` is not a number of processors: write it as 0.5 or 2");
    let thousandths = human::parse_thousandths(text).ok_or_else(wrong)?;
    let cpu = u32::try_from(thousandths).map(MilliCpu).map_err(|_| wrong())?;
    if cpu < CPU_BOUNDS.0 || cpu > CPU_BOUNDS.1 {
        return Err("processors are 0.05 to 16".into());
    }
    Ok(cpu)
}

/// A path of the app.
pub(super) fn health_path(text: &str) -> Result<String, String> {
    if text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("give a path that starts with /, such as /health".into())
    }
}

impl Args {
    /// Refuses wishes that differ from what an existing deployment has and that are set once, when it is made: silently
    /// keeping the old ones would mislead.
    pub(super) fn check_unchanged(&self, existing: &DeploymentView) -> CliResult<()> {
        let differs = |wish: Option<bool>| wish == Some(true);
        let changed: Vec<&str> = [
            ("--port", differs(self.port.map(|wish| existing.port.map(|port| port.get()) != Some(wish)))),
            ("--tcp", self.tcp && existing.exposure != Exposure::Tcp),
            (
                "--project",
                differs(
                    self.project
                        .as_ref()
                        .map(|wish| *wish != existing.project_name && *wish != existing.project.to_string()),
                ),
            ),
        ]
        .into_iter()
        .filter_map(|(option, changed)| changed.then_some(option))
        .collect();
        if changed.is_empty() {
            return Ok(());
        }
        Err(CliError::usage(
            ErrorCode::StateConflict,
            format!("{} exists with another {}, which is set once.", existing.name, changed.join(", ")),
            "Leave the option out, or deploy under another --name.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Probe {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &[&str]) -> Args {
        Probe::parse_from(std::iter::once(&"deploy").chain(line)).args
    }

    #[test]
    fn wishes_out_of_bounds_are_refused_here() {
        for bad in ["1MiB", "17GiB", "512"] {
            assert!(memory(bad).is_err(), "{bad}");
        }
        assert_eq!(memory("512MiB"), Ok(Bytes::mib(512)));
        for bad in ["0", "17", "x"] {
            assert!(cpu(bad).is_err(), "{bad}");
        }
        assert_eq!(cpu("0.5"), Ok(MilliCpu(500)));
        assert!(
            health_path("health").is_err() && health_path("/a b").is_err() && health_path("/ok?x=1").is_ok()
        );
        assert!(Probe::try_parse_from(["deploy", "--port", "0"]).is_err());
        assert!(Probe::try_parse_from(["deploy", "--port", "65536"]).is_err());
    }

    #[test]
    fn an_existing_deployment_keeps_what_is_set_once_and_says_so() {
        let existing = crate::status::tests::live();
        assert!(
            args(&["--memory", "512MiB", "--cpu", "1", "--project", "shop"])
                .check_unchanged(&existing)
                .is_ok()
        );
        let error =
            args(&["--memory", "1GiB", "--tcp", "--port", "80"]).check_unchanged(&existing).unwrap_err();
        assert_eq!(error.to_string(), "shop exists with another --port, --tcp, which is set once.");
    }
}
