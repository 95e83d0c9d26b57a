//! Sites that a generator builds: frameworks whose output folder is known, and build scripts in general.

use serde_json::Value;

use super::{Stack, vite};
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::Dockerfile;
use crate::error::PlanError;
use crate::node::{BuildStep, DEFAULT_MAJOR, Package, Workshop};
use crate::project::Project;
use crate::scan;
use crate::web::{self, Fallback};

pub(crate) const FRAMEWORKS: Stack = Stack {
    looks_for: "package.json with vite, react-scripts, next or another framework",
    detect: |project| Ok(project.package()?.is_some_and(|package| found(project, package).is_some())),
    plan: plan_framework,
};

pub(crate) const GENERAL: Stack = Stack {
    looks_for: "package.json with a start script, a server or a build script",
    detect: |project| Ok(project.package()?.is_some_and(|package| package.script("build").is_some())),
    plan: plan_general,
};

/// A generator: the dependency that tells of it, its command and its output.
struct Generator {
    dependency: &'static str,
    name: &'static str,
    command: &'static str,
    output: &'static str,
    fallback: Fallback,
}

const fn generator(
    dependency: &'static str,
    name: &'static str,
    command: &'static str,
    output: &'static str,
    fallback: Fallback,
) -> Generator {
    Generator { dependency, name, command, output, fallback }
}

const GENERATORS: [Generator; 12] = [
    generator("astro", "astro", "astro build", "dist", Fallback::NotFound),
    generator("@angular/core", "angular", "ng build", "dist", Fallback::App),
    generator("@sveltejs/kit", "sveltekit", "vite build", "build", Fallback::App),
    generator("nuxt", "nuxt", "nuxt generate", ".output/public", Fallback::App),
    generator("gatsby", "gatsby", "gatsby build", "public", Fallback::NotFound),
    generator("@docusaurus/core", "docusaurus", "docusaurus build", "build", Fallback::NotFound),
    generator("vitepress", "vitepress", "vitepress build docs", "docs/.vitepress/dist", Fallback::NotFound),
    generator("@vue/cli-service", "vue-cli", "vue-cli-service build", "dist", Fallback::App),
    generator("@11ty/eleventy", "eleventy", "eleventy", "_site", Fallback::NotFound),
    generator("hexo", "hexo", "hexo generate", "public", Fallback::NotFound),
    generator("parcel", "parcel", "parcel build index.html", "dist", Fallback::App),
    generator("parcel-bundler", "parcel", "parcel build index.html", "dist", Fallback::App),
];

/// The generator of the project, unless what it builds is a server.
fn found(project: &Project<'_>, package: &Package) -> Option<&'static Generator> {
    let generator = GENERATORS.iter().find(|g| package.has(g.dependency))?;
    let is_server = match generator.name {
        "astro" => package.has("@astrojs/node"),
        "sveltekit" => package.has("@sveltejs/adapter-node"),
        "nuxt" => !generates(project, package),
        _ => super::node::is_server(project, package),
    };
    (!is_server).then_some(generator)
}

/// Whether a Nuxt project is made into files rather than a server.
fn generates(project: &Project<'_>, package: &Package) -> bool {
    let config = project
        .tree
        .glob("nuxt.config.*")
        .first()
        .and_then(|file| project.tree.read(file))
        .unwrap_or_default();
    let no_server = scan::after_key(config, "ssr").any(|rest| rest.starts_with("false"));
    no_server || package.script("build").is_some_and(|script| script.contains("generate"))
}

fn plan_framework(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::StaticBuild);
    let workshop = Workshop::open(project, DEFAULT_MAJOR, &mut plan)?;
    let package = workshop.package;
    let Some(generator) = found(project, package) else { return plan_general(project) };
    refuse_server_output(generator, project, package)?;
    let version = package.dep(generator.dependency).unwrap_or_default();
    let found = format!("{} {version}", generator.dependency);
    plan.because("package.json", found, format!("build with {} and serve the files", generator.name));
    plan.framework = Some(generator.name.to_owned());

    let output = output(&mut plan, generator, project);
    // Nuxt's `build` script makes a server unless it says generate itself.
    let command = match generator.name {
        "nuxt" if !package.script("build").is_some_and(|s| s.contains("generate")) => {
            "npx --no-install nuxt generate".to_owned()
        }
        _ => workshop.build_command(generator.command),
    };
    let mut step =
        vite::bundle(command, &[("ASTRO_TELEMETRY_DISABLED", "1"), ("NG_CLI_ANALYTICS", "false")], &output);
    if generator.name == "sveltekit" {
        // The application's page has the name that the adapter was given; a site of pages has index.html.
        let dir = scan::shell_word(&output);
        step.then.insert(0, format!("{{ test -f {dir}/index.html || cp {dir}/200.html {dir}/index.html; }}"));
    }
    let stage = workshop.stage(&mut plan, step);
    let serve = web::serve(&mut plan, &format!("/app/{output}"), generator.fallback, None);
    plan.output_dir = Some(output);
    plan.recipe(&Dockerfile::new(vec![stage, serve]));
    Ok(plan)
}

