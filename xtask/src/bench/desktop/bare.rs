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
        build.args(["build", "--quiet", "--locked", "-p", "ttalkak-desktop", "--example", "bare-window"]);
        build.args(["--features", desktop::FEATURE]);
        if options.release {
            build.arg("--release");
        }
        shell::run(&mut build)?;
    }
    Ok(folder(options.release)?.join("examples/bare-window"))
}
