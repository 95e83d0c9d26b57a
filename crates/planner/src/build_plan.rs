//! The plan: a plain value that can be shown, compared, stored and sent. It knows nothing of how it came about.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::DEFAULT_PORT;
use crate::dockerfile::{self, Dockerfile};

/// What kind of project it is. The names are stable: they cross the wire and stand in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is the name of a platform")]
pub enum Platform {
    Cra,
    Vite,
    Next,
    Gradle,
    Maven,
    Node,
    StaticBuild,
    Static,
    Python,
    Go,
    Rust,
    Php,
    Ruby,
    Dockerfile,
}

/// Which tool installs the dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "each variant is the name of a tool")]
pub enum PackageManager {
    Npm,
    Yarn,
    Pnpm,
    Bun,
    Gradle,
    Maven,
    Pip,
    Poetry,
    Uv,
    Pipenv,
    Pdm,
    Go,
    Cargo,
}

impl PackageManager {
    /// The tool's name as its users write it.
    pub fn as_str(self) -> &'static str {
        match self {
            PackageManager::Npm => "npm",
            PackageManager::Yarn => "yarn",
            PackageManager::Pnpm => "pnpm",
            PackageManager::Bun => "bun",
            PackageManager::Gradle => "gradle",
            PackageManager::Maven => "maven",
            PackageManager::Pip => "pip",
            PackageManager::Poetry => "poetry",
            PackageManager::Uv => "uv",
            PackageManager::Pipenv => "pipenv",
            PackageManager::Pdm => "pdm",
            PackageManager::Go => "go",
            PackageManager::Cargo => "cargo",
        }
    }
}

/// One reason why the plan is as it is, for a person to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The file that was looked at.
    pub file: String,
    /// What stood in it.
    pub found: String,
    /// What we conclude from it.
    pub so: String,
}

/// The whole recipe for an image before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildPlan {
    /// What kind of project it is.
    pub platform: Platform,
    /// The framework within the platform, where one was recognised: `react`, `spring-boot`, `fastapi`.
    pub framework: Option<String>,
    /// The tool that installs the dependencies; none for plain files and own Dockerfiles.
    pub package_manager: Option<PackageManager>,
    /// The language runtime and its version that the project's code is built or run with: `node 24`.
    pub runtime: Option<String>,
    /// The version alone: `24`.
    pub runtime_version: Option<String>,
    /// Folder of the finished files, for what a web server serves.
    pub output_dir: Option<String>,
    /// The command that the container runs; none where the image's own server serves files.
    pub start: Option<String>,
    /// The container port that requests are routed to.
    pub port: u16,
    /// Why we think so.
    pub evidence: Vec<Evidence>,
    /// What may surprise: a missing lock file, an ambiguous port.
    pub warnings: Vec<String>,
    /// The Dockerfile's text. Cache and secret mounts need BuildKit; see [`crate::without_mounts`].
    pub dockerfile: String,
    /// Files to add to the build context beside the sources, by path. They win over the repository's own.
    pub files: BTreeMap<String, String>,
    /// Names of the variables that the Dockerfile takes as `ARG`. Their values are public.
    pub build_args: Vec<String>,
    /// Names of the secrets that the Dockerfile mounts.
    pub build_secrets: Vec<String>,
    /// The images that the Dockerfile begins from, in order, each once.
    pub images: Vec<String>,
}

impl BuildPlan {
    pub(crate) fn new(platform: Platform) -> Self {
        BuildPlan {
            platform,
            framework: None,
            package_manager: None,
            runtime: None,
            runtime_version: None,
            output_dir: None,
            start: None,
            port: DEFAULT_PORT,
            evidence: Vec::new(),
            warnings: Vec::new(),
            dockerfile: String::new(),
            files: BTreeMap::new(),
            build_args: Vec::new(),
            build_secrets: Vec::new(),
            images: Vec::new(),
        }
    }

    pub(crate) fn because(&mut self, file: &str, found: impl Into<String>, so: impl Into<String>) {
        self.evidence.push(Evidence { file: file.to_owned(), found: found.into(), so: so.into() });
    }

    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    pub(crate) fn runtime(&mut self, name: &str, version: impl Into<String>) {
        let version = version.into();
        self.runtime = Some(format!("{name} {version}"));
        self.runtime_version = Some(version);
    }

    pub(crate) fn recipe(&mut self, file: &Dockerfile) {
        self.build_args = file.args();
        self.build_secrets = file.secrets();
        self.dockerfile = file.render();
    }

    /// Fills what follows from the rest.
    pub(crate) fn finish(&mut self) {
        self.images = dockerfile::images(&self.dockerfile);
    }
}
