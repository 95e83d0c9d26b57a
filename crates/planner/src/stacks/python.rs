//! Python: a virtual environment made in one stage, and the server that the framework wants in front of it.

use super::Stack;
use crate::DEFAULT_PORT;
use crate::build_plan::{BuildPlan, Platform};
use crate::dockerfile::{Dockerfile, Run, Stage};
use crate::error::PlanError;
use crate::node::{apt_install, exec_form};
use crate::project::Project;

mod entry;
mod install;
mod manifest;
mod version;

use entry::Entry;
use install::Installer;
use manifest::Manifest;
use version::PythonVersion;

pub(crate) const STACK: Stack =
    Stack { looks_for: "requirements.txt, pyproject.toml, Pipfile or main.py", detect, plan };

const MANIFESTS: [&str; 4] = ["requirements.txt", "pyproject.toml", "Pipfile", "setup.py"];
const PROGRAMS: [&str; 5] = ["main.py", "app.py", "server.py", "wsgi.py", "asgi.py"];

/// Packages that compile against a library of the system: packages to build with, and to run with.
const NATIVE: [(&str, &[&str], &[&str]); 5] = [
    ("psycopg2", &["gcc", "libc6-dev", "libpq-dev"], &["libpq5"]),
    ("mysqlclient", &["gcc", "libc6-dev", "pkg-config", "default-libmysqlclient-dev"], &["libmariadb3"]),
    ("uwsgi", &["gcc", "libc6-dev"], &[]),
    ("python-ldap", &["gcc", "libc6-dev", "libldap2-dev", "libsasl2-dev"], &["libldap-2.5-0"]),
    ("pycairo", &["gcc", "libc6-dev", "pkg-config", "libcairo2-dev"], &["libcairo2"]),
];

fn detect(project: &Project<'_>) -> Result<bool, PlanError> {
    let tree = project.tree;
    if tree.has("manage.py") {
        return Ok(true);
    }
    let marks = tree.first(&MANIFESTS).is_some() || tree.first(&PROGRAMS).is_some();
    // Beside a `package.json`, Python is mostly a helper of the build; a program file says it is more.
    let is_helper =
        tree.has("package.json") && (tree.first(&PROGRAMS).is_none() || tree.first(&MANIFESTS).is_none());
    // Other languages keep scripts in Python beside their own manifest.
    let is_other = tree.has("go.mod") || tree.has("Cargo.toml");
    // A settings file for a linter alone makes no project.
    let only_settings = tree.first(&PROGRAMS).is_none()
        && tree.first(&["requirements.txt", "Pipfile", "setup.py"]).is_none()
        && tree
            .read("pyproject.toml")
            .is_some_and(|text| !text.contains("[project]") && !text.contains("[tool.poetry"));
    Ok(marks && !is_helper && !is_other && !only_settings)
}

fn plan(project: &Project<'_>) -> Result<BuildPlan, PlanError> {
    let mut plan = BuildPlan::new(Platform::Python);
    let manifest = Manifest::read(project.tree)?;
    let version = PythonVersion::choose(project.tree, &manifest)?;
    plan.because(&version.file, version.found.clone(), format!("use the image {}", version.image()));
    plan.warnings.extend(version.warning.clone());
    plan.runtime("python", format!("3.{}", version.minor));

    let installer = Installer::choose(project.tree, &manifest);
    plan.package_manager = Some(installer.manager);
    plan.because(installer.file, installer.found, format!("install with {}", installer.manager.as_str()));
    plan.warnings.extend(installer.warning(project.tree));

    let entry = entry::find(project, &manifest)?;
    plan.framework = entry.framework.map(str::to_owned);
    plan.because(&entry.file, entry.found.clone(), format!("start with {}", entry.start));
    let stages =
        vec![build(project, &manifest, &version, &installer, &entry), run(&manifest, &version, &entry)];
    plan.start = Some(entry.start);
    plan.recipe(&Dockerfile::new(stages));
    Ok(plan)
}

fn build(
    project: &Project<'_>,
    manifest: &Manifest,
    version: &PythonVersion,
    installer: &Installer,
    entry: &Entry,
) -> Stage {
    let options = project.options;
    let mut stage = Stage::named(version.image(), "build").workdir("/app");
    let mut packages: Vec<&str> = native(manifest).flat_map(|(_, build, _)| build.iter().copied()).collect();
    if options.compilers {
        packages.extend(["build-essential", "git"]);
    } else if manifest.uses_git {
        packages.push("git");
    }
    packages.dedup();
    if !packages.is_empty() {
        stage = stage.run(apt_install(&packages));
    }
    // The tools go into the image's own Python, what the project needs into the environment that is copied out.
    let mut prepare = Run::new("python -m venv /venv").cache(options.cache_id("pip"), "/root/.cache/pip");
    if let Some(tool) = installer.tool() {
        prepare = prepare.then(format!("pip install --root-user-action=ignore {tool}"));
    }
    stage = stage.env(&[("PIP_DISABLE_PIP_VERSION_CHECK", "1")]).run(prepare);
    stage = stage.env(&[("VIRTUAL_ENV", "/venv"), ("PATH", "/venv/bin:$PATH")]).env(installer.env());
    let needs_sources = manifest.installs_itself;
    stage = match needs_sources {
        true => stage.copy(&["."], "./"),
        false => stage.copy(&installer.manifests(project.tree), "./"),
    };
    let (cache, target) = installer.cache();
    let mut commands = installer.commands(project.tree).into_iter();
    let first = commands.next().unwrap_or_else(|| "true".to_owned());
    let mut install = commands.fold(Run::new(first), Run::then).cache(options.cache_id(cache), target);
    if let Some(server) = entry.server.filter(|server| !manifest.has(server)) {
        install = install.then(format!("/venv/bin/python -m pip install {server}"));
    }
    stage = stage.run(install.secrets(&options.secret_env));
    if !needs_sources {
        stage = stage.copy(&["."], "./");
    }
    stage = stage.args(&options.build_env);
    let mut finish = Run::new("chmod -R a+rX /app /venv").secrets(&options.secret_env);
    if entry.collects_static {
        // Settings may want a database or a key that is not there at build: the pages work without, if plainly.
        finish = finish.then(
            "{ python manage.py collectstatic --noinput || echo 'warning: collectstatic failed; going on without' >&2; }",
        );
        finish = finish.then("chmod -R a+rX /app");
    }
    stage.run(finish)
}

fn run(manifest: &Manifest, version: &PythonVersion, entry: &Entry) -> Stage {
    let mut stage = Stage::new(version.image()).workdir("/app");
    let packages: Vec<&str> = native(manifest).flat_map(|(_, _, run)| run.iter().copied()).collect();
    if !packages.is_empty() {
        stage = stage.run(apt_install(&packages));
    }
    let mut env = vec![
        ("PATH", "/venv/bin:$PATH"),
        ("PORT", "8080"),
        ("HOST", "0.0.0.0"),
        ("HOME", "/tmp"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYTHONUNBUFFERED", "1"),
    ];
    env.extend_from_slice(entry.env);
    stage
        .env(&env)
        .copy_from("build", "/venv", "/venv")
        .copy_from("build", "/app", "./")
        .user("10001")
        .expose(DEFAULT_PORT)
        .cmd(&exec_form(&entry.start))
}

fn native(
    manifest: &Manifest,
) -> impl Iterator<Item = &'static (&'static str, &'static [&'static str], &'static [&'static str])> {
    NATIVE.iter().filter(|(name, _, _)| manifest.has(name))
}
