//! Plans every project below `tests/fixtures` and `examples` and compares with what stands beside it.
//!
//! A fixture is a folder with `ttalkak.expect.json` (the keys of the plan that must be so, or the code of the
//! refusal) and `Dockerfile.snap` (the whole text). An example's two files lie in `tests/fixtures/examples`, as an
//! example is shown to people. `UPDATE_EXPECT=1` writes the snapshots anew.

#![allow(clippy::unwrap_used, reason = "the walk is part of the test: what it cannot read fails it")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use expect_test::expect_file;
use serde_json::{Value, json};
use ttalkak_planner::{BuildPlan, PlanError, PlanOptions, SourceTree, bytes_wanted, plan};

const EXPECTATION: &str = "ttalkak.expect.json";
const SNAPSHOT: &str = "Dockerfile.snap";
/// Fewer would mean that the walk below misses most of them.
const FEWEST: usize = 60;

struct Case {
    name: String,
    tree: SourceTree,
    options: PlanOptions,
    expected: Value,
    snapshot: PathBuf,
}

impl Case {
    fn read(name: &str, folder: &Path, expectation: &Path, snapshot: PathBuf) -> Case {
        let text =
            fs::read_to_string(expectation).unwrap_or_else(|e| panic!("{}: {e}", expectation.display()));
        let expected: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", expectation.display()));
        let mut tree = SourceTree::new();
        insert_all(&mut tree, folder, "");
        let names = |key: &str| {
            let listed = expected.pointer(&format!("/options/{key}")).and_then(Value::as_array);
            listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let options = PlanOptions {
            build_env: names("build_env"),
            secret_env: names("secret_env"),
            tenant_cache_prefix: "t1".to_owned(),
            ..PlanOptions::default()
        };
        Case { name: name.to_owned(), tree, options, expected, snapshot }
    }

    fn plan(&self) -> Result<BuildPlan, PlanError> {
        plan(&self.tree, &self.options)
    }
}

fn insert_all(tree: &mut SourceTree, folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            insert_all(tree, &entry.path(), &format!("{path}/"));
        } else if name != EXPECTATION && name != SNAPSHOT {
            let size = entry.metadata().unwrap().len();
            let content = bytes_wanted(&path, size).map(|_| fs::read(entry.path()).unwrap());
            tree.insert(&path, content);
        }
    }
}

fn folders(below: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(below).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect();
    found.sort();
    found
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let fixtures = root.join("tests/fixtures");
    let beside = fixtures.join("examples");
    let own = folders(&fixtures)
        .into_iter()
        .filter(|(name, _)| name != "examples")
        .map(|(name, folder)| Case::read(&name, &folder, &folder.join(EXPECTATION), folder.join(SNAPSHOT)));
    let examples = folders(&root.join("examples")).into_iter().map(|(name, folder)| {
        let at = |ending: &str| beside.join(format!("{name}.{ending}"));
        Case::read(&format!("examples/{name}"), &folder, &at("expect.json"), at(SNAPSHOT))
    });
    own.chain(examples).collect()
}

/// What differs between a plan and the expectation, in words.
fn differences(case: &Case, result: &Result<BuildPlan, PlanError>) -> Vec<String> {
    let got = match result {
        Ok(plan) => serde_json::to_value(plan).unwrap(),
        Err(error) => json!({ "error": error.as_code(), "says": format!("{error} {}", error.next_move()) }),
    };
    let wanted = case.expected.as_object().unwrap_or_else(|| panic!("{}: not an object", case.name));
    let mut wrong = Vec::new();
    for (key, value) in wanted {
        let is_right = match key.as_str() {
            // These are for whoever builds and visits the project, and for the harness itself.
            "answers" | "options" | "why" => true,
            "says" => {
                value.as_str().is_some_and(|part| got["says"].as_str().is_some_and(|s| s.contains(part)))
            }
            "warns" => {
                let all = got["warnings"].to_string();
                value.as_array().unwrap().iter().all(|part| all.contains(part.as_str().unwrap()))
            }
            _ => got.get(key) == Some(value),
        };
        if !is_right {
            let said = got.get(key).unwrap_or(&got);
            wrong.push(format!("{}: {key} should be {value}, not {said}", case.name));
        }
    }
    if result.is_err() && !wanted.contains_key("error") {
        wrong.push(format!("{}: refused: {got}", case.name));
    }
    wrong
}

