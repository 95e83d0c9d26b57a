//! The house rules that a compiler does not know, as tests: pure rooms stay pure, arrows between rooms point one way,
//! files stay short and say what they are for, names avoid words that say nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The longest file. Beyond it there is a second noun to be found.
const LINES_MAX: usize = 400;

/// Folders and files that decide and do not touch the world.
const PURE: &[&str] = &[
    "agent/src/logic",
    "coordinator/src/ledger",
    "coordinator/src/logic",
    "crates/escrow/src/abi",
    "crates/escrow/src/abi.rs",
    "crates/escrow/src/address.rs",
    "crates/escrow/src/batch",
    "crates/escrow/src/batch.rs",
    "crates/escrow/src/ceiling.rs",
    "crates/escrow/src/permit.rs",
    "crates/escrow/src/price.rs",
    "crates/escrow/src/signature.rs",
    "crates/escrow/src/siwe.rs",
    "crates/escrow/src/tx.rs",
    "crates/escrow/src/typed.rs",
    "crates/planner/src",
    "crates/protocol/src",
    "crates/tunnel/src/frame.rs",
    "crates/tunnel/src/stream.rs",
    "crates/tunnel/src/credit.rs",
    "crates/tunnel/src/session.rs",
];

/// What pure rooms do not name, each with what it would bring in.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "waiting"),
    ("sqlx", "a database"),
    ("axum", "HTTP"),
    ("hyper", "HTTP"),
    ("reqwest", "HTTP"),
    ("tauri", "a window"),
    ("bollard::Docker", "the engine"),
    ("std::fs", "files"),
    ("std::net::Tcp", "sockets"),
    ("std::process", "processes"),
    ("SystemTime", "the clock"),
    ("Instant::now", "the clock"),
    ("rand::", "chance"),
];

/// Who may know whom within the coordinator; `app` and the files beside it wire everything.
const COORDINATOR_ARROWS: &[(&str, &[&str])] = &[
    ("logic", &[]),
    ("ledger", &[]),
    ("store", &["logic", "ledger", "seal", "fresh", "clock"]),
    ("chain", &["logic", "config"]),
    ("git", &[]),
    ("github", &["clock", "config"]),
    ("console", &[]),
    (
        "flows",
        &[
            "logic", "ledger", "store", "git", "github", "seal", "nudge", "online", "clock", "fresh",
            "config", "money",
        ],
    ),
    (
        "jobs",
        &[
            "flows", "chain", "money", "ledger", "store", "logic", "nudge", "clock", "fresh", "quotes",
            "github", "config",
        ],
    ),
    ("quotes", &[]),
    ("link", &["logic", "store", "nudge", "online", "clock", "fresh"]),
    ("edge", &["logic", "store", "online", "clock", "fresh"]),
    (
        "api",
        &[
            "flows", "jobs", "money", "logic", "ledger", "store", "git", "github", "seal", "nudge", "online",
            "log_hub", "clock", "fresh",
        ],
    ),
];

/// The same within the agent.
const AGENT_ARROWS: &[(&str, &[&str])] = &[("logic", &[])];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// Our Rust files beneath a folder or file, with their text.
fn sources(place: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = if place.exists() { vec![place.to_path_buf()] } else { Vec::new() };
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let skipped = ["target", ".git", "node_modules", "fixtures", "examples", ".ttalkak"];
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !skipped.contains(&name.as_str()) {
                open.extend(
                    fs::read_dir(&path)
                        .expect("a readable folder")
                        .map(|entry| entry.expect("an entry").path()),
                );
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a readable file");
            found.insert(path, text);
        }
    }
    found
}

fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with("tests.rs") || text.contains("/tests/") || path.starts_with(root().join("tests"))
}

/// The part of a file that is not its inline test module.
fn without_tests(text: &str) -> &str {
    text.split_once("#[cfg(test)]").map_or(text, |(code, _)| code)
}

/// Lines that are code.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = without_tests(text).lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.starts_with("//"))
}

