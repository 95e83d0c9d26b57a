//! Go: one static program in a small image.

use super::Stack;
use crate::DEFAULT_PORT;
use crate::build_plan::{BuildPlan, PackageManager, Platform};
use crate::dockerfile::{Dockerfile, Run, Stage};
use crate::error::PlanError;
use crate::project::Project;
use crate::scan;

pub(crate) const STACK: Stack = Stack { looks_for: "go.mod", detect, plan };

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(project.tree.has("go.mod") || project.tree.has("main.go"))
}

/// The folders with a main package: the root, else those below `cmd`.
fn programs(project: &Project<'_>) -> Vec<String> {
    let is_main = |path: &&str| {
        let text = project.tree.read(path).unwrap_or_default();
        !path.ends_with("_test.go")
            && text.lines().any(|line| line.split("//").next().unwrap_or_default().trim() == "package main")
    };
    if project.tree.glob("*.go").iter().any(is_main) {
        return vec![".".to_owned()];
    }
    let mut found: Vec<String> = Vec::new();
    for path in
        project.tree.glob("cmd/*/*.go").iter().chain(&project.tree.glob("cmd/*.go")).filter(|p| is_main(p))
    {
        let dir = path.rsplit_once('/').map_or(".", |(dir, _)| dir);
        if let Some(dir) = scan::folder(dir).map(|dir| format!("./{dir}"))
            && !found.contains(&dir)
        {
            found.push(dir);
        }
    }
    found
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Go);
    plan.package_manager = Some(PackageManager::Go);
    if !project.tree.has("go.mod") {
        return Err(PlanError::unsupported(
            "main.go stands here without a go.mod, so its packages cannot be known.",
            "Run `go mod init` and `go mod tidy`, commit both files and deploy again.",
        ));
    }
    let module = project.tree.read("go.mod").unwrap_or_default();
    let wanted = module.lines().find_map(|line| line.trim().strip_prefix("go ")).unwrap_or("1").trim();
    plan.because("go.mod", format!("go {wanted}"), "use the newest Go 1, which builds what older ones do");
    plan.runtime("go", "1");
    let programs = programs(project);
    let Some(package) = programs.first() else {
        return Err(PlanError::unsupported(
            "This Go module has no main package at its root or below cmd.",
            "Choose the folder of the program as the root directory.",
        ));
    };
    if programs.len() > 1 {
        plan.warn(format!("Several programs ({}): {package} is used.", programs.join(", ")));
    }
    let options = project.options;
    let inline: String = options.build_env.iter().map(|name| format!("{name}=\"${name}\" ")).collect();
    let command =
        format!("{inline}go build -trimpath -ldflags='-s -w' -o /out/app {}", scan::shell_word(package));
    let run = Run::new(command)
        .then("chmod 755 /out/app")
        .cache(options.cache_id("go-modules"), "/go/pkg/mod")
        .cache(options.cache_id("go-build"), "/root/.cache/go-build")
        .secrets(&options.secret_env);
    let build = Stage::named("golang:1-bookworm", "build")
        .workdir("/src")
        .env(&[("CGO_ENABLED", "0")])
        .copy(&["."], "./")
        .args(&options.build_env)
        .run(run);
    plan.start = Some("/app/app".to_owned());
    plan.recipe(&Dockerfile::new(vec![build, native_stage("/out/app", "/app/app").cmd(&["/app/app"])]));
    Ok(plan)
}

/// The stage that runs one program: the slim image has no list of authorities, which calls over TLS need.
pub(crate) fn native_stage(from: &str, to: &str) -> Stage {
    Stage::new("debian:bookworm-slim")
        .workdir("/app")
        .env(&[("PORT", "8080"), ("HOST", "0.0.0.0"), ("HOME", "/tmp")])
        .copy_from("build", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt")
        .copy_from("build", from, to)
        .user("10001")
        .expose(DEFAULT_PORT)
}
