//! The container engine: found, installed and started.

use crate::{
    host,
    shell::{self, say},
};
use anyhow::{Context, Result, bail};
use std::{
    fs::File,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// A cold start of the engine on a small machine takes a few seconds; a minute means that it will not come.
const START: Duration = Duration::from_secs(60);

/// Makes sure that an engine answers. `install`: false only tells what would be done.
/// Errors: one sentence with the remedy.
pub(crate) fn ensure(install: bool) -> Result<()> {
    if answers() {
        return Ok(());
    }
    if shell::variable("DOCKER_HOST").is_some() {
        bail!(
            "The engine at DOCKER_HOST does not answer. Start it, or unset DOCKER_HOST to use one on this machine."
        );
    }
    host::ensure(&[&host::ENGINE], install)?;
    if answers() {
        return Ok(());
    }
    if !install {
        bail!("Docker is installed and does not run. Start it: systemctl start docker");
    }
    say("Docker does not run; starting it.");
    if Path::new("/run/systemd/system").is_dir() {
        shell::run(host::as_root("systemctl").args(["start", "docker"]))?;
        return wait(None);
    }
    start_daemon()
}

fn start_daemon() -> Result<()> {
    if !host::is_root() {
        bail!("Docker does not run and only root can start it here. Run as root once: dockerd &");
    }
    let log = std::env::temp_dir().join("ttalkak-dockerd.log");
    let out = File::create(&log).with_context(|| format!("write {}", log.display()))?;
    // An engine that was killed leaves these behind, and a new one takes whoever has the number now for its own.
    for stale in ["/var/run/docker.pid", "/var/run/docker/containerd/containerd.pid"] {
        let _ = std::fs::remove_file(stale);
    }
    // A process group of its own: Ctrl-C at our terminal is not meant for the engine.
    let mut daemon = Command::new("dockerd");
    daemon.process_group(0).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
    let child = daemon.spawn().context("start dockerd")?;
    wait(Some((child, &log)))
}

fn wait(daemon: Option<(std::process::Child, &Path)>) -> Result<()> {
    let (mut child, log) = daemon.map_or((None, None), |(child, log)| (Some(child), Some(log)));
    let begin = Instant::now();
    while begin.elapsed() < START {
        if answers() {
            return Ok(());
        }
        if child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_)))) {
            break;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    let tail = log.and_then(|log| std::fs::read_to_string(log).ok()).unwrap_or_default();
    let last: Vec<&str> = tail.lines().rev().take(3).collect();
    let said: Vec<&str> = last.into_iter().rev().collect();
    bail!(
        "Docker cannot run on this machine; use a machine or virtual machine where it can, or set DOCKER_HOST to an engine elsewhere.\n{}",
        said.join("\n")
    )
}

/// Whether an engine answers.
pub(crate) fn answers() -> bool {
    shell::has("docker") && shell::succeeds(Command::new("docker").arg("info"))
}

/// Whether the engine has an image.
pub(crate) fn has_image(image: &str) -> bool {
    shell::succeeds(Command::new("docker").args(["image", "inspect", image]))
}
