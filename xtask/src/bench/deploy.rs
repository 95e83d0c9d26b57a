//! Deploys against the same by hand. Both sides get copies of an example that differ in a comment of the manifest, so
//! that the engine has no layer of one to give to the other, and a package cache of their own, which is empty in a
//! cold build. Both are timed until a visitor reads the new text.

mod hand;
mod ours;
mod project;

use super::{
    Options, build,
    figures::{Goal, median, report, rounded, short, table},
    go_on,
    world::World,
};
use crate::{
    engine, images,
    shell::{self, say},
};
use anyhow::{Context, Result, bail};
use hand::Hand;
use ours::Ours;
use project::{Copy, PROJECTS, Project};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

const ROUNDS: usize = 3;
/// A cold build downloads packages.
const PATIENCE: Duration = Duration::from_secs(400);

/// One side, one time: seconds.
#[derive(Clone, Copy)]
struct Took {
    /// Until a visitor reads the new text.
    whole: f64,
    /// Of these, the engine's build, its context's upload included.
    build: f64,
}

impl Took {
    fn beside_build(self) -> f64 {
        self.whole - self.build
    }
}

/// What was measured of one kind: ours and by hand, in pairs.
type Pairs = Vec<(Took, Took)>;

pub(crate) fn run(options: &Options) -> Result<()> {
    engine::ensure(!options.no_install)?;
    build::release(&["ttalkak-coordinator", "ttalkak-agent", "ttalkak-cli", "ttalkak-bench"], options)?;
    let wanted: Vec<&Project> = PROJECTS
        .iter()
        .filter(|project| options.only.is_empty() || options.only.iter().any(|name| name == project.name))
        .collect();
    if wanted.is_empty() {
        bail!("There is none of these examples: {}.", options.only.join(", "));
    }
    base_images(&wanted, !options.no_install)?;
    let mut found: BTreeMap<(&str, &str), Pairs> = BTreeMap::new();
    for project in &wanted {
        // Steps that both sides share (base layers, system users) are done before anybody is timed.
        say(&format!("{}: a first build, not timed.", project.name));
        prime(project)?;
    }
    for round in 0..options.rounds.unwrap_or(ROUNDS).max(1) {
        // A world of its own: a fresh account, hence an empty package cache.
        let mut world = World::new()?;
        world.serve()?;
        world.join()?;
        for project in &wanted {
            let steps = measure(&world, project, round)?;
            for (kind, ours, hand) in steps {
                say(&format!(
                    "{} {kind}: ours {} s, by hand {} s",
                    project.name,
                    short(ours.whole),
                    short(hand.whole)
                ));
                found.entry((project.name, kind)).or_default().push((ours, hand));
            }
        }
    }
    tell(&found);
    Ok(())
}

fn base_images(projects: &[&Project], install: bool) -> Result<()> {
    let mut wanted = BTreeSet::new();
    for project in projects {
        let recipe = hand::recipe(&project.folder(), "")?;
        wanted.extend(recipe.images);
    }
    images::ensure(&wanted.iter().map(String::as_str).collect::<Vec<_>>(), install)
}

fn prime(project: &Project) -> Result<()> {
    let folder = World::new()?;
    let copy = Copy::make(project, folder.folder(), "prime")?;
    Hand::new(&copy)?.deploy(&copy).map(drop)
}

/// Cold, one line changed, nothing changed; who begins changes with the round.
fn measure(world: &World, project: &Project, round: usize) -> Result<Vec<(&'static str, Took, Took)>> {
    let mut our_copy = Copy::make(project, world.folder(), "ours")?;
    let mut hand_copy = Copy::make(project, world.folder(), "hand")?;
    let ours = Ours { world, project };
    let mut hand = Hand::new(&hand_copy)?;
    let mut steps = Vec::new();
    for kind in ["cold", "warm", "unchanged"] {
        if kind == "warm" {
            our_copy.change()?;
            hand_copy.change()?;
        }
        go_on()?;
        let our_turn = || ours.deploy(&our_copy, kind).with_context(|| format!("deploy {}", project.name));
        let (our_took, hand_took) = if round.is_multiple_of(2) {
            (our_turn()?, hand.deploy(&hand_copy)?)
        } else {
            let hand_took = hand.deploy(&hand_copy)?;
            (our_turn()?, hand_took)
        };
        steps.push((kind, our_took, hand_took));
    }
    shell::quiet(world.cli()?.args(["delete", project.name, "--yes"]))?;
    Ok(steps)
}

fn tell(found: &BTreeMap<(&str, &str), Pairs>) {
    let mut cells = Vec::new();
    let mut goals = Vec::new();
    let mut details = Vec::new();
    for ((name, kind), pairs) in found {
        let figures = Figures::of(pairs);
        let row = [figures.ours, figures.hand, figures.overhead, figures.beside, figures.own].map(short);
        cells.push([(*name).to_owned(), (*kind).to_owned()].into_iter().chain(row).collect::<Vec<_>>());
        match *kind {
            "cold" | "warm" => {
                let bound = if *kind == "cold" { 1.5 } else { 1.0 };
                goals.push(Goal::at_most(format!("{name} {kind}: overhead, s"), figures.overhead, bound));
                goals.push(Goal::at_most(
                    format!("{name} {kind}: overhead beside the build, s"),
                    figures.beside,
                    bound,
                ));
            }
            _ => goals.push(Goal::at_most(format!("{name} unchanged: live, s"), figures.ours, 2.0)),
        }
        let round = |took: &Took| json!([rounded(took.whole), rounded(took.build)]);
        details.push(json!({
            "example": name,
            "kind": kind,
            "overhead_s": rounded(figures.overhead),
            "overhead_beside_build_s": rounded(figures.beside),
            "ours_s_and_build": pairs.iter().map(|(ours, _)| round(ours)).collect::<Vec<Value>>(),
            "hand_s_and_build": pairs.iter().map(|(_, hand)| round(hand)).collect::<Vec<Value>>(),
        }));
    }
    let head =
        ["example", "kind", "ours s", "by hand s", "overhead", "beside build", "ours without its build"];
    table(&head, &cells);
    report("deploy", &goals, &Value::Array(details));
}

/// Medians of one kind, in seconds.
struct Figures {
    ours: f64,
    hand: f64,
    /// Ours less by hand, both whole.
    overhead: f64,
    /// The same without both builds. They are the same work, so what the noise of the machine makes of them is taken
    /// out here; that ours is no slower at it shows in `overhead`.
    beside: f64,
    /// All of ours but its build: upload, plan, placement, container, the app's own start, route.
    own: f64,
}

impl Figures {
    fn of(pairs: &Pairs) -> Self {
        let of = |pick: fn(&(Took, Took)) -> f64| median(&pairs.iter().map(pick).collect::<Vec<_>>());
        Self {
            ours: of(|(ours, _)| ours.whole),
            hand: of(|(_, hand)| hand.whole),
            overhead: of(|(ours, hand)| ours.whole - hand.whole),
            beside: of(|(ours, hand)| ours.beside_build() - hand.beside_build()),
            own: of(|(ours, _)| ours.beside_build()),
        }
    }
}