#[test]
fn every_fixture_gets_the_plan_that_stands_beside_it() {
    let cases = cases();
    assert!(cases.len() >= FEWEST, "only {} fixtures were found", cases.len());
    let wrong: Vec<String> = cases.iter().flat_map(|case| differences(case, &case.plan())).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dockerfile_is_as_its_snapshot() {
    for case in cases() {
        if let Ok(plan) = case.plan() {
            expect_file![case.snapshot].assert_eq(&plan.dockerfile);
        }
    }
}

#[test]
fn generated_dockerfiles_keep_to_what_every_engine_reads() {
    for case in cases() {
        let Ok(plan) = case.plan() else { continue };
        if plan.platform == ttalkak_planner::Platform::Dockerfile {
            continue;
        }
        let text = &plan.dockerfile;
        let name = &case.name;
        for word in ["syntax=", "<<", "--link", "-alpine ", "latest"] {
            assert!(!text.contains(word), "{name} has {word}:\n{text}");
        }
        assert!(text.contains("\nUSER ") && !text.contains("USER root"), "{name} runs as root:\n{text}");
        assert!(text.contains("EXPOSE 8080"), "{name}:\n{text}");
        assert!(text.matches("FROM ").count() >= 2, "{name} has one stage:\n{text}");
        assert!(!text.contains("type=cache,id=") || text.contains("type=cache,id=t1-"), "{name}:\n{text}");
        assert!(!ttalkak_planner::without_mounts(text).contains("type=cache"), "{name}");
    }
}

#[test]
fn a_secret_is_mounted_and_never_an_argument() {
    for case in cases() {
        let options = PlanOptions {
            build_env: vec!["PUBLIC_URL".to_owned()],
            secret_env: vec!["REGISTRY_TOKEN".to_owned()],
            ..case.options.clone()
        };
        let Ok(plan) = plan(&case.tree, &options) else { continue };
        assert!(!plan.dockerfile.contains("ARG REGISTRY_TOKEN"), "{}", case.name);
        assert!(!plan.dockerfile.contains("ENV REGISTRY_TOKEN"), "{}", case.name);
        if !plan.build_args.is_empty() {
            assert_eq!(plan.build_args, ["PUBLIC_URL"], "{}", case.name);
            assert_eq!(plan.build_secrets, ["REGISTRY_TOKEN"], "{}", case.name);
            assert!(plan.dockerfile.contains("--mount=type=secret,id=REGISTRY_TOKEN"), "{}", case.name);
        }
    }
}

#[test]
fn a_plan_survives_the_wire_under_its_stable_keys() {
    for case in cases() {
        let Ok(plan) = case.plan() else { continue };
        let value = serde_json::to_value(&plan).unwrap();
        for key in [
            "platform",
            "framework",
            "package_manager",
            "runtime",
            "output_dir",
            "start",
            "port",
            "evidence",
            "dockerfile",
        ] {
            assert!(value.get(key).is_some(), "{}: no key {key}", case.name);
        }
        assert!(!plan.evidence.is_empty(), "{}: a plan without a reason", case.name);
        assert_eq!(serde_json::from_value::<BuildPlan>(value).unwrap(), plan);
    }
}

#[test]
fn a_plan_takes_a_moment() {
    // The promise is 5 ms in a release build; this one catches what is wrong by a factor, on a busy machine.
    for case in cases() {
        let begin = Instant::now();
        let _ = case.plan();
        assert!(begin.elapsed() < Duration::from_millis(500), "{} took {:?}", case.name, begin.elapsed());
    }
}
