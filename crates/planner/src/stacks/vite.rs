//! Vite: a bundle for browsers, served by a real web server (`vite preview` is none, and refuses unknown hosts).

use super::Stack;
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::Dockerfile;
use crate::error::PlanError;
use crate::node::{BuildStep, DEFAULT_MAJOR, Package, Workshop};
use crate::project::Project;
use crate::{scan, web};

pub(crate) const STACK: Stack =
    Stack { looks_for: "package.json with vite, react-scripts, next or another framework", detect, plan };

const CONFIGS: [&str; 6] = [
    "vite.config.ts",
    "vite.config.js",
    "vite.config.mts",
    "vite.config.mjs",
    "vite.config.cts",
    "vite.config.cjs",
];

/// Dependency and the framework it tells of, most telling first.
const FRAMEWORKS: [(&str, &str); 9] = [
    ("@vitejs/plugin-vue", "vue"),
    ("@sveltejs/vite-plugin-svelte", "svelte"),
    ("vite-plugin-solid", "solid"),
    ("@preact/preset-vite", "preact"),
    ("vue", "vue"),
    ("svelte", "svelte"),
    ("preact", "preact"),
    ("react", "react"),
    ("lit", "lit"),
];

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    let Some(package) = project.package()? else { return Ok(false) };
    Ok(package.has("vite") && !super::node::is_server(project, package))
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Vite);
    let workshop = Workshop::open(project, DEFAULT_MAJOR, &mut plan)?;
    let package = workshop.package;
    let vite = package.dep("vite").unwrap_or_default();
    plan.because("package.json", format!("vite {vite}"), "build a bundle with Vite and serve it as files");
    plan.framework = Some(framework(package).to_owned());

    let (file, config) = config(project);
    let output = output(&mut plan, package, file, &config);
    let base =
        scan::flag(package.script("build").unwrap_or_default(), "--base").or(scan::literal(&config, "base"));
    let base = base.and_then(web::base_path);
    if let Some(base) = &base {
        plan.because(
            file,
            format!("base {base}/"),
            format!("serve the bundle below {base}/ as well as at /"),
        );
    }
    let command = workshop.build_command("vite build");
    let stage = workshop.stage(&mut plan, bundle(command, &[], &output));
    let serve = web::serve(&mut plan, &format!("/app/{output}"), web::Fallback::App, base.as_deref());
    plan.output_dir = Some(output);
    plan.recipe(&Dockerfile::new(vec![stage, serve]));
    Ok(plan)
}

/// The build step of a bundle: it must leave a page in `output`, readable by whatever user will serve it.
pub(crate) fn bundle<'a>(command: String, env: &'a [(&'a str, &'a str)], output: &str) -> BuildStep<'a> {
    let dir = scan::shell_word(output);
    let missing = format!("echo 'the build left no {output}/index.html' >&2; exit 1");
    BuildStep {
        env,
        command: Some(command),
        caches: &[],
        then: vec![
            format!("{{ test -f {dir}/index.html || {{ {missing}; }}; }}"),
            format!("chmod -R a+rX {dir}"),
        ],
    }
}

fn framework(package: &Package) -> &'static str {
    FRAMEWORKS.iter().find(|(dependency, _)| package.has(dependency)).map_or("vanilla", |(_, name)| name)
}

fn config(project: &Project<'_>) -> (&'static str, String) {
    match project.tree.first(&CONFIGS) {
        Some(file) => (file, scan::without_comments(project.tree.read(file).unwrap_or_default())),
        None => ("package.json", String::new()),
    }
}

/// Where the bundle goes: the flag of the script, the configuration, else `dist`; below the configured root.
fn output(plan: &mut BuildPlan, package: &Package, file: &str, config: &str) -> String {
    let script = package.script("build").unwrap_or_default();
    let flag = scan::flag(script, "--outDir").and_then(scan::folder);
    let root = scan::literal(config, "root").and_then(scan::folder).filter(|root| root != ".");
    let literal = scan::literal(config, "outDir");
    // `root: 'src', outDir: '../dist'` is the usual pair; it leads back to the project's folder.
    let (root, literal) = match (root, literal) {
        (Some(root), Some(dir)) if dir.starts_with("../") && !root.contains('/') => {
            (None, dir.strip_prefix("../"))
        }
        pair => pair,
    };
    let dir = match (flag, literal.and_then(scan::folder)) {
        (Some(dir), _) => {
            plan.because("package.json", format!("--outDir {dir}"), format!("serve {dir}"));
            dir
        }
        (None, Some(dir)) => {
            plan.because(file, format!("outDir {dir}"), format!("serve {dir}"));
            dir
        }
        (None, None) => "dist".to_owned(),
    };
    root.map_or(dir.clone(), |root| format!("{root}/{dir}"))
}
