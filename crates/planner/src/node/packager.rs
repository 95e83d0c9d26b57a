//! Which package manager a project uses, in which version, and how each is told to install.

use super::package::{FILE, Package};
use crate::build_plan::{Evidence, PackageManager};
use crate::scan;
use crate::source_tree::SourceTree;

/// The five ways to install; `PackageManager` names tools of other worlds too, and one Yarn for two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Npm,
    Yarn,
    /// Yarn 2 and later, which shares nothing with Yarn 1 but the name.
    Berry,
    Pnpm,
    Bun,
}

/// The manager chosen and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packager {
    pub(crate) kind: PackageManager,
    pub(crate) flavour: Flavour,
    /// What to give `npm i -g`; none where the Node image holds the manager already.
    pub(crate) tool: Option<String>,
    pub(crate) lock: Option<&'static str>,
    pub(crate) evidence: Evidence,
    pub(crate) warning: Option<String>,
}

/// Lock files, most telling first: npm's is the one that a stray `npm install` leaves behind.
const LOCKS: [(&str, PackageManager); 6] = [
    ("pnpm-lock.yaml", PackageManager::Pnpm),
    ("yarn.lock", PackageManager::Yarn),
    ("bun.lock", PackageManager::Bun),
    ("bun.lockb", PackageManager::Bun),
    ("package-lock.json", PackageManager::Npm),
    ("npm-shrinkwrap.json", PackageManager::Npm),
];

impl Packager {
    /// The manager that `packageManager` names, else that of the lock file, else npm.
    pub(crate) fn choose(tree: &SourceTree, package: &Package) -> Packager {
        let locks: Vec<_> = LOCKS.into_iter().filter(|(file, _)| tree.has(file)).collect();
        let named = package.package_manager.as_deref().and_then(named);
        let kind = named.as_ref().map(|(kind, _)| *kind).or(locks.first().map(|(_, kind)| *kind));
        let kind = kind.unwrap_or(PackageManager::Npm);
        let version = named.as_ref().and_then(|(_, version)| version.clone());
        let lock = locks.iter().find(|(_, of)| *of == kind).map(|(file, _)| *file);

        let evidence = match (&named, lock) {
            (Some(_), _) => Evidence {
                file: FILE.to_owned(),
                found: format!("packageManager {}", package.package_manager.as_deref().unwrap_or_default()),
                so: format!("install with {}", kind.as_str()),
            },
            (None, Some(file)) => Evidence {
                file: file.to_owned(),
                found: "a lock file".to_owned(),
                so: format!("install with {}", kind.as_str()),
            },
            (None, None) => Evidence {
                file: FILE.to_owned(),
                found: "no lock file and no packageManager".to_owned(),
                so: "install with npm".to_owned(),
            },
        };
        let flavour = flavour(tree, kind, version.as_deref());
        let tool = tool(tree, package, flavour, version);
        Packager { kind, flavour, tool, lock, evidence, warning: warning(kind, lock, &locks) }
    }

    /// The install command: true to the lock file, and loudly without it where the two do not fit, as npm 10
    /// refuses lock files that npm 11 wrote.
    pub(crate) fn install(&self) -> String {
        let (strict, loose) = match self.flavour {
            Flavour::Pnpm => ("pnpm install --frozen-lockfile", "pnpm install --no-frozen-lockfile"),
            Flavour::Berry => ("yarn install --immutable", "yarn install --no-immutable"),
            Flavour::Yarn => {
                ("yarn install --frozen-lockfile --non-interactive", "yarn install --non-interactive")
            }
            Flavour::Bun => ("bun install --frozen-lockfile", "bun install"),
            Flavour::Npm => ("npm ci --no-audit --no-fund", "npm install --no-audit --no-fund"),
        };
        match self.lock {
            None => loose.to_owned(),
            Some(lock) => {
                format!(
                    "{{ {strict} || {{ echo 'warning: {lock} does not fit {FILE}; installing without it' >&2; {loose}; }}; }}"
                )
            }
        }
    }

