//! A Node server: whatever `start` runs, else the file that the manifest or custom names.

use super::Stack;
use crate::DEFAULT_PORT;
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::{Dockerfile, Stage};
use crate::error::PlanError;
use crate::node::{BuildStep, DEFAULT_MAJOR, Package, Start, Workshop, command};
use crate::project::Project;
use crate::scan;

pub(crate) const STACK: Stack =
    Stack { looks_for: "package.json with a start script, a server or a build script", detect, plan };

/// Dependency and the framework it tells of; the ones built upon others come first.
const FRAMEWORKS: [(&str, &str); 12] = [
    ("@nestjs/core", "nest"),
    ("@astrojs/node", "astro"),
    ("@sveltejs/adapter-node", "sveltekit"),
    ("nuxt", "nuxt"),
    ("@react-router/serve", "react-router"),
    ("@remix-run/serve", "remix"),
    ("fastify", "fastify"),
    ("@hono/node-server", "hono"),
    ("hono", "hono"),
    ("koa", "koa"),
    ("@hapi/hapi", "hapi"),
    ("express", "express"),
];

/// What starts the server that these frameworks build.
const BUILT: [(&str, &str); 3] = [
    ("astro", "node ./dist/server/entry.mjs"),
    ("sveltekit", "node build"),
    ("nuxt", "node .output/server/index.mjs"),
];

const ENTRIES: [&str; 12] = [
    "server.js",
    "index.js",
    "app.js",
    "main.js",
    "server.mjs",
    "index.mjs",
    "app.mjs",
    "src/server.js",
    "src/index.js",
    "src/app.js",
    "src/main.js",
    "bin/www",
];

/// Scripts of these programs are development servers, or serve files, which a real web server does here.
const DEV_SERVERS: [&str; 12] = [
    "vite",
    "webpack serve",
    "webpack-dev-server",
    "parcel",
    "react-scripts start",
    "ng serve",
    "vue-cli-service serve",
    "live-server",
    "serve",
    "npx serve",
    "http-server",
    "npx http-server",
];

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    let Some(package) = project.package()? else { return Ok(false) };
    let start = package.script("start").filter(|script| !is_dev_server(script));
    Ok(is_server(project, package)
        || start.is_some()
        || framework(package)
            .is_some_and(|_| package.script("build").is_none() || entry(project, package).is_some())
        || (package.script("build").is_none()
            && entry(project, package).is_some()
            && !project.tree.has("index.html")))
}

fn is_dev_server(script: &str) -> bool {
    DEV_SERVERS.iter().any(|server| script == *server || script.starts_with(&format!("{server} ")))
}

/// Whether a bundler is only the helper of a server: an adapter that builds one, or a server's package at run time
/// and a start that runs Node.
pub(crate) fn is_server(project: &Project<'_>, package: &Package) -> bool {
    let runs_node = package.script("start").is_some_and(|script| {
        ["node ", "nest ", "tsx ", "ts-node ", "bun ", "nodemon ", "react-router-serve", "remix-serve"]
            .iter()
            .any(|program| script.contains(program))
            && !is_dev_server(script)
    });
    let has_server = FRAMEWORKS.iter().any(|(dependency, _)| package.has_at_run(dependency));
    let builds_server = framework(package).is_some_and(|name| BUILT.iter().any(|(built, _)| *built == name));
    builds_server
        || (runs_node && (has_server || starts_own_file(project, package)))
        || (project.procfile_web().is_some() && has_server)
}

/// Whether `start` gives Node a file of the repository, as a server without any framework does.
fn starts_own_file(project: &Project<'_>, package: &Package) -> bool {
    let words = package.script("start").unwrap_or_default().split_whitespace();
    words.filter_map(scan::folder).any(|word| word.contains('.') && project.tree.has(&word))
}

fn framework(package: &Package) -> Option<&'static str> {
    FRAMEWORKS.iter().find(|(dependency, _)| package.has(dependency)).map(|(_, name)| *name)
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Node);
    let workshop = Workshop::open(project, DEFAULT_MAJOR, &mut plan)?;
    plan.framework = framework(workshop.package).map(str::to_owned);
    if let Some(name) = plan.framework.clone() {
        plan.because("package.json", name.clone(), format!("a server made with {name}"));
    }
    let start = start(&mut plan, &workshop)?;
    with_build(plan, &workshop, start)
}

