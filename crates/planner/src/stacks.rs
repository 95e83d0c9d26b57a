//! The table of stacks. The first that recognises a project plans it, so the order below is the order of rank.
//!
//! A new stack is one file here, one line in the table, and its fixtures.

use crate::build_plan::BuildPlan;
use crate::error::PlanError;
use crate::project::Project;
use crate::source_tree::SourceTree;

mod cra;
mod dockerfile;
mod go;
mod gradle;
mod maven;
mod next;
mod node;
mod php_ruby;
mod python;
mod rust;
mod static_build;
mod static_site;
mod vite;

pub(crate) use dockerfile::own as own_dockerfile;

/// One kind of project: how to know it and how to build it.
pub(crate) struct Stack {
    /// What it looks for, for people whose project was not recognised.
    pub(crate) looks_for: &'static str,
    pub(crate) detect: fn(&Project<'_>) -> Result<bool, PlanError>,
    pub(crate) plan: fn(&Project<'_>) -> Result<BuildPlan, PlanError>,
}

/// A repository's own Dockerfile wins over everything. Servers come before browsers' bundles, as a server often
/// holds a `package.json` for its pages; the general kinds come last.
const STACKS: [&Stack; 14] = [
    &dockerfile::STACK,
    &php_ruby::PHP,
    &php_ruby::RUBY,
    &gradle::STACK,
    &maven::STACK,
    &python::STACK,
    &next::STACK,
    &cra::STACK,
    &static_build::FRAMEWORKS,
    &vite::STACK,
    &node::STACK,
    &static_build::GENERAL,
    &go::STACK,
    &rust::STACK,
];

/// The stack that recognises the project.
/// Errors: those of a manifest that must be read to know.
pub(crate) fn detect(project: &Project<'_>) -> Result<Option<&'static Stack>, PlanError> {
    for stack in STACKS.into_iter().chain([&static_site::STACK]) {
        if (stack.detect)(project)? {
            return Ok(Some(stack));
        }
    }
    Ok(None)
}

/// What to say of a project that no stack recognises: what was looked for, and where projects lie instead.
pub(crate) fn nothing_detected(tree: &SourceTree) -> PlanError {
    let mut looked_for: Vec<String> = Vec::new();
    for stack in STACKS.into_iter().chain([&static_site::STACK]) {
        if !looked_for.iter().any(|known| known == stack.looks_for) {
            looked_for.push(stack.looks_for.to_owned());
        }
    }
    PlanError::NothingDetected { looked_for, nested: nested(tree) }
}

/// Folders that hold a manifest of their own, as `folder (file)`: at most six, the shallow ones first.
pub(crate) fn nested(tree: &SourceTree) -> Vec<String> {
    const MARKS: [&str; 9] = [
        "Dockerfile",
        "package.json",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "requirements.txt",
        "pyproject.toml",
        "go.mod",
        "Cargo.toml",
    ];
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut dirs: Vec<&str> = Vec::new();
    for path in tree.paths() {
        let Some((dir, name)) = path.rsplit_once('/') else { continue };
        let depth = dir.split('/').count();
        if depth <= 2 && MARKS.contains(&name) && !dirs.contains(&dir) {
            dirs.push(dir);
            found.push((depth, format!("{dir} ({name})")));
        }
    }
    found.sort();
    found.into_iter().map(|(_, text)| text).take(6).collect()
}
