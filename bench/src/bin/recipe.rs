//! Prints what a folder's build needs besides its sources: Dockerfile, files to add, port. `ttalkak plan --json` shows
//! the Dockerfile alone; whoever builds by hand needs the files too, and a cache of his own to start cold.
#![allow(clippy::print_stdout, reason = "the recipe goes to the program that started this one")]

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::json;
use std::path::PathBuf;
use ttalkak_bench::source_tree;
use ttalkak_planner::{PlanOptions, plan};

/// Plans a folder.
#[derive(Parser)]
struct Arguments {
    /// The folder of the app.
    folder: PathBuf,
    /// Put before the id of every cache mount.
    #[arg(long, default_value = "")]
    cache_prefix: String,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let options = PlanOptions { tenant_cache_prefix: arguments.cache_prefix, ..PlanOptions::default() };
    let plan = plan(&source_tree(&arguments.folder)?, &options).context("plan the folder")?;
    println!(
        "{}",
        json!({ "dockerfile": plan.dockerfile, "files": plan.files, "port": plan.port, "images": plan.images })
    );
    Ok(())
}
