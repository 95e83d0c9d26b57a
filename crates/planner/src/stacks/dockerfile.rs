//! The repository's own Dockerfile: used as it is, read only for its port and its variables.

use std::collections::BTreeMap;

use super::Stack;
use crate::DEFAULT_PORT;
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::{Parsed, instructions};
use crate::error::PlanError;
use crate::project::Project;

pub(crate) const STACK: Stack = Stack { looks_for: "Dockerfile", detect, plan };

const NAMES: [&str; 3] = ["Dockerfile", "Containerfile", "dockerfile"];

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(project.tree.first(&NAMES).is_some())
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Dockerfile);
    let file = project.tree.first(&NAMES).unwrap_or("Dockerfile");
    let text = project.tree.read(file).ok_or_else(|| refused("it is larger than 256 KiB"))?;
    plan.because(file, "a Dockerfile at the root", "use it as it is");
    read_into(&mut plan, project, (file, text), DEFAULT_PORT)?;
    Ok(plan)
}

/// The plan for a Dockerfile that was written for this project, beside what is detected: a changed recipe still needs the
/// files that the detected one brings along, and listens where that one does.
pub(crate) fn own(
    text: &str,
    project: &Project<'_>,
    detected: Option<BuildPlan>,
) -> Result<BuildPlan, PlanError> {
    let mut plan = detected.unwrap_or_else(|| BuildPlan::new(Platform::Dockerfile));
    plan.because("Dockerfile", "written by its owner, beside the repository", "use it as it is");
    let port = plan.port;
    read_into(&mut plan, project, ("Dockerfile", text), port)?;
    Ok(plan)
}

/// Takes from a Dockerfile all that it says. `usual`: the port where it names none.
fn read_into(
    plan: &mut BuildPlan,
    project: &Project<'_>,
    (file, text): (&str, &str),
    usual: u16,
) -> Result<(), PlanError> {
    let parsed = instructions(text);
    check(&parsed)?;
    if text.lines().next().is_some_and(|line| line.replace(' ', "").to_lowercase().starts_with("#syntax=")) {
        plan.warn("The Dockerfile names a front end (# syntax=): the machine that builds it must be able to pull that image.");
    }
    if text.contains("<<") && parsed.iter().any(|i| i.keyword == "RUN" && i.rest.contains("<<")) {
        plan.warn("The Dockerfile uses heredocs, which older engines do not read.");
    }
    plan.port = port(plan, (file, usual), &parsed)?;
    let declared: Vec<&str> =
        parsed.iter().filter(|i| i.keyword == "ARG").map(|i| name_of(&i.rest)).collect();
    let wanted = project.options.build_env.iter();
    plan.build_args = wanted.filter(|name| declared.contains(&name.as_str())).cloned().collect();
    let mounted = mounted_secrets(&parsed);
    let wanted = project.options.secret_env.iter();
    plan.build_secrets = wanted.filter(|name| mounted.contains(&name.as_str())).cloned().collect();
    plan.start = last_of(&parsed, "CMD").or_else(|| last_of(&parsed, "ENTRYPOINT"));
    plan.dockerfile = text.to_owned();
    Ok(())
}

/// The ids that `RUN --mount=type=secret,id=…` lines name.
fn mounted_secrets(parsed: &[Parsed]) -> Vec<&str> {
    let runs = parsed.iter().filter(|i| i.keyword == "RUN").flat_map(|i| i.rest.split_whitespace());
    let mounts = runs.filter_map(|word| word.strip_prefix("--mount=")).map(|options| options.split(','));
    mounts
        .filter(|options| options.clone().any(|option| option == "type=secret"))
        .filter_map(|mut options| options.find_map(|option| option.strip_prefix("id=")))
        .collect()
}

fn refused(reason: &str) -> PlanError {
    PlanError::DockerfileRefused { reason: reason.to_owned() }
}

fn check(parsed: &[Parsed]) -> Result<(), PlanError> {
    if parsed.is_empty() {
        return Err(refused("it holds no instruction"));
    }
    let first = parsed.iter().find(|i| i.keyword != "ARG");
    match first {
        Some(first) if first.keyword == "FROM" && !first.rest.is_empty() => Ok(()),
        Some(first) if first.keyword == "FROM" => Err(refused("its FROM names no image")),
        Some(_) | None => Err(refused("it does not begin with FROM")),
    }
}

/// The port of the last stage's `EXPOSE`, else that of any stage, else the usual one.
fn port(plan: &mut BuildPlan, (file, usual): (&str, u16), parsed: &[Parsed]) -> Result<u16, PlanError> {
    let last = parsed.iter().rposition(|i| i.keyword == "FROM").unwrap_or(0);
    let mut ports = exposed(&parsed[last..], parsed)?;
    if ports.is_empty() {
        ports = exposed(parsed, parsed)?;
    }
    let Some(first) = ports.first().copied() else {
        plan.warn(format!(
            "The Dockerfile has no EXPOSE: the program should listen on PORT, which is {usual}."
        ));
        return Ok(usual);
    };
    plan.because(file, format!("EXPOSE {first}"), format!("route requests to port {first}"));
    if ports.len() > 1 {
        let all: Vec<String> = ports.iter().map(u16::to_string).collect();
        plan.warn(format!("The Dockerfile exposes several ports ({}): {first} is used.", all.join(", ")));
    }
    Ok(first)
}

