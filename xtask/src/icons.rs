//! The app's icons: drawn once as SVG, made into all sizes and committed, so that a build needs no such tool.

use crate::{
    shell::{self, say},
    ui,
};
use anyhow::{Context, Result};
use std::{fs, path::Path};

/// What the bundles want of the app's icon.
const BUNDLED: &[&str] = &["32x32.png", "128x128.png", "128x128@2x.png", "icon.png", "icon.ico", "icon.icns"];
/// The tray's states.
const STATES: &[&str] = &["lending", "paused", "problem"];
/// What panels ask for.
const SIZES: &str = "16,22,24,32,48";

pub(crate) fn make(install: bool) -> Result<()> {
    ui::packages(install)?;
    let icons = shell::root().join("icons");
    let all = every_size(&icons)?;
    shell::quiet(ui::tauri().arg("icon").arg(icons.join("icon.svg")).arg("--output").arg(&all))?;
    for name in BUNDLED {
        fs::copy(all.join(name), icons.join(name)).with_context(|| format!("keep {name}"))?;
    }
    fs::remove_dir_all(&all).context("remove the sizes that nobody needs")?;
    for state in STATES {
        let drawn = icons.join(format!("tray/{state}.svg"));
        let mut command = ui::tauri();
        command.arg("icon").arg(drawn).args(["--png", SIZES, "--output"]).arg(icons.join("tray").join(state));
        shell::quiet(&mut command)?;
    }
    say("icons/ is made anew; look at them in 16, 32, 128 and 512 pixels before you commit.");
    Ok(())
}

/// Tauri's command makes many sizes for systems that we do not build for.
fn every_size(beside: &Path) -> Result<std::path::PathBuf> {
    let folder = beside.join(".all");
    fs::create_dir_all(&folder).context("make a folder for all sizes")?;
    Ok(folder)
}
