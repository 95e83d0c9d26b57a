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
    /// The programs of the last build, as they are.
    #[arg(long)]
    no_build: bool,
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

/// What starts something by itself, or could.
const UNASKED: &[&str] = &[
    "DEBIAN/postinst",
    "DEBIAN/preinst",
    "etc/xdg/autostart",
    "usr/lib/systemd/user/default.target.wants",
    "usr/lib/systemd/user-preset",
];

const PROGRAMS: &[&str] = &["ttalkak-desktop", "ttalkak-window", "ttalkak-agent"];

/// Where Tauri keeps what kind of package a program comes from, before and after.
const UNMARKED: &[u8] = b"__TAURI_BUNDLE_TYPE_VAR_UNK";
const MARKED: &[u8] = b"__TAURI_BUNDLE_TYPE_VAR_DEB";

pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        desktop::build(!options.no_install, !options.debug)?;
    }
    let made = pack(!options.debug)?;
    say(&format!("{:.1} MB", made.bytes / 1e6));
    shell::print(&made.path.display().to_string());
    Ok(())
}

/// Packs the programs that are built as they are in a package. Tauri's command is one of the screens' packages, which
/// their build has installed.
pub(crate) fn pack(release: bool) -> Result<Deb> {
    let target = target()?;
    let stage = Stage::at(&target.join("package"), release);
    stage.fill(&target.join(if release { desktop::PACKED } else { "debug" }))?;
    bundle(&stage)?;
    let debs = stage.programs.join("bundle/deb");
    let found = fs::read_dir(&debs).with_context(|| format!("look into {}", debs.display()))?;
    let mut found = found.flatten().map(|entry| entry.path());
    let deb = found.find(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let path = deb.context("no package was made")?;
    if release {
        repack(&path)?;
    }
    look(&path)?;
    let bytes = fs::metadata(&path)?.len();
    Ok(Deb { path, bytes: f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) })
}

/// A target folder as Tauri's command expects one: it knows two profiles, and ours is neither.
struct Stage {
    root: PathBuf,
    programs: PathBuf,
    release: bool,
}

impl Stage {
    fn at(root: &Path, release: bool) -> Self {
        let programs = root.join(if release { "release" } else { "debug" });
        Self { root: root.to_owned(), programs, release }
    }

    /// Copies the programs there, and nothing is left of an earlier package.
    fn fill(&self, from: &Path) -> Result<()> {
        if self.programs.exists() {
            fs::remove_dir_all(&self.programs).context("clear the place where the package is made")?;
        }
        fs::create_dir_all(&self.programs)?;
        for name in PROGRAMS {
            let copied = fs::copy(from.join(name), self.programs.join(name));
            copied.with_context(|| format!("copy {name} of {}", from.display()))?;
        }
        mark(&self.programs.join("ttalkak-window"))
    }
}

/// Tells the window that it comes from a Debian package, so that its updater fetches one. Tauri's command would tell the
/// main program, which is the tray and has no updater; it warns that it found no place for it.
fn mark(window: &Path) -> Result<()> {
    let mut program = fs::read(window)?;
    let at = find(&program, UNMARKED).context("the window has no place for the kind of its package")?;
    program[at..at + MARKED.len()].copy_from_slice(MARKED);
    fs::write(window, program).context("mark the window")
}

fn find(all: &[u8], part: &[u8]) -> Option<usize> {
    all.windows(part.len()).position(|window| window == part)
}

/// Tauri's command makes the package of the programs that are built already; its own build would make them once more.
fn bundle(stage: &Stage) -> Result<()> {
    let unit = "agent/desktop/bundle/ttalkak-agent.service";
    let files = serde_json::json!({
        "/usr/bin/ttalkak-agent": stage.programs.join("ttalkak-agent"),
        "/usr/lib/systemd/user/ttalkak-agent.service": unit,
    });
    let config = serde_json::json!({
        "bundle": { "linux": { "deb": { "files": files } } },
    });
    let mut tauri = ui::tauri();
    tauri.env("CARGO_TARGET_DIR", &stage.root).args([
        "bundle",
        "--ci",
        "--features",
        "desktop",
        "--bundles",
        "deb",
        "--config",
        &config.to_string(),
    ]);
    if !stage.release {
        tauri.arg("--debug");
    }
    shell::output_only(&mut tauri)
}

/// Packs the same once more, tighter: Tauri's command knows gzip only. Every Debian since 7 and Ubuntu since 12.04 reads xz.
fn repack(deb: &Path) -> Result<()> {
    let files = deb.with_extension("files");
    shell::quiet(Command::new("dpkg-deb").arg("-R").arg(deb).arg(&files))?;
    let mut pack = Command::new("dpkg-deb");
    pack.args(["--root-owner-group", "-Zxz", "-z9", "-b"]).arg(&files).arg(deb);
    shell::quiet(&mut pack)?;
    fs::remove_dir_all(&files).context("remove the unpacked package")
}

/// Unpacks the package and looks whether all is in it, and nothing that would start it unasked.
fn look(deb: &Path) -> Result<()> {
    let out = std::env::temp_dir().join(format!("ttalkak-deb-{}", std::process::id()));
    shell::quiet(Command::new("dpkg-deb").arg("-R").arg(deb).arg(&out))?;
    let seen = look_at(&out);
    fs::remove_dir_all(&out).context("remove the unpacked package")?;
    seen
}

fn look_at(out: &Path) -> Result<()> {
    let missing: Vec<&str> = CONTENTS.iter().copied().filter(|path| !out.join(path).is_file()).collect();
    if !missing.is_empty() {
        bail!("the package lacks {}", missing.join(", "));
    }
    let entry = fs::read_to_string(out.join("usr/share/applications/Ttalkak.desktop"))?;
    if !entry.lines().any(|line| line == "Exec=ttalkak-desktop") {
        bail!("the menu entry does not start the tray:\n{entry}");
    }
    if find(&fs::read(out.join("usr/bin/ttalkak-window"))?, MARKED).is_none() {
        bail!("the window does not know that it comes from a Debian package");
    }
    let unasked = UNASKED.iter().find(|path| out.join(path).exists());
    unasked.map_or(Ok(()), |path| bail!("{path} would start the app unasked"))
}

/// The target folder of this build: two above the program that runs.
fn target() -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the folder of the programs")?;
    Ok(own.ancestors().nth(2).context("find the folder of the programs")?.to_owned())
}
