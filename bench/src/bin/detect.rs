//! Times detection and Dockerfile for projects, with and without reading them from the disk. JSON on standard output.
#![allow(clippy::print_stdout, reason = "the figures go to the program that started this one")]

use anyhow::Result;
use clap::Parser;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    time::Instant,
};
use ttalkak_bench::{median, source_tree};
use ttalkak_planner::{PlanOptions, plan};

/// Plans each project many times.
#[derive(Parser)]
struct Arguments {
    /// Folders of projects.
    projects: Vec<PathBuf>,
    /// How often each is planned.
    #[arg(long, default_value_t = 50)]
    times: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let rows = arguments.projects.iter().map(|folder| measure(folder, arguments.times));
    println!("{}", Value::Array(rows.collect::<Result<_>>()?));
    Ok(())
}

fn measure(folder: &Path, times: usize) -> Result<Value> {
    let (mut planned, mut whole) = (Vec::new(), Vec::new());
    let options = PlanOptions::default();
    let mut outcome = Value::Null;
    for _ in 0..times.max(1) {
        let begin = Instant::now();
        // A fixture of what a source may not hold is refused before there is anything to detect.
        let Ok(tree) = source_tree(folder) else {
            outcome = json!("refused as a source");
            planned.push(0.0);
            whole.push(ms(begin));
            continue;
        };
        let read = Instant::now();
        let plan = plan(&tree, &options);
        planned.push(ms(read));
        whole.push(ms(begin));
        outcome = plan.map_or_else(|error| json!(format!("refused: {error}")), |plan| json!(plan.platform));
    }
    Ok(json!({
        "project": folder.to_string_lossy(),
        "outcome": outcome,
        "plan_ms": rounded(median(&planned)),
        "plan_ms_max": rounded(planned.iter().copied().fold(0.0, f64::max)),
        "with_reading_ms": rounded(median(&whole)),
        "with_reading_ms_max": rounded(whole.iter().copied().fold(0.0, f64::max)),
    }))
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// To a microsecond.
fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}
