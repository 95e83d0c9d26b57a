//! The screens: their packages and their builds, each only when what it is made of has changed.

use crate::{
    host,
    shell::{self, say},
};
use anyhow::{Context, Result, bail};
use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

/// What the screens are made of, beside their packages.
const SOURCES: &[&str] = &[
    "apps",
    "src",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.compress.ts",
    "vite.config.ts",
];

pub(crate) fn folder() -> PathBuf {
    shell::root().join("ui")
}

/// Installs the packages and builds the screens. `install`: whether packages may be fetched.
pub(crate) fn build(install: bool) -> Result<()> {
    packages(install)?;
    let stamp = folder().join("dist/.built-from");
    let now = fingerprint()?;
    if fs::read_to_string(&stamp).is_ok_and(|built| built == now) {
        return Ok(());
    }
    say("Building the screens.");
    // A build that breaks off must not look finished.
    let _ = fs::remove_file(&stamp);
    shell::output_only(npm().args(["run", "build", "--silent"]))?;
    fs::write(&stamp, now).with_context(|| format!("write {}", stamp.display()))
}

/// Types, lints, formats and words; then what parts decide; then the screens in a real browser.
pub(crate) fn test() -> Result<()> {
    for script in ["check", "test", "test:browser"] {
        say(&format!("The screens: npm run {script}."));
        shell::output_only(npm().args(["run", "--silent", script]))?;
    }
    Ok(())
}

/// Installs the packages that the lock file names, unless these very ones are there.
pub(crate) fn packages(install: bool) -> Result<()> {
    let lock =
        fs::read_to_string(folder().join("package-lock.json")).context("read the screens' lock file")?;
    let stamp = folder().join("node_modules/.installed-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    host::ensure(&[&host::NODE], install)?;
    if !install {
        bail!("The screens' packages are missing. To install them yourself: npm ci (in ui)");
    }
    say("Installing the screens' packages from npm, once.");
    shell::output_only(npm().args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    fs::write(&stamp, lock).with_context(|| format!("write {}", stamp.display()))
}

/// Tauri's own command, which lives among the packages. It wants to stand beside tauri.conf.json.
pub(crate) fn tauri() -> Command {
    let mut command = Command::new(folder().join("node_modules/.bin/tauri"));
    command.current_dir(shell::root());
    command
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder());
    command
}

/// Of all that the build reads; another one means another build.
fn fingerprint() -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        hash(&folder().join(source), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let read = || format!("read {}", path.display());
    if path.is_dir() {
        let entries = fs::read_dir(path).with_context(read)?;
        let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| hash(entry, hasher));
    }
    // What is not there is built without, and is noticed when it comes.
    path.hash(hasher);
    fs::read(path).unwrap_or_default().hash(hasher);
    Ok(())
}
