//! Looks at a repository and writes the whole recipe for its image, before anything runs.
//!
//! A [`SourceTree`] value goes in, a [`BuildPlan`] value comes out. The room is pure: it opens no file, starts no
//! process and reads no clock, so the agent, the coordinator and the command line all get the same answer.
//! Absent on purpose: walking folders and archives (`ttalkak-source`, the CLI), building (the agent), and any
//! change to the user's repository. A new stack is one file in `stacks/`, one line in its table, and its fixtures.

mod build_plan;
mod dockerfile;
mod error;
mod java;
mod node;
mod options;
mod project;
mod scan;
mod source_tree;
mod stacks;
mod web;

pub use build_plan::{BuildPlan, Evidence, PackageManager, Platform};
pub use dockerfile::without_mounts;
pub use error::PlanError;
pub use options::PlanOptions;
pub use source_tree::{HEAD_BYTES, MANIFEST_BYTES, SourceTree, bytes_wanted, wants_content};

/// The container port of every generated image: high enough that no capability is needed to bind it.
pub const DEFAULT_PORT: u16 = 8080;

/// Says what `tree` is and how to build it. Pure.
/// `tree`: the project's own folder is its root (see [`SourceTree::subtree`] for one of a monorepo).
/// Errors: see [`PlanError`]; each carries a stable code, a sentence and a next move.
pub fn plan(tree: &SourceTree, options: &PlanOptions) -> Result<BuildPlan, PlanError> {
    options.check()?;
    let project = project::Project::read(tree, options);
    let mut plan = match &options.dockerfile {
        // What is detected still tells the port and brings files along; where nothing is, the Dockerfile is enough.
        Some(text) => stacks::own_dockerfile(text, &project, detected(&project).ok())?,
        None => detected(&project)?,
    };
    plan.finish();
    Ok(plan)
}

fn detected(project: &project::Project<'_>) -> Result<BuildPlan, PlanError> {
    let stack = stacks::detect(project)?.ok_or_else(|| stacks::nothing_detected(project.tree))?;
    (stack.plan)(project)
}