    /// Takes development dependencies away again.
    pub(crate) fn prune(&self) -> &'static str {
        match self.flavour {
            Flavour::Pnpm => "CI=true pnpm prune --prod --ignore-scripts",
            Flavour::Berry => "yarn workspaces focus --production",
            Flavour::Yarn => "yarn install --production --ignore-scripts --prefer-offline --non-interactive",
            // Bun has no prune; what it installed is laid out as npm does.
            Flavour::Bun => "rm -rf node_modules && bun install --production --ignore-scripts",
            Flavour::Npm => "npm prune --omit=dev --no-audit --no-fund",
        }
    }

    /// How to run a script of `package.json`.
    pub(crate) fn run(&self, script: &str) -> String {
        format!("{} run {}", self.kind.as_str(), scan::shell_word(script))
    }

    /// The cache mount: its kind and where the manager keeps its downloads.
    pub(crate) fn cache(&self) -> (&'static str, &'static str) {
        match self.flavour {
            Flavour::Pnpm => ("pnpm", "/root/.local/share/pnpm/store"),
            Flavour::Berry => ("yarn-berry", "/root/.yarn/berry/cache"),
            Flavour::Yarn => ("yarn", "/usr/local/share/.cache/yarn"),
            Flavour::Bun => ("bun", "/root/.bun/install/cache"),
            Flavour::Npm => ("npm", "/root/.npm"),
        }
    }
}

/// Reads `pnpm@9.1.0+sha512.abc`. The version may go into a command, so only a plain one is taken.
fn named(text: &str) -> Option<(PackageManager, Option<String>)> {
    let (name, version) = text.split_once('@').unwrap_or((text, ""));
    let kind = match name {
        "npm" => PackageManager::Npm,
        "yarn" => PackageManager::Yarn,
        "pnpm" => PackageManager::Pnpm,
        "bun" => PackageManager::Bun,
        _ => return None,
    };
    let version = version.split('+').next().unwrap_or_default();
    let plain = version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    Some((kind, plain.then(|| version.to_owned())))
}

fn flavour(tree: &SourceTree, kind: PackageManager, version: Option<&str>) -> Flavour {
    if kind == PackageManager::Pnpm {
        Flavour::Pnpm
    } else if kind == PackageManager::Bun {
        Flavour::Bun
    } else if kind != PackageManager::Yarn {
        Flavour::Npm
    } else if is_berry(tree, version) {
        Flavour::Berry
    } else {
        Flavour::Yarn
    }
}

fn is_berry(tree: &SourceTree, version: Option<&str>) -> bool {
    match version.and_then(scan::first_number) {
        Some(major) => major >= 2,
        None => {
            tree.has(".yarnrc.yml") || tree.read("yarn.lock").is_some_and(|text| text.contains("__metadata:"))
        }
    }
}

fn tool(tree: &SourceTree, package: &Package, flavour: Flavour, version: Option<String>) -> Option<String> {
    match flavour {
        Flavour::Pnpm => Some(format!("pnpm@{}", version.unwrap_or_else(|| pnpm_major(tree, package)))),
        Flavour::Berry => {
            let version = version.or_else(|| yarn_path_version(tree)).unwrap_or_else(|| "4".to_owned());
            Some(format!("@yarnpkg/cli-dist@{version}"))
        }
        Flavour::Bun => Some(format!("bun@{}", version.unwrap_or_else(|| "1".to_owned()))),
        // The image's own npm and Yarn 1: another npm would cost a download, and lock files bridge majors.
        Flavour::Npm | Flavour::Yarn => None,
    }
}

fn pnpm_major(tree: &SourceTree, package: &Package) -> String {
    let lock = tree.read("pnpm-lock.yaml").and_then(|text| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix("lockfileVersion:"))?;
        scan::first_number(line)
    });
    // Settings live in a workspace file without packages since pnpm 10; 9 refuses such a file.
    let settings_only = tree.read("pnpm-workspace.yaml").is_some_and(|text| !text.contains("packages:"));
    match lock {
        Some(5) => "7",
        Some(6) => "8",
        // Both 9 and 10 write version 9; 10 skips the install scripts of dependencies unless a list allows them.
        Some(_) if !settings_only && !package.allows_built_dependencies => "9",
        Some(_) | None => "10",
    }
    .to_owned()
}

fn yarn_path_version(tree: &SourceTree) -> Option<String> {
    let text = tree.read(".yarnrc.yml")?;
    let path = text.lines().find_map(|line| line.trim().strip_prefix("yarnPath:"))?;
    let version = path.rsplit_once("yarn-")?.1.trim().trim_matches(['"', '\'']).strip_suffix(".cjs")?;
    version.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c)).then(|| version.to_owned())
}

fn warning(
    kind: PackageManager,
    lock: Option<&str>,
    locks: &[(&'static str, PackageManager)],
) -> Option<String> {
    let others: Vec<&str> = locks.iter().filter(|(_, of)| *of != kind).map(|(file, _)| *file).collect();
    match lock {
        None => {
            Some(format!("No lock file of {}: versions may differ at each build. Commit one.", kind.as_str()))
        }
        Some(lock) if !others.is_empty() => Some(format!(
            "Several lock files: {lock} is used, {} ignored. Delete what is stale.",
            others.join(", ")
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
