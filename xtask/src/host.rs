//! What must be on the machine, and how it gets there: Debian's and Ubuntu's packages, each with its reason, told
//! before anything is installed.

use crate::shell;
use anyhow::{Result, bail};
use std::process::Command;

/// What shows that something is there.
pub(crate) enum Sign {
    /// A program on the path.
    Program(&'static str),
    /// A library that can be built against, as pkg-config calls it.
    Library(&'static str),
    /// A font that has the letters of a language, as fontconfig names it.
    Letters(&'static str),
}

impl Sign {
    /// Whether it is there.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => shell::has(name),
            Self::Library(name) => shell::succeeds(Command::new("pkg-config").args(["--exists", name])),
            Self::Letters(language) => {
                let list = shell::output(Command::new("fc-list").arg(format!(":lang={language}")));
                list.is_ok_and(|fonts| !fonts.trim().is_empty())
            }
        }
    }
}

/// Something that the project needs from the system.
pub(crate) struct Need {
    /// What shows whether it is there.
    pub sign: Sign,
    /// Debian's packages that bring it.
    pub packages: &'static [&'static str],
    /// Why it is needed, for the person who is asked to bear it.
    pub why: &'static str,
}

/// For building and running.
pub(crate) const GIT: Need = Need {
    sign: Sign::Program("git"),
    packages: &["git"],
    why: "the coordinator fetches repositories with it",
};
/// The container engine.
pub(crate) const ENGINE: Need = Need {
    sign: Sign::Program("dockerd"),
    packages: &["docker.io", "iptables", "ca-certificates"],
    why: "apps are built and run in its containers",
};
/// For the stand-ins of the Node images.
pub(crate) const NPM: Need = Need {
    sign: Sign::Program("npm"),
    packages: &["npm"],
    why: "no image registry can be reached, so the Node image is made from npm's packages",
};
/// For the contracts.
pub(crate) const CONTRACT_TOOLS: Need = Need {
    sign: Sign::Program("npm"),
    packages: &["npm"],
    why: "the contracts' compiler, their tests and the development chain come from it",
};
/// For the tests of the screens.
pub(crate) const CHROMIUM: Need = Need {
    sign: Sign::Program("chromium"),
    packages: &["chromium"],
    why: "the screens and the console are tested in it",
};
/// For the screens.
pub(crate) const NODE: Need = Need {
    sign: Sign::Program("npm"),
    packages: &["npm"],
    why: "the screens of the desktop app and the console are built with its packages",
};
/// For building the window.
pub(crate) const WINDOW: &[&Need] = &[
    &Need {
        sign: Sign::Program("pkg-config"),
        packages: &["pkg-config"],
        why: "the window's build finds the system's libraries by it",
    },
    &Need {
        sign: Sign::Library("webkit2gtk-4.1"),
        packages: &["libwebkit2gtk-4.1-dev"],
        why: "the desktop app's window is drawn by the system's webview",
    },
];
/// For looking at the window without a screen, and for clicking in it.
pub(crate) const WINDOW_TESTS: &[&Need] = &[
    &Need {
        sign: Sign::Program("Xvfb"),
        packages: &["xvfb"],
        why: "the window is tested on a screen that nobody sees",
    },
    &Need {
        sign: Sign::Program("WebKitWebDriver"),
        packages: &["webkit2gtk-driver"],
        why: "tests click and read in the window through it",
    },
    &Need {
        sign: Sign::Program("dbus-daemon"),
        packages: &["dbus"],
        why: "the tray is tested on a session bus of its own",
    },
    &Need {
        sign: Sign::Letters("ko"),
        packages: &["fontconfig", "fonts-noto-cjk"],
        why: "without a font that has them, Korean letters would be empty boxes",
    },
];
/// For the benchmarks.
pub(crate) const WRK: Need =
    Need { sign: Sign::Program("wrk"), packages: &["wrk"], why: "it makes the load of the benchmark" };

/// Installs what is missing, saying what and why first. `install`: false only tells.
pub(crate) fn ensure(needs: &[&Need], install: bool) -> Result<()> {
    let missing: Vec<&&Need> = needs.iter().filter(|need| !need.sign.is_there()).collect();
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
