//! `plan`: offline, with JSON keys that scripts rely on.

use crate::Machine;

const INDEX: &[(&str, &str)] = &[("index.html", "<h1>hi</h1>")];

#[test]
fn a_plan_has_exactly_the_keys_that_are_promised() {
    let machine = Machine::new();
    let app = machine.app(INDEX);
    let plan = machine.run(&["plan", "--json", &app]).expect(0).json();
    let keys: Vec<_> = plan.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "dockerfile",
            "evidence",
            "framework",
            "output_dir",
            "package_manager",
            "platform",
            "port",
            "runtime",
            "start"
        ]
    );
    assert_eq!(plan["platform"], "static");
    assert!(plan["dockerfile"].as_str().unwrap().contains("FROM "));
    assert!(!plan["evidence"].as_array().unwrap().is_empty());
}

#[test]
fn a_plan_for_people_shows_evidence_and_dockerfile_and_changes_nothing() {
    let machine = Machine::new();
    let app = machine.app(INDEX);
    let ran = machine.run(&["plan", &app]).expect(0);
    assert!(
        ran.out.starts_with("a static site") && ran.out.contains("index.html") && ran.out.contains("  FROM "),
        "{}",
        ran.out
    );
    assert_eq!(std::fs::read_dir(&app).unwrap().count(), 1);
}

#[test]
fn a_folder_within_is_planned_on_its_own() {
    let machine = Machine::new();
    let app = machine.app(&[("web/index.html", "<h1>hi</h1>"), ("notes.txt", "")]);
    machine.run(&["plan", &app, "--root-dir", "web"]).expect(0);
    machine.run(&["plan", &app, "--root-dir", "../.."]).expect(2);
}

#[test]
fn what_cannot_be_planned_says_what_was_looked_for() {
    let machine = Machine::new();
    let app = machine.app(&[("notes.txt", "hi")]);
    let ran = machine.run(&["plan", &app]).expect(1);
    assert!(ran.err.contains("We looked for"), "{}", ran.err);
    let ran = machine.run(&["plan", &app, "--json"]).expect(1);
    assert_eq!(ran.json()["error"]["code"], "nothing_detected");
    assert!(ran.json()["error"]["next"].is_string());
    machine.run(&["plan", "/no/such/folder"]).expect(2);
}
