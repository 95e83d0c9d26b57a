//! Plain files: an `index.html` and what lies beside it.

use super::Stack;
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::{Dockerfile, Run, Stage};
use crate::error::PlanError;
use crate::project::Project;
use crate::web::{self, CONFIG_FILE, Fallback};

pub(crate) const STACK: Stack = Stack { looks_for: "index.html", detect, plan };

/// Folders that may hold the site, the root first.
const FOLDERS: [&str; 6] = [".", "public", "dist", "www", "site", "docs"];

fn folder(project: &Project<'_>) -> Option<&'static str> {
    let page = |dir: &str| if dir == "." { "index.html".to_owned() } else { format!("{dir}/index.html") };
    FOLDERS.into_iter().find(|dir| project.tree.has(&page(dir)))
}

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(folder(project).is_some())
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Static);
    let dir = folder(project).unwrap_or(".");
    let page = if dir == "." { "index.html".to_owned() } else { format!("{dir}/index.html") };
    plan.because(&page, "a page and nothing to build", format!("serve the files of {dir}"));
    plan.runtime = Some("nginx".to_owned());

    // A stage of its own, as file modes of a checkout may keep others from reading, and a layer that changes
    // them would hold every file twice.
    let clean = Run::new(format!("rm -rf .git .env .env.* {CONFIG_FILE}")).then("chmod -R a+rX .");
    let files = Stage::named(web::IMAGE, "build").workdir("/site").copy(&[dir], "./").run(clean);
    let serve = web::serve(&mut plan, "/site", Fallback::NotFound, None);
    plan.output_dir = Some(dir.to_owned());
    plan.recipe(&Dockerfile::new(vec![files, serve]));
    Ok(plan)
}
