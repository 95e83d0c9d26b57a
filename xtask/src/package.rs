//! The package for Debian and Ubuntu: tray, window, daemon, the unit of a person's session, menu entry and icons.

use crate::{
    desktop,
    shell::{self, say},
    ui,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// How to make the package.
#[derive(Args)]
pub(crate) struct Options {
    /// Install nothing; only tell what is missing.
    #[arg(long)]
    no_install: bool,
    /// Of the debug build: large, and quick to make.
    #[arg(long)]
    debug: bool,
}

/// A package that was made and looked at.
pub(crate) struct Deb {
    /// Where.
    pub path: PathBuf,
    /// Its size.
    pub bytes: f64,
}

/// What must be in it.
const CONTENTS: &[&str] = &[
    "usr/bin/ttalkak-desktop",
    "usr/bin/ttalkak-window",
    "usr/bin/ttalkak-agent",
    "usr/lib/systemd/user/ttalkak-agent.service",
    "usr/share/applications/Ttalkak.desktop",
    "usr/share/icons/hicolor/32x32/apps/ttalkak-desktop.png",
    "usr/share/icons/hicolor/128x128/apps/ttalkak-desktop.png",
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let made = make(!options.no_install, true, !options.debug)?;
    say(&format!("{:.1} MB", made.bytes / 1e6));
    shell::print(&made.path.display().to_string());
    Ok(())
}

/// The package of the release build.
pub(crate) fn deb(install: bool, build: bool) -> Result<Deb> {
    make(install, build, true)
}

fn make(install: bool, build: bool, release: bool) -> Result<Deb> {
    let target = target()?.join(if release { "release" } else { "debug" });
    if build {
        desktop::build(install, release)?;
        bundle(&target, release)?;
    }
    let folder = target.join("bundle/deb");
    let debs = fs::read_dir(&folder).with_context(|| format!("look into {}", folder.display()))?;
    let mut debs: Vec<PathBuf> = debs.flatten().map(|entry| entry.path()).collect();
    debs.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let path = debs.pop().context("no package was made")?;
    look(&path)?;
    let bytes = fs::metadata(&path)?.len();
    Ok(Deb { path, bytes: f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) })
}

/// Tauri's command makes the package of the programs that are built already; its own build would make them once more.
fn bundle(target: &Path, release: bool) -> Result<()> {
    let daemon = target.join("ttalkak-agent");
    let unit = "agent/desktop/bundle/ttalkak-agent.service";
    let files = serde_json::json!({
        "/usr/bin/ttalkak-agent": daemon,
        "/usr/lib/systemd/user/ttalkak-agent.service": unit,
    });
    let config = serde_json::json!({
        "bundle": { "linux": { "deb": { "files": files } } },
    });
    let mut tauri = ui::tauri();
    tauri.args([
        "bundle",
        "--ci",
        "--features",
        "desktop",
        "--bundles",
        "deb",
        "--config",
        &config.to_string(),
    ]);
    if !release {
        tauri.arg("--debug");
    }
    shell::output_only(&mut tauri)
}

/// Unpacks the package and looks whether all is in it.
fn look(deb: &Path) -> Result<()> {
    let out = std::env::temp_dir().join(format!("ttalkak-deb-{}", std::process::id()));
    shell::quiet(Command::new("dpkg-deb").arg("-x").arg(deb).arg(&out))?;
    let missing: Vec<&str> = CONTENTS.iter().copied().filter(|path| !out.join(path).is_file()).collect();
    let entry = fs::read_to_string(out.join(CONTENTS[4])).unwrap_or_default();
    let removed = fs::remove_dir_all(&out);
    if !missing.is_empty() {
        bail!("the package lacks {}", missing.join(", "));
    }
    if !entry.lines().any(|line| line == "Exec=ttalkak-desktop") {
        bail!("the menu entry does not start the tray:\n{entry}");
    }
    removed.context("remove the unpacked package")
}

/// The target folder of this build: two above the program that runs.
fn target() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the folder of the programs")?;
    Ok(own.ancestors().nth(2).context("find the folder of the programs")?.to_owned())
}