fn report(rule: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn pure_rooms_do_not_touch_the_world() {
    let mut offences = Vec::new();
    for place in PURE {
        let files = sources(&root().join(place));
        assert!(!files.is_empty(), "{place} is not there: mend the list of pure rooms");
        for (path, text) in files.iter().filter(|(path, _)| !is_test(path)) {
            for (at, line) in code_lines(text) {
                let named = IMPURE.iter().find(|(word, _)| line.contains(word));
                offences
                    .extend(named.map(|(word, what)| format!("{}:{at} names {word}: {what}", shown(path))));
            }
        }
    }
    report("a pure room touches the world", &offences);
}

#[test]
fn arrows_between_rooms_point_one_way() {
    let mut offences = Vec::new();
    for (program, arrows) in [("coordinator", COORDINATOR_ARROWS), ("agent", AGENT_ARROWS)] {
        let rooms: BTreeSet<&str> = sources(&root().join(program).join("src"))
            .keys()
            .filter_map(|path| path.strip_prefix(root().join(program).join("src")).ok())
            .filter_map(|path| path.components().next().and_then(|part| part.as_os_str().to_str()))
            .map(|name| name.trim_end_matches(".rs"))
            .map(|name| arrows.iter().map(|(room, _)| *room).find(|room| *room == name).unwrap_or("other"))
            .collect();
        for (room, allowed) in arrows {
            assert!(rooms.contains(room), "{program} has no room {room}: mend the list");
            let folder = root().join(program).join("src").join(room);
            let own = sources(&folder).into_iter().chain(sources(&folder.with_extension("rs")));
            for (path, text) in own.filter(|(path, _)| !is_test(path)) {
                for (at, line) in code_lines(&text) {
                    for known in named_rooms(line) {
                        if known != *room && !allowed.contains(&known.as_str()) {
                            offences.push(format!("{}:{at} {room} knows {known}", shown(&path)));
                        }
                    }
                }
            }
        }
    }
    report("a room knows one it should not", &offences);
}

/// Rooms that a line names as `crate::room`.
fn named_rooms(line: &str) -> Vec<String> {
    let word =
        |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    line.split("crate::")
        .skip(1)
        .map(word)
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

#[test]
fn files_are_short() {
    let long = sources(&root()).into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > LINES_MAX).then(|| format!("{} has {lines} lines", shown(&path)))
    });
    report("a file is too long", &long.collect::<Vec<_>>());
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = sources(&root())
        .into_iter()
        .filter(|(path, text)| !path.ends_with("tests.rs") && !text.trim_start().starts_with("//!"))
        .map(|(path, _)| shown(&path));
    report("a module does not open with what it is for", &silent.collect::<Vec<_>>());
}

#[test]
fn names_avoid_words_that_say_nothing() {
    let empty = [
        "manager", "helper", "helpers", "util", "utils", "service", "services", "instance", "misc", "common",
    ];
    let mut offences = Vec::new();
    for (path, text) in sources(&root()) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        if empty.iter().any(|word| stem.split('_').any(|part| part == *word)) {
            offences.push(format!("the file {}", shown(&path)));
        }
        for (at, line) in code_lines(&text) {
            for keyword in ["struct ", "enum ", "trait ", "mod "] {
                let Some((before, after)) = line.split_once(keyword) else { continue };
                if !before.is_empty() && !before.starts_with("pub") {
                    continue;
                }
                if after.starts_with("PackageManager") {
                    continue; // The field's own term for npm, pip and their like.
                }
                let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if empty.iter().any(|word| words(&name).contains(&(*word).to_owned())) {
                    offences.push(format!("{}:{at} {name}", shown(&path)));
                }
            }
        }
    }
    report("a name says nothing", &offences);
}

/// The words of a name in either case style, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            words.push(String::new());
        }
        if c != '_'
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
    }
    words
}

#[test]
fn nothing_is_left_open_and_no_test_sleeps_or_is_skipped_silently() {
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("#[ig", "nore"),
    ];
    let mut offences = Vec::new();
    for (path, text) in sources(&root()) {
        for (at, line) in text.lines().enumerate() {
            offences.extend(
                marks
                    .iter()
                    .filter(|mark| line.contains(**mark))
                    .map(|mark| format!("{}:{} {mark}", shown(&path), at + 1)),
            );
            // Under a paused clock a sleep is a step of time; files that pause it say so.
            let paused = text.contains("start_paused") || text.contains("time::pause()");
            if is_test(&path)
                && !paused
                && line.contains(concat!("::sle", "ep("))
                && !line.trim_start().starts_with("//")
            {
                offences.push(format!("{}:{} sleeps", shown(&path), at + 1));
            }
        }
    }
    report("something is left open", &offences);
}

#[test]
fn lists_of_versions_stay_in_one_manifest() {
    let mut offences = Vec::new();
    for member in [
        "agent",
        "bench",
        "cli",
        "coordinator",
        "crates/escrow",
        "crates/keep",
        "crates/planner",
        "crates/protocol",
        "crates/rpc",
        "crates/source",
        "crates/tunnel",
        "tests",
        "xtask",
    ] {
        let text = fs::read_to_string(root().join(member).join("Cargo.toml")).expect("a manifest");
        let pinned = text.lines().filter(|line| {
            let spec = line.split_once('=').map(|(_, spec)| spec.trim()).unwrap_or_default();
            line.contains("version = \"")
                || (spec.starts_with('"') && spec.chars().nth(1).is_some_and(|c| c.is_ascii_digit()))
        });
        offences.extend(pinned.map(|line| format!("{member}: {line}")));
    }
    report("a version is pinned outside of the workspace's manifest", &offences);
}
