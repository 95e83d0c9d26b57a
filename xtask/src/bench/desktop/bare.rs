//! The bare window that the app's is measured against, built the same way.

use super::folder;
use crate::{
    bench::Options,
    desktop,
    shell::{self, cargo},
};
use anyhow::Result;
use std::path::PathBuf;

pub(super) fn build(options: &Options) -> Result<PathBuf> {
    if !options.no_build {
        let mut build = cargo();
        // The same packages as the app's, so that nothing they share is compiled twice.
        build.args(["build", "--quiet", "--locked", "-p", "ttalkak-desktop", "-p", "ttalkak-agent"]);
        build.args([
            "--bin",
            "bare-window",
            "--features",
            &format!("{},ttalkak-desktop/bare", desktop::FEATURE),
        ]);
        if options.release {
            build.args(["--profile", desktop::PACKED]);
        }
        shell::run(&mut build)?;
    }
    Ok(folder(options.release)?.join("bare-window"))
}