/// The TCP ports of the `EXPOSE` lines of `lines`, in order, each once; variables get their default of `all`.
fn exposed(lines: &[Parsed], all: &[Parsed]) -> Result<Vec<u16>, PlanError> {
    let defaults = defaults(all);
    let mut ports = Vec::new();
    for word in lines.iter().filter(|i| i.keyword == "EXPOSE").flat_map(|i| i.rest.split_whitespace()) {
        if word.starts_with('#') {
            break;
        }
        let word = resolved(word, &defaults);
        let (number, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
        if !protocol.eq_ignore_ascii_case("tcp") || number.contains('$') {
            continue;
        }
        // A range counts by its first port.
        let number = number.split('-').next().unwrap_or_default();
        match number.parse::<u16>() {
            Ok(port) if port > 0 => {
                if !ports.contains(&port) {
                    ports.push(port);
                }
            }
            Ok(_) | Err(_) => {
                return Err(refused(&format!("EXPOSE {number} is not a port between 1 and 65535")));
            }
        }
    }
    Ok(ports)
}

fn defaults(all: &[Parsed]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in all.iter().filter(|i| i.keyword == "ARG" || i.keyword == "ENV") {
        let mut words = line.rest.split_whitespace().peekable();
        if let (Some(name), false) = (words.peek(), line.rest.contains('=')) {
            let value = line.rest[name.len()..].trim();
            found.insert((*name).to_owned(), value.to_owned());
            continue;
        }
        for word in words {
            if let Some((name, value)) = word.split_once('=') {
                found.insert(name.to_owned(), value.trim_matches(['"', '\'']).to_owned());
            }
        }
    }
    found
}

fn resolved(word: &str, defaults: &BTreeMap<String, String>) -> String {
    let Some(start) = word.find('$') else { return word.to_owned() };
    let rest = word[start + 1..].trim_start_matches('{');
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let fallback =
        rest[name.len()..].strip_prefix(":-").map(|rest| rest.split('}').next().unwrap_or_default());
    let value = defaults.get(&name).map(String::as_str).filter(|value| !value.is_empty()).or(fallback);
    let tail = word.split_once('/').map(|(_, protocol)| format!("/{protocol}")).unwrap_or_default();
    value.map_or_else(|| word.to_owned(), |value| format!("{value}{tail}"))
}

fn name_of(rest: &str) -> &str {
    rest.split(['=', ' ']).next().unwrap_or_default()
}

fn last_of(parsed: &[Parsed], keyword: &str) -> Option<String> {
    let line = parsed.iter().rev().find(|i| i.keyword == keyword)?;
    let words: Option<Vec<String>> = serde_json::from_str(&line.rest).ok();
    Some(words.map_or_else(|| line.rest.clone(), |words| words.join(" ")))
}

#[cfg(test)]
mod tests {
    use crate::{BuildPlan, PlanError, PlanOptions, Platform, SourceTree, plan};

    fn vite() -> SourceTree {
        let mut tree = SourceTree::new();
        let manifest = r#"{"scripts":{"build":"vite build"},"devDependencies":{"vite":"^8.0.0"}}"#;
        tree.insert("package.json", Some(manifest));
        tree.insert("index.html", Some("<!doctype html>"));
        tree
    }

    fn with(tree: &SourceTree, dockerfile: &str) -> Result<BuildPlan, PlanError> {
        let options = PlanOptions {
            dockerfile: Some(dockerfile.to_owned()),
            build_env: vec!["PUBLIC_URL".to_owned()],
            ..PlanOptions::default()
        };
        plan(tree, &options)
    }

    #[test]
    fn a_changed_recipe_keeps_the_files_and_the_port_of_the_detected_one() {
        let detected = plan(&vite(), &PlanOptions::default()).unwrap();
        let text = format!("{}\nLABEL changed=yes\n", detected.dockerfile.replace("EXPOSE", "# EXPOSE"));
        let own = with(&vite(), &text).unwrap();
        assert_eq!((own.platform, own.port), (Platform::Vite, detected.port));
        assert_eq!(own.files, detected.files);
        assert_eq!(own.dockerfile, text);
        assert_eq!(own.images, detected.images);
        assert_eq!(own.evidence.last().unwrap().file, "Dockerfile");
    }

    #[test]
    fn it_wins_over_the_repositorys_own_and_names_its_own_port_and_variables() {
        let mut tree = vite();
        tree.insert("Dockerfile", Some("FROM scratch\nEXPOSE 1\n"));
        let own =
            with(&tree, "FROM node:24\nARG PUBLIC_URL\nEXPOSE 4000\nCMD [\"node\", \"a.js\"]\n").unwrap();
        assert_eq!((own.port, own.build_args.len()), (4000, 1));
        assert_eq!(own.start.as_deref(), Some("node a.js"));
        assert_eq!(own.images, ["node:24"]);
    }

    #[test]
    fn it_is_enough_where_nothing_is_detected_and_refused_where_it_is_none() {
        let mut tree = SourceTree::new();
        tree.insert("notes.txt", Some("nothing"));
        assert_eq!(with(&tree, "FROM alpine\n").unwrap().platform, Platform::Dockerfile);
        assert_eq!(with(&tree, "RUN true\n").unwrap_err().as_code(), "dockerfile_refused");
    }
}
