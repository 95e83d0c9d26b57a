//! Create React App. Its `start` script is the development server and never runs here.

use super::{Stack, vite};
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::Dockerfile;
use crate::error::PlanError;
use crate::node::{Package, Workshop};
use crate::project::Project;
use crate::{scan, web};

pub(crate) const STACK: Stack =
    Stack { looks_for: "package.json with vite, react-scripts, next or another framework", detect, plan };

/// react-scripts 5 is no longer changed and was last tried by its makers with this line.
const NODE_MAJOR: u64 = 20;
/// `CI=true`, which many builders set, turns every lint warning into an error; source maps double the memory.
const ENV: [(&str, &str); 2] = [("CI", "false"), ("GENERATE_SOURCEMAP", "false")];

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    let Some(package) = project.package()? else { return Ok(false) };
    Ok(package.has("react-scripts") && !super::node::is_server(project, package))
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Cra);
    let workshop = Workshop::open(project, NODE_MAJOR, &mut plan)?;
    let package = workshop.package;
    let version = package.dep("react-scripts").unwrap_or_default();
    plan.because(
        "package.json",
        format!("react-scripts {version}"),
        "build with Create React App, serve as files",
    );
    plan.framework = Some("react".to_owned());

    let output = output(&mut plan, project, package);
    let base = package.homepage.as_deref().and_then(web::base_path);
    if let Some(base) = &base {
        plan.because("package.json", "homepage", format!("serve the bundle below {base}/ as well as at /"));
    }
    let command = workshop.build_command("react-scripts build");
    let stage = workshop.stage(&mut plan, vite::bundle(command, &ENV, &output));
    let serve = web::serve(&mut plan, &format!("/app/{output}"), web::Fallback::App, base.as_deref());
    plan.output_dir = Some(output);
    plan.recipe(&Dockerfile::new(vec![stage, serve]));
    Ok(plan)
}

/// `BUILD_PATH` of the build script or of `.env`, else `build`.
fn output(plan: &mut BuildPlan, project: &Project<'_>, package: &Package) -> String {
    let script = package.script("build").unwrap_or_default();
    let inline = script.split_whitespace().find_map(|word| word.strip_prefix("BUILD_PATH="));
    let in_file = |file| scan::property(project.tree.read(file)?, "BUILD_PATH");
    let found = inline
        .map(|dir| ("package.json", dir))
        .or_else(|| Some((".env.production", in_file(".env.production")?)))
        .or_else(|| Some((".env", in_file(".env")?)));
    let Some((file, dir)) =
        found.and_then(|(file, dir)| Some((file, scan::folder(dir.trim_matches(['"', '\'']))?)))
    else {
        return "build".to_owned();
    };
    plan.because(file, format!("BUILD_PATH {dir}"), format!("serve {dir}"));
    dir
}
