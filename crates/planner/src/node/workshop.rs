//! The build stage of a Node project: tools, install, sources, build, in the order that keeps layers cached.

use super::{Flavour, NodeVersion, Package, Packager};
use crate::build_plan::BuildPlan;
use crate::dockerfile::{Run, Stage};
use crate::error::PlanError;
use crate::project::Project;

/// Packages that compile at install where no prebuilt binary fits. The slim image holds no compiler.
const COMPILED: [&str; 12] = [
    "argon2",
    "better-sqlite3",
    "canvas",
    "cpu-features",
    "isolated-vm",
    "libpq",
    "node-gyp",
    "node-pty",
    "node-sass",
    "re2",
    "serialport",
    "sqlite3",
];

/// Everything about a Node project that does not depend on its framework.
pub(crate) struct Workshop<'a> {
    pub(crate) project: &'a Project<'a>,
    pub(crate) package: &'a Package,
    pub(crate) manager: Packager,
    pub(crate) version: NodeVersion,
}

/// What to do after the install.
#[derive(Default)]
pub(crate) struct BuildStep<'a> {
    /// Environment of the whole stage.
    pub(crate) env: &'a [(&'a str, &'a str)],
    /// The build command; none for a project that runs from its sources.
    pub(crate) command: Option<String>,
    /// Cache mounts of the build, as (kind, target).
    pub(crate) caches: &'a [(&'a str, &'a str)],
    /// Commands after the build.
    pub(crate) then: Vec<String>,
}

impl<'a> Workshop<'a> {
    /// Reads version and package manager, and writes down why in `plan`.
    /// Errors: `Unsupported` for a Node that is too old.
    pub(crate) fn open(
        project: &'a Project<'a>,
        preferred: u64,
        plan: &mut BuildPlan,
    ) -> Result<Self, PlanError> {
        let package =
            project.package()?.ok_or_else(|| PlanError::manifest(super::package::FILE, "it is missing"))?;
        let version = NodeVersion::choose(project.tree, package, preferred)?;
        let manager = Packager::choose(project.tree, package);
        plan.because(version.file, version.found.clone(), format!("use the image {}", version.image()));
        plan.evidence.push(manager.evidence.clone());
        plan.warnings.extend(version.warning.iter().chain(&manager.warning).cloned());
        plan.package_manager = Some(manager.kind);
        plan.runtime("node", version.major.to_string());
        Ok(Workshop { project, package, manager, version })
    }

    /// The command that runs the `build` script, else `fallback`.
    pub(crate) fn build_command(&self, fallback: &str) -> String {
        match self.package.script("build") {
            Some(_) => self.manager.run("build"),
            None => format!("npx --no-install {fallback}"),
        }
    }

    /// The stage called `build`, with everything in `/app`.
    pub(crate) fn stage(&self, plan: &mut BuildPlan, step: BuildStep<'_>) -> Stage {
        let options = self.project.options;
        let mut stage = Stage::named(self.version.image(), "build").workdir("/app");
        stage = self.tools(plan, stage);
        let mut env = step.env.to_vec();
        if self.manager.flavour == Flavour::Berry {
            // Plug'n'Play needs yarn at run time; with plain node_modules the program runs by node alone.
            env.extend([
                ("YARN_NODE_LINKER", "node-modules"),
                ("YARN_ENABLE_TELEMETRY", "0"),
                ("YARN_ENABLE_GLOBAL_CACHE", "true"),
            ]);
        }
        stage = stage.env(&env);

        let needs_sources = self.needs_sources();
        match &needs_sources {
            Some(why) => {
                plan.because(super::package::FILE, why.clone(), "copy the sources before the install step");
                stage = stage.copy(&["."], "./");
            }
            None => stage = stage.copy(&self.manifests(), "./"),
        }
        let (cache, target) = self.manager.cache();
        let install = Run::new(self.manager.install()).cache(options.cache_id(cache), target);
        stage = stage.run(install.secrets(&options.secret_env));
        if needs_sources.is_none() {
            stage = stage.copy(&["."], "./");
        }

        // After the install, so that another value does not install anew.
        stage = stage.args(&options.build_env);
        let inline: String = options.build_env.iter().map(|name| format!("{name}=\"${name}\" ")).collect();
        let build = step.command.map(|command| format!("{inline}{command}"));
        let mut commands = build.into_iter().chain(step.then);
        if let Some(first) = commands.next() {
            let mut run = commands.fold(Run::new(first), Run::then).secrets(&options.secret_env);
            for (kind, target) in step.caches {
                run = run.cache(options.cache_id(kind), *target);
            }
            stage = stage.run(run);
        }
        stage
    }

    fn tools(&self, plan: &mut BuildPlan, stage: Stage) -> Stage {
        let git = self.package.git_dependency();
        let compiled = self.package.first(&COMPILED);
        if let Some(name) = git {
            plan.because(
                super::package::FILE,
                format!("{name} from a Git repository"),
                "install git for the build",
            );
        }
        if let Some(name) = compiled {
            plan.because(
                super::package::FILE,
                name,
                "install compilers for the build, as it may have to compile",
            );
        }
        let mut packages = Vec::new();
        if git.is_some() || self.project.options.compilers {
            packages.push("git");
        }
        if compiled.is_some() || self.project.options.compilers {
            packages.extend(["python3", "make", "g++"]);
        }
        let stage = match packages.is_empty() {
            true => stage,
            false => stage.run(apt_install(&[&["ca-certificates"], packages.as_slice()].concat())),
        };
        match &self.manager.tool {
            None => stage,
            // Not corepack: Node 25 and later come without it, and it fetches Yarn from another place than npm's.
            Some(tool) => stage.run(
                Run::new(format!("npm i -g --force {tool}"))
                    .cache(self.project.options.cache_id("npm"), "/root/.npm"),
            ),
        }
    }

    fn needs_sources(&self) -> Option<String> {
        let tree = self.project.tree;
        if tree.has("pnpm-workspace.yaml") {
            return Some("a pnpm workspace file".to_owned());
        }
        if tree.has_dir("patches") || tree.has_dir(".yarn") {
            return Some("patches or a package manager in the repository".to_owned());
        }
        self.package.install_needs_sources()
    }

    /// The files that the install step reads. A bracketed ending makes a file optional: `.npmrc` often stands in
    /// `.dockerignore`, as it may hold a token.
    fn manifests(&self) -> Vec<&'static str> {
        let tree = self.project.tree;
        let mut files = vec![super::package::FILE];
        files.extend(self.manager.lock);
        for (file, optional) in
            [(".npmrc", ".npmr[c]"), (".yarnrc.yml", ".yarnrc.ym[l]"), (".yarnrc", ".yarnr[c]")]
        {
            if tree.has(file) {
                files.push(optional);
            }
        }
        files
    }
}

/// Debian packages, without leaving their lists in the layer.
pub(crate) fn apt_install(packages: &[&str]) -> Run {
    Run::new("apt-get update -qq")
        .then(format!("apt-get install -y -qq --no-install-recommends {}", packages.join(" ")))
        .then("rm -rf /var/lib/apt/lists/*")
}
