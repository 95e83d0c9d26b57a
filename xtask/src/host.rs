//! What must be on the machine, and how it gets there: Debian's and Ubuntu's packages, each with its reason, told
//! before anything is installed.

use crate::shell;
use anyhow::{Result, bail};
use std::process::Command;

/// Something that the project needs from the system.
pub(crate) struct Need {
    /// A program that shows whether it is there.
    pub program: &'static str,
    /// Debian's packages that bring it.
    pub packages: &'static [&'static str],
    /// Why it is needed, for the person who is asked to bear it.
    pub why: &'static str,
}

/// For building and running.
pub(crate) const GIT: Need =
    Need { program: "git", packages: &["git"], why: "the coordinator fetches repositories with it" };
/// The container engine.
pub(crate) const ENGINE: Need = Need {
    program: "dockerd",
    packages: &["docker.io", "iptables", "ca-certificates"],
    why: "apps are built and run in its containers",
};
/// For the stand-ins of the Node images.
pub(crate) const NPM: Need = Need {
    program: "npm",
    packages: &["npm"],
    why: "no image registry can be reached, so the Node image is made from npm's packages",
};
/// For the contracts.
pub(crate) const CONTRACT_TOOLS: Need = Need {
    program: "npm",
    packages: &["npm"],
    why: "the contracts' compiler, their tests and the development chain come from it",
};
/// For the console's tests.
pub(crate) const CHROMIUM: Need =
    Need { program: "chromium", packages: &["chromium"], why: "the console is tested in it" };
/// For the benchmarks.
pub(crate) const WRK: Need =
    Need { program: "wrk", packages: &["wrk"], why: "it makes the load of the benchmark" };

/// Installs what is missing, saying what and why first. `install`: false only tells.
pub(crate) fn ensure(needs: &[&Need], install: bool) -> Result<()> {
    let missing: Vec<&&Need> = needs.iter().filter(|need| !shell::has(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        shell::say(&format!("Missing: {} ({}).", need.packages.join(", "), need.why));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages.iter().copied()).collect();
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !install {
        bail!("Nothing was installed, as asked. To do it yourself: {by_hand}");
    }
    if !shell::has("apt-get") {
        bail!("This machine has no apt-get. Install {} by hand and start again.", packages.join(", "));
    }
    shell::say(&format!("Installing them now: {by_hand}"));
    shell::run(as_root("apt-get").args(["update", "-qq"]))?;
    let mut apt = as_root("apt-get");
    apt.args(["install", "-y", "-qq", "--no-install-recommends"]).args(&packages);
    shell::run(apt.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// A command with the rights to change the system: as it is for root, by sudo for others.
pub(crate) fn as_root(program: &str) -> Command {
    if is_root() {
        Command::new(program)
    } else {
        let mut command = Command::new("sudo");
        command.arg(program);
        command
    }
}

/// Whether this process may change the system by itself.
pub(crate) fn is_root() -> bool {
    shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