fn refuse_server_output(
    generator: &Generator,
    project: &Project<'_>,
    package: &Package,
) -> Result<(), PlanError> {
    if generator.name == "sveltekit" && !package.has("@sveltejs/adapter-static") {
        return Err(PlanError::unsupported(
            "This SvelteKit project has no adapter that makes files or a Node server.",
            "Install @sveltejs/adapter-node or @sveltejs/adapter-static and name it in svelte.config.js.",
        ));
    }
    let config = project.tree.glob("astro.config.*").first().and_then(|file| project.tree.read(file));
    let config = scan::without_comments(config.unwrap_or_default());
    if generator.name == "astro" && scan::literal(&config, "output") == Some("server") {
        return Err(PlanError::unsupported(
            "astro.config asks for a server, but not for one that runs on Node.",
            "Run `npx astro add node`, commit and deploy again.",
        ));
    }
    Ok(())
}

fn output(plan: &mut BuildPlan, generator: &Generator, project: &Project<'_>) -> String {
    let read = |pattern: &str| {
        let file = project.tree.glob(pattern).first().copied()?;
        Some((file, scan::without_comments(project.tree.read(file)?)))
    };
    let named = match generator.name {
        "angular" => angular_output(project).map(|dir| ("angular.json".to_owned(), dir)),
        "astro" => read("astro.config.*")
            .and_then(|(f, t)| Some((f.to_owned(), scan::literal(&t, "outDir")?.to_owned()))),
        "vue-cli" => read("vue.config.*")
            .and_then(|(f, t)| Some((f.to_owned(), scan::literal(&t, "outputDir")?.to_owned()))),
        "sveltekit" => read("svelte.config.*")
            .and_then(|(f, t)| Some((f.to_owned(), scan::literal(&t, "pages")?.to_owned()))),
        "eleventy" => read("*eleventy*")
            .and_then(|(f, t)| Some((f.to_owned(), scan::literal(&t, "output")?.to_owned()))),
        _ => None,
    };
    match named.and_then(|(file, dir)| Some((file, scan::folder(&dir)?))) {
        Some((file, dir)) => {
            plan.because(&file, format!("output {dir}"), format!("serve {dir}"));
            dir
        }
        None => generator.output.to_owned(),
    }
}

/// The output of Angular's default project: the application builder puts a `browser` folder below it.
fn angular_output(project: &Project<'_>) -> Option<String> {
    let workspace: Value = serde_json::from_str(project.tree.read("angular.json")?).ok()?;
    let projects = workspace.get("projects")?.as_object()?;
    let wanted = workspace.get("defaultProject").and_then(Value::as_str);
    let is_app = |p: &Value| p.get("projectType").and_then(Value::as_str) != Some("library");
    let (name, app) = projects.iter().find(|(name, p)| wanted.map_or(is_app(p), |wanted| wanted == *name))?;
    let build = app.pointer("/architect/build").or_else(|| app.pointer("/targets/build"))?;
    let builder = build.get("builder").and_then(Value::as_str).unwrap_or_default();
    let path = build.pointer("/options/outputPath");
    let below = if builder.ends_with(":application") { "/browser" } else { "" };
    Some(match path {
        Some(Value::Object(parts)) => {
            let base = parts.get("base").and_then(Value::as_str)?;
            match parts.get("browser").and_then(Value::as_str) {
                Some("") => base.to_owned(),
                Some(browser) => format!("{base}/{browser}"),
                None => format!("{base}{below}"),
            }
        }
        Some(path) => format!("{}{below}", path.as_str()?),
        None => format!("dist/{name}{below}"),
    })
}

/// A build script of no known kind: what it leaves is found at build time, among the customary folders.
fn plan_general(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::StaticBuild);
    let workshop = Workshop::open(project, DEFAULT_MAJOR, &mut plan)?;
    if workshop.package.has_workspaces || project.tree.has("pnpm-workspace.yaml") {
        return Err(PlanError::unsupported(
            format!("This is a workspace of several packages: {}.", super::nested(project.tree).join(", ")),
            "Choose the folder of one of them as the root directory, or add a Dockerfile at the root.",
        ));
    }
    let script = workshop.package.script("build").unwrap_or_default();
    plan.because("package.json", format!("build: {script}"), "build, then serve the folder that it leaves");
    plan.warn(
        "The build tool is not one we know: dist, build, out, public and _site are tried, in this order.",
    );
    let find = "for dir in dist build out public _site; do if [ -f \"$dir/index.html\" ]; then mv \"$dir\" /site; break; fi; done";
    let step = BuildStep {
        env: &[],
        command: Some(workshop.manager.run("build")),
        caches: &[],
        then: vec![
            find.to_owned(),
            "{ test -d /site || { echo 'the build left no index.html in dist, build, out, public or _site' >&2; exit 1; }; }"
                .to_owned(),
            "chmod -R a+rX /site".to_owned(),
        ],
    };
    let stage = workshop.stage(&mut plan, step);
    let serve = web::serve(&mut plan, "/site", Fallback::App, None);
    plan.output_dir = Some("dist".to_owned());
    plan.recipe(&Dockerfile::new(vec![stage, serve]));
    Ok(plan)
}
