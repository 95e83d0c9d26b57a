//! Next.js: its standalone server, its static export, or a custom server with everything beside it.

use super::{Stack, node as server, vite};
use crate::DEFAULT_PORT;
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::{Dockerfile, Stage};
use crate::error::PlanError;
use crate::node::{BuildStep, DEFAULT_MAJOR, Start, Workshop, command};
use crate::project::Project;
use crate::{scan, web};

pub(crate) const STACK: Stack =
    Stack { looks_for: "package.json with vite, react-scripts, next or another framework", detect, plan };

const CONFIGS: [&str; 4] = ["next.config.ts", "next.config.mjs", "next.config.js", "next.config.cjs"];
/// Standalone output by environment works from this version on.
const STANDALONE_SINCE: u64 = 13;

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    Ok(project.package()?.is_some_and(|package| package.has("next")))
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Next);
    let workshop = Workshop::open(project, DEFAULT_MAJOR, &mut plan)?;
    let package = workshop.package;
    let version = package.dep("next").unwrap_or_default();
    plan.because("package.json", format!("next {version}"), "build with Next.js");
    plan.framework = Some("next".to_owned());

    let file = project.tree.first(&CONFIGS);
    let config =
        file.and_then(|file| project.tree.read(file)).map(scan::without_comments).unwrap_or_default();
    let file = file.unwrap_or("package.json");
    let dist = scan::literal(&config, "distDir").and_then(scan::folder);
    let output = scan::literal(&config, "output");

    if output == Some("export")
        || package.script("build").is_some_and(|script| script.contains("next export"))
    {
        plan.because(file, "output: export", "serve the exported files");
        return Ok(export(plan, &workshop, dist.unwrap_or_else(|| "out".to_owned())));
    }
    let own_start = package.script("start").map(|script| command(package, &workshop.manager, script));
    let is_own = |start: &Start| !start.text.contains("next start") && start.text.contains("node ");
    if let Some(start) = own_start.filter(is_own) {
        plan.because("package.json", format!("start: {}", start.text), "run the project's own server");
        return server::with_build(plan, &workshop, start);
    }
    if package.major("next").is_some_and(|major| major < STANDALONE_SINCE) && output != Some("standalone") {
        plan.because(
            "package.json",
            format!("next {version}"),
            "run `next start`: no standalone output before 13",
        );
        return server::with_build(plan, &workshop, Start::plain("next start -p 8080"));
    }
    plan.because(file, "no static export and no server of its own", "build Next.js' standalone server");
    Ok(standalone(plan, &workshop, &dist.unwrap_or_else(|| ".next".to_owned())))
}

/// Next keeps answers of other hosts in its cache too, so that two projects must not share one.
fn cache_kind(workshop: &Workshop<'_>) -> String {
    format!("next-{}", workshop.package.slug)
}

fn export(mut plan: BuildPlan, workshop: &Workshop<'_>, output: String) -> BuildPlan {
    let command = workshop.build_command("next build");
    let env = [("NEXT_TELEMETRY_DISABLED", "1")];
    let mut step = vite::bundle(command, &env, &output);
    let cache = cache_kind(workshop);
    let caches = [(cache.as_str(), "/app/.next/cache")];
    step.caches = &caches;
    let stage = workshop.stage(&mut plan, step);
    let serve = web::serve(&mut plan, &format!("/app/{output}"), web::Fallback::NotFound, None);
    plan.output_dir = Some(output);
    plan.recipe(&Dockerfile::new(vec![stage, serve]));
    plan
}

fn standalone(mut plan: BuildPlan, workshop: &Workshop<'_>, dist: &str) -> BuildPlan {
    let word = scan::shell_word(dist);
    let cache = format!("/app/{dist}/cache");
    let kind = cache_kind(workshop);
    let missing = "echo 'next build left no standalone server.js' >&2; exit 1";
    let step = BuildStep {
        env: &[("NEXT_TELEMETRY_DISABLED", "1"), ("NEXT_PRIVATE_STANDALONE", "true")],
        command: Some(workshop.build_command("next build")),
        caches: &[(&kind, &cache)],
        then: vec![
            format!("{{ test -f {word}/standalone/server.js || {{ {missing}; }}; }}"),
            // The server looks for both beside itself; `public` may not exist.
            format!("mkdir -p public {word}/standalone/{word}"),
            format!("cp -r public {word}/standalone/"),
            format!("cp -r {word}/static {word}/standalone/{word}/"),
            // The root is read-only at run time: what the server caches goes to the temporary folder.
            format!("rm -rf {word}/standalone/{word}/cache"),
            format!("ln -s /tmp {word}/standalone/{word}/cache"),
            format!("chmod -R a+rX {word}/standalone"),
        ],
    };
    let stage = workshop.stage(&mut plan, step);
    let run = Stage::new(workshop.version.image())
        .workdir("/app")
        .env(&[
            ("NODE_ENV", "production"),
            ("NEXT_TELEMETRY_DISABLED", "1"),
            ("PORT", "8080"),
            ("HOSTNAME", "0.0.0.0"),
            ("HOME", "/tmp"),
        ])
        .copy_from("build", &format!("/app/{dist}/standalone"), "./")
        .user("node")
        .expose(DEFAULT_PORT)
        .cmd(&["node", "server.js"]);
    plan.output_dir = Some(format!("{dist}/standalone"));
    plan.start = Some("node server.js".to_owned());
    plan.recipe(&Dockerfile::new(vec![stage, run]));
    plan
}
