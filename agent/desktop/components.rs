//! What the program is made of, for its about box: part of build.rs, so that the list is never older than the program.

use serde_json::{Value, json};
use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

/// Writes `components.json`: name, version and licence of every crate and npm package that is linked in.
#[allow(clippy::disallowed_methods, reason = "a build script is told by its environment")]
pub(crate) fn write() {
    let out = env::var("OUT_DIR").expect("cargo says where");
    let mut found = BTreeMap::new();
    crates(&mut found);
    npm(&mut found);
    let list: Vec<Value> = found
        .into_iter()
        .map(|((name, version), licence)| json!({ "name": name, "version": version, "licence": licence }))
        .collect();
    fs::write(Path::new(&out).join("components.json"), Value::from(list).to_string())
        .expect("OUT_DIR can be written");
}

type Found = BTreeMap<(String, String), String>;

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[allow(clippy::disallowed_methods, reason = "a build script is told by its environment")]
fn crates(found: &mut Found) {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let cargo = env::var("CARGO").expect("cargo names itself");
    let target = env::var("TARGET").expect("cargo names the target");
    let mut metadata = Command::new(cargo);
    metadata.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    metadata.args(["--features", "desktop", "--filter-platform", &target]);
    let output = metadata.output().expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages: BTreeMap<&str, &Value> = all["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|package| (text(package, "id"), package))
        .collect();
    for id in linked(&all) {
        let Some(package) = packages.get(id).filter(|package| !package["source"].is_null()) else { continue };
        let licence = package["license"].as_str().unwrap_or("see its licence file");
        found.insert(
            (text(package, "name").to_owned(), text(package, "version").to_owned()),
            licence.to_owned(),
        );
    }
}

/// The ids of all that this package and the agent link in; what only builds or tests need is left out.
fn linked(all: &Value) -> Vec<&str> {
    let nodes: BTreeMap<&str, &Value> = all["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|node| (text(node, "id"), node))
        .collect();
    let mut open: Vec<&str> = vec![text(&all["resolve"], "root")];
    let mut seen = Vec::new();
    while let Some(id) = open.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        for dep in nodes.get(id).and_then(|node| node["deps"].as_array()).into_iter().flatten() {
            let normal = |kind: &Value| kind["kind"].is_null();
            if dep["dep_kinds"].as_array().into_iter().flatten().any(normal) {
                open.push(text(dep, "pkg"));
            }
        }
    }
    seen
}

fn npm(found: &mut Found) {
    const LOCK: &str = "ui/package-lock.json";
    println!("cargo::rerun-if-changed={LOCK}");
    // Before the screens were ever installed there is nothing of theirs inside either.
    let Ok(lock) = fs::read(LOCK) else { return };
    let lock: Value = serde_json::from_slice(&lock).expect("npm writes JSON");
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        if package["dev"] == true {
            continue;
        }
        let licence = package["license"].as_str().unwrap_or("see its licence file");
        found.insert((name.to_owned(), text(package, "version").to_owned()), licence.to_owned());
    }
}
