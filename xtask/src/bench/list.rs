//! A paged list of many deployments, with wrk, against a bare axum route that answers the same bytes. Both run at the
//! same time and are asked in turn, so that a busy machine slows both.

use super::{
    Options, PROJECTS, build,
    figures::{Goal, median, report, rounded, short, table},
    go_on,
    load::{self, Load, Requests},
    world::{self, World},
};
use crate::{host, shell::say};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

const LIST: &str = "/v1/deployments";
/// The page that the goals speak of.
const FIRST: &str = "limit=50";
/// Long enough that a second of noise does not decide.
const SECONDS: u64 = 3;
const ROUNDS: usize = 5;

pub(crate) fn run(options: &Options) -> Result<()> {
    host::ensure(&[&host::WRK], !options.no_install)?;
    build::release(&["ttalkak-coordinator", "ttalkak-bench"], options)?;
    let mut world = World::new()?;
    say(&format!("Making {PROJECTS} projects with a deployment each."));
    world.seed(PROJECTS)?;
    world.serve()?;
    let pages = pages(&world)?;
    let recorded = world.folder().join("pages.json");
    fs::write(&recorded, serde_json::to_vec(&pages)?)?;
    let bare = Bare::start(&recorded)?;

    let one = Requests { paths: vec![format!("{LIST}?{FIRST}")], never_twice: false };
    let mixed =
        Requests { paths: pages.keys().map(|query| format!("{LIST}?{query}")).collect(), never_twice: false };
    let fresh = Requests { paths: vec![format!("{LIST}?{FIRST}")], never_twice: true };
    let kinds = [
        ("the first page", &one, true),
        ("pages, sorts, searches", &mixed, true),
        ("never the same twice", &fresh, false),
    ];
    let mut found: BTreeMap<&str, (Vec<Load>, Vec<Load>)> = BTreeMap::new();
    let script = world.folder().join("load.lua");
    for round in 0..options.rounds.unwrap_or(ROUNDS).max(1) {
        say(&format!("Round {}.", round + 1));
        for (kind, requests, both) in kinds {
            go_on()?;
            let (ours, peer) = found.entry(kind).or_default();
            ours.push(load::run(world.api, &world.token, requests, SECONDS, &script)?);
            if both {
                peer.push(load::run(bare.port, &world.token, requests, SECONDS, &script)?);
            }
        }
    }
    let resident = world.coordinator_mb()?;
    tell(&found, resident, pages.len(), pages.get(FIRST).map_or(0, String::len));
    Ok(())
}

/// Pages as a person leafs through them: sorts, searches, the first pages of each, by query.
fn pages(world: &World) -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::from([(FIRST.to_owned(), world.get(&format!("{LIST}?{FIRST}"))?)]);
    for sort in ["-created_at", "name", "-name", "-updated_at", "state"] {
        for search in ["", "&q=shop", "&q=-00"] {
            let first = format!("{FIRST}&sort={sort}{search}");
            let mut query = first.clone();
            for _ in 0..3 {
                let page = world.get(&format!("{LIST}?{query}"))?;
                let parsed: Value = serde_json::from_str(&page).context("read a page")?;
                pages.insert(query, page);
                let Some(next) = parsed["next_cursor"].as_str() else { break };
                query = format!("{first}&cursor={next}");
            }
        }
    }
    Ok(pages)
}

fn tell(found: &BTreeMap<&str, (Vec<Load>, Vec<Load>)>, resident: f64, pages: usize, bytes: usize) {
    let rate = |loads: &[Load]| median(&loads.iter().map(|load| load.per_second).collect::<Vec<_>>());
    let ratio = |(ours, peer): &(Vec<Load>, Vec<Load>)| {
        let pairs = ours.iter().zip(peer).map(|(ours, peer)| ours.per_second / peer.per_second);
        median(&pairs.collect::<Vec<_>>())
    };
    let of = |loads: &[Load], pick: fn(&Load) -> f64| median(&loads.iter().map(pick).collect::<Vec<_>>());
    let cells: Vec<Vec<String>> = found
        .iter()
        .map(|(kind, pair)| {
            let (ours, peer) = pair;
            let (bare, share) = if peer.is_empty() {
                ("-".to_owned(), "-".to_owned())
            } else {
                (short(rate(peer)), short(ratio(pair)))
            };
            let (p50, p99) = (of(ours, |load| load.p50_ms), of(ours, |load| load.p99_ms));
            vec![(*kind).to_owned(), short(rate(ours)), bare, share, short(p50), short(p99)]
        })
        .collect();
    table(&["requests", "ours /s", "bare /s", "ratio", "p50 ms", "p99 ms"], &cells);
    let mut goals = Vec::new();
    for (kind, pair) in found.iter().filter(|(_, (_, peer))| !peer.is_empty()) {
        goals.push(Goal::at_least(format!("{kind}: share of the bare route"), ratio(pair), 0.4));
        goals.push(Goal::at_least(format!("{kind}: requests per second"), rate(&pair.0), 2_775.0));
    }
    goals.push(Goal::at_most("coordinator under load, MB resident", resident, 60.0));
    let rounds = |loads: &[Load]| loads.iter().map(|load| load.per_second.round()).collect::<Vec<_>>();
    let details: serde_json::Map<String, Value> = found
        .iter()
        .map(|(kind, (ours, peer))| {
            ((*kind).to_owned(), json!({ "ours_per_second": rounds(ours), "bare_per_second": rounds(peer) }))
        })
        .collect();
    let details = json!({ "projects": PROJECTS, "pages": pages, "first_page_bytes": bytes, "loads": details, "resident_mb": rounded(resident) });
    report("list", &goals, &details);
}

/// The bare peer.
struct Bare {
    child: Child,
    port: u16,
}

impl Bare {
    fn start(pages: &std::path::Path) -> Result<Self> {
        let mut command = build::command("bare-list")?;
        let child = command.arg(pages).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut bare = Self { child: child.context("start the bare route")?, port: 0 };
        let mut line = String::new();
        let out = bare.child.stdout.take().context("the bare route's output")?;
        BufReader::new(out).read_line(&mut line)?;
        bare.port =
            line.trim().parse().with_context(|| format!("read the bare route's port from {line:?}"))?;
        Ok(bare)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        world::stop(&mut self.child);
    }
}
