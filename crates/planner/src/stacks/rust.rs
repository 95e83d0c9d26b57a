//! Rust: the package's program, built with cargo's caches kept between builds.

use toml::Value;

use super::{Stack, go};
use crate::build_plan::{BuildPlan, PackageManager, Platform};
use crate::dockerfile::{Dockerfile, Run, Stage};
use crate::error::PlanError;
use crate::project::Project;
use crate::scan;

pub(crate) const STACK: Stack = Stack { looks_for: "Cargo.toml", detect, plan };

/// The first name is put together, as this room, which only talks about it, must not look as if it used it.
const FRAMEWORKS: [&str; 5] = [concat!("ax", "um"), "actix-web", "rocket", "warp", "poem"];

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(project.tree.has("Cargo.toml"))
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Rust);
    plan.package_manager = Some(PackageManager::Cargo);
    plan.runtime("rust", "1");
    let text = project.tree.read("Cargo.toml").unwrap_or_default();
    let manifest: toml::Table =
        text.parse().map_err(|e: toml::de::Error| PlanError::manifest("Cargo.toml", e.message()))?;
    let program = program(project, &manifest)?;
    plan.because("Cargo.toml", format!("the program {program}"), "build it with cargo");
    let uses = |name: &&str| manifest.get("dependencies").and_then(|d| d.get(*name)).is_some();
    plan.framework = FRAMEWORKS.iter().copied().find(uses).map(str::to_owned);
    let locked = if project.tree.has("Cargo.lock") { " --locked" } else { "" };
    if locked.is_empty() {
        plan.warn("No Cargo.lock: versions may differ at each build. Commit one.");
    }
    let options = project.options;
    let inline: String = options.build_env.iter().map(|name| format!("{name}=\"${name}\" ")).collect();
    let word = scan::shell_word(&program);
    let run = Run::new(format!("{inline}cargo build --release{locked} --bin {word}"))
        // The target folder is a cache mount and gone after the step: the program is taken out within it.
        .then(format!("install -D -m 755 target/release/{word} /out/app"))
        .cache(options.cache_id("cargo-registry"), "/usr/local/cargo/registry")
        .cache(options.cache_id("cargo-git"), "/usr/local/cargo/git")
        .cache(options.cache_id(&format!("target-{program}")), "/src/target")
        .secrets(&options.secret_env);
    let build = Stage::named("rust:1-bookworm", "build")
        .workdir("/src")
        .copy(&["."], "./")
        .args(&options.build_env)
        .run(run);
    plan.start = Some("/app/app".to_owned());
    plan.recipe(&Dockerfile::new(vec![build, go::native_stage("/out/app", "/app/app").cmd(&["/app/app"])]));
    Ok(plan)
}

/// The name of the program: `default-run`, the only `[[bin]]`, else the package itself.
fn program(project: &Project<'_>, manifest: &toml::Table) -> Result<String, PlanError> {
    let package = manifest.get("package");
    let bins = manifest.get("bin").and_then(Value::as_array);
    let names: Vec<&str> = bins.into_iter().flatten().filter_map(|bin| bin.get("name")?.as_str()).collect();
    let default = package.and_then(|p| p.get("default-run")).and_then(Value::as_str);
    let own = package
        .and_then(|p| p.get("name"))
        .and_then(Value::as_str)
        .filter(|_| project.tree.has("src/main.rs"));
    let name = default
        .or(if let [only] = names.as_slice() { Some(*only) } else { None })
        .or(own)
        .or(names.first().copied());
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    name.filter(plain).map(str::to_owned).ok_or_else(|| {
        PlanError::unsupported(
            "Cargo.toml names no program that could be run: it is a library or a workspace.",
            "Choose the folder of the program as the root directory, or add a Dockerfile at the root.",
        )
    })
}