/// The plan of a server that is run with its packages beside it, after its `build` script where it has one.
pub(crate) fn with_build(
    mut plan: BuildPlan,
    workshop: &Workshop<'_>,
    start: Start,
) -> Result<BuildPlan, PlanError> {
    let builds = plan.platform == Platform::Next || workshop.package.script("build").is_some();
    let command = builds.then(|| workshop.build_command("next build"));
    let prunes = workshop.package.has_any_dependency() && !start.needs_dev;
    if start.needs_dev {
        plan.because(
            "package.json",
            format!("start: {}", start.text),
            "keep development packages for the start",
        );
    }
    let mut then = Vec::new();
    if prunes {
        then.push(workshop.manager.prune().to_owned());
    }
    if plan.platform == Platform::Next {
        // What the build cached is no use at run time; what the server caches goes to the temporary folder.
        then.extend(["rm -rf .next/cache".to_owned(), "ln -s /tmp .next/cache".to_owned()]);
    }
    then.push("chmod -R a+rX .".to_owned());
    let env: &[(&str, &str)] =
        if plan.platform == Platform::Next { &[("NEXT_TELEMETRY_DISABLED", "1")] } else { &[] };
    let stage = workshop.stage(&mut plan, BuildStep { env, command, caches: &[], then });

    let image = if start.needs_bun { "oven/bun:1-slim".to_owned() } else { workshop.version.image() };
    let user = if start.needs_bun { "bun" } else { "node" };
    let run = Stage::new(image)
        .workdir("/app")
        .env(&[
            ("NODE_ENV", "production"),
            ("PORT", "8080"),
            ("HOST", "0.0.0.0"),
            ("HOME", "/tmp"),
            // Programs of packages are named in scripts as if they were on the path.
            ("PATH", "/app/node_modules/.bin:$PATH"),
        ])
        .copy_from("build", "/app", "./")
        .user(user)
        .expose(DEFAULT_PORT)
        .cmd(&start.words);
    plan.start = Some(start.text);
    plan.recipe(&Dockerfile::new(vec![stage, run]));
    Ok(plan)
}

/// The start command: that of the framework's build, the script, the Procfile, else an entry file.
fn start(plan: &mut BuildPlan, workshop: &Workshop<'_>) -> Result<Start, PlanError> {
    let package = workshop.package;
    let built = BUILT.iter().find(|(name, _)| plan.framework.as_deref() == Some(name));
    if let Some((name, text)) = built {
        plan.because("package.json", format!("a build of {name}"), format!("start with {text}"));
        return Ok(Start::plain(text));
    }
    if let Some(text) = workshop.project.procfile_web() {
        plan.because("Procfile", format!("web: {text}"), "start with it");
        return Ok(command(package, &workshop.manager, text));
    }
    // `nest start` compiles at each start, into a folder that is read-only here.
    let production = package.script("start:prod").filter(|_| plan.framework.as_deref() == Some("nest"));
    if let Some(script) =
        production.or_else(|| package.script("start")).filter(|script| !is_dev_server(script))
    {
        if plan.framework.as_deref() == Some("nest") && script.starts_with("nest start") {
            plan.because(
                "package.json",
                format!("start: {script}"),
                "start what it compiles, node dist/main",
            );
            return Ok(Start::plain("node dist/main"));
        }
        plan.because("package.json", format!("start: {script}"), "start with it");
        return Ok(command(package, &workshop.manager, script));
    }
    if let Some(file) = entry(workshop.project, package) {
        plan.because(&file.clone(), "an entry file and no start script", format!("start with node {file}"));
        return Ok(Start::plain(&format!("node {}", scan::shell_word(&file))));
    }
    Err(PlanError::unsupported(
        "package.json names a server, but neither a start script nor a main file says how to start it.",
        "Add a start script to package.json, for instance \"start\": \"node server.js\".",
    ))
}

/// The manifest's `main` where that file exists, else one of the customary names.
fn entry(project: &Project<'_>, package: &Package) -> Option<String> {
    let main = package.main.as_deref().and_then(scan::folder);
    main.filter(|main| project.tree.has(main)).or_else(|| project.tree.first(&ENTRIES).map(str::to_owned))
}
