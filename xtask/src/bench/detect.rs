//! How long it takes to say what a project is and how to build it, for every fixture and example.

use super::{
    Options, build,
    figures::{Goal, median, report, short, table},
};
use crate::shell;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{fs, path::PathBuf};

/// Folders whose folders are projects.
const HOMES: [&str; 2] = ["examples", "tests/fixtures"];

pub(crate) fn run(options: &Options) -> Result<()> {
    build::release(&["ttalkak-bench"], options)?;
    let projects = projects()?;
    let rows = shell::output(build::command("detect")?.args(&projects))?;
    let rows: Vec<Value> = serde_json::from_str(&rows).context("read the figures")?;
    let number = |row: &Value, key: &str| row[key].as_f64().unwrap_or_default();
    let text =
        |row: &Value, key: &str| row[key].as_str().unwrap_or_default().chars().take(40).collect::<String>();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let figures = ["plan_ms", "plan_ms_max", "with_reading_ms", "with_reading_ms_max"];
            let figures = figures.iter().map(|key| format!("{:.3}", number(row, key)));
            [text(row, "project"), text(row, "outcome")].into_iter().chain(figures).collect()
        })
        .collect();
    table(&["project", "outcome", "plan ms", "max", "with reading ms", "max"], &cells);
    let all = |key: &str| rows.iter().map(|row| number(row, key)).collect::<Vec<_>>();
    let slowest = |key: &str| all(key).into_iter().fold(0.0, f64::max);
    shell::say(&format!(
        "{} projects; median {} ms with reading",
        rows.len(),
        short(median(&all("with_reading_ms")))
    ));
    let goals = [
        Goal::at_most("slowest project, median with reading, ms", slowest("with_reading_ms"), 5.0),
        Goal::at_most("slowest single detection and Dockerfile, ms", slowest("plan_ms_max"), 5.0),
    ];
    report("detect", &goals, &Value::Array(rows));
    Ok(())
}

fn projects() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for home in HOMES {
        let Ok(entries) = fs::read_dir(shell::root().join(home)) else { continue };
        for entry in entries {
            let entry = entry?;
            // The fixtures' folder of this name holds what is expected of the examples, and no project.
            if entry.file_type()?.is_dir() && entry.file_name() != "examples" {
                found.push(PathBuf::from(home).join(entry.file_name()));
            }
        }
    }
    if found.is_empty() {
        bail!("There are no projects in {}.", HOMES.join(" and "));
    }
    found.sort();
    Ok(found)
}
