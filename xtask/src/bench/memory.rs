//! Resident memory of programs that have nothing to do.

use super::{
    Options, PROJECTS, build,
    figures::{Goal, report, rounded, table},
    go_on,
    world::World,
};
use crate::{engine, shell::say};
use anyhow::Result;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// After this a program that has started is idle: first reports, first sweeps and first checkpoints are done.
const IDLE: Duration = Duration::from_secs(10);

pub(crate) fn run(options: &Options) -> Result<()> {
    engine::ensure(!options.no_install)?;
    build::release(&["ttalkak-coordinator", "ttalkak-agent", "ttalkak-cli", "ttalkak-bench"], options)?;
    say("Measuring an empty coordinator and an idle agent.");
    let mut world = World::new()?;
    world.serve()?;
    world.join()?;
    rest()?;
    let (agent, empty) = (world.agent_mb()?, world.coordinator_mb()?);
    drop(world);

    say(&format!("Measuring a coordinator with {PROJECTS} projects."));
    let mut world = World::new()?;
    world.seed(PROJECTS)?;
    world.serve()?;
    rest()?;
    let full = world.coordinator_mb()?;
    read_everything(&world)?;
    let listed = world.coordinator_mb()?;
    drop(world);

    let rows = [
        ("agent, idle", agent),
        ("coordinator, empty", empty),
        ("coordinator, 5,000 projects", full),
        ("coordinator, after listing them all", listed),
    ];
    let cells: Vec<Vec<String>> =
        rows.iter().map(|(what, mb)| vec![(*what).to_owned(), format!("{mb:.1}")]).collect();
    table(&["resident", "MB"], &cells);
    let goals = [
        Goal::at_most("agent idle, MB", agent, 30.0),
        Goal::at_most("coordinator with 5,000 projects, MB", full, 60.0),
        Goal::at_most("the same after listing them all, MB", listed, 60.0),
    ];
    let details: serde_json::Map<String, Value> =
        rows.iter().map(|(what, mb)| ((*what).to_owned(), json!(rounded(*mb)))).collect();
    report("memory", &goals, &Value::Object(details));
    Ok(())
}

fn rest() -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < IDLE {
        go_on()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Walks both lists from the first page to the last.
fn read_everything(world: &World) -> Result<()> {
    for list in ["deployments", "projects"] {
        let mut cursor = String::new();
        loop {
            let page: Value = serde_json::from_str(&world.get(&format!("/v1/{list}?limit=200{cursor}"))?)?;
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    Ok(())
}
