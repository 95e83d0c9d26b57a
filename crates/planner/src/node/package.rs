//! `package.json`, as far as a plan depends upon it. Fields of an unexpected kind are read as absent, as npm does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::PlanError;
use crate::source_tree::SourceTree;

pub(crate) const FILE: &str = "package.json";

/// The manifest of a Node project.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    /// The name, as far as it may stand in the id of a cache.
    pub(crate) slug: String,
    pub(crate) main: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) package_manager: Option<String>,
    pub(crate) engines_node: Option<String>,
    pub(crate) volta_node: Option<String>,
    pub(crate) has_workspaces: bool,
    /// pnpm 10 and later run only the install scripts that are allowed by name; such a list tells the version.
    pub(crate) allows_built_dependencies: bool,
    scripts: BTreeMap<String, String>,
    dependencies: BTreeMap<String, String>,
    dev_dependencies: BTreeMap<String, String>,
}

impl Package {
    /// The root's manifest; none where there is no such file.
    /// Errors: `InvalidManifest` when it is not a JSON object, or too large to look into.
    pub(crate) fn read(tree: &SourceTree) -> Result<Option<Package>, PlanError> {
        if !tree.has(FILE) {
            return Ok(None);
        }
        let text = tree.read(FILE).ok_or_else(|| PlanError::manifest(FILE, "it is larger than 256 KiB"))?;
        let value: Value = serde_json::from_str(text).map_err(|e| PlanError::manifest(FILE, e))?;
        if !value.is_object() {
            return Err(PlanError::manifest(FILE, "it is not a JSON object"));
        }
        Ok(Some(Package::from_value(&value)))
    }

    fn from_value(value: &Value) -> Package {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let texts = |pointer: &str| {
            let entries = value.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
            entries.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
        };
        Package {
            slug: slug(&text("/name").unwrap_or_default()),
            main: text("/main"),
            homepage: text("/homepage"),
            package_manager: text("/packageManager"),
            engines_node: text("/engines/node"),
            volta_node: text("/volta/node"),
            has_workspaces: value.get("workspaces").is_some(),
            allows_built_dependencies: value.pointer("/pnpm/onlyBuiltDependencies").is_some(),
            scripts: texts("/scripts"),
            dependencies: texts("/dependencies"),
            dev_dependencies: texts("/devDependencies"),
        }
    }

    /// The command of a script; an empty one counts as absent.
    pub(crate) fn script(&self, name: &str) -> Option<&str> {
        self.scripts.get(name).map(|s| s.trim()).filter(|s| !s.is_empty())
    }

    /// The wanted version of a dependency of either kind.
    pub(crate) fn dep(&self, name: &str) -> Option<&str> {
        self.dependencies.get(name).or_else(|| self.dev_dependencies.get(name)).map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.dep(name).is_some()
    }

    /// Whether the package is there at run time, after development dependencies are taken away.
    pub(crate) fn has_at_run(&self, name: &str) -> bool {
        self.dependencies.contains_key(name)
    }

    pub(crate) fn is_dev_only(&self, name: &str) -> bool {
        !self.has_at_run(name) && self.dev_dependencies.contains_key(name)
    }

    /// The first of `names` that is a dependency.
    pub(crate) fn first<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.has(name))
    }

    pub(crate) fn has_any_dependency(&self) -> bool {
        !self.dependencies.is_empty() || !self.dev_dependencies.is_empty()
    }

    /// The lowest major version that the range of `name` names: `^12.1.0` gives 12.
    pub(crate) fn major(&self, name: &str) -> Option<u64> {
        crate::scan::first_number(self.dep(name)?)
    }

    /// Dependencies that come from a Git repository, for which the image must hold git.
    pub(crate) fn git_dependency(&self) -> Option<&str> {
        let all = self.dependencies.iter().chain(&self.dev_dependencies);
        let from_git = |spec: &str| {
            spec.starts_with("git") || spec.starts_with("github:") || spec.starts_with("bitbucket:") || {
                // `owner/repository` is npm's short form.
                let short = spec.split('#').next().unwrap_or_default();
                short.split('/').count() == 2
                    && !short.starts_with(['.', '/', '@', '~'])
                    && !short.contains(':')
            }
        };
        all.into_iter().find(|(_, spec)| from_git(spec)).map(|(name, _)| name.as_str())
    }

    /// Why the sources must be there before the install step, if they must.
    pub(crate) fn install_needs_sources(&self) -> Option<String> {
        if self.has_workspaces {
            return Some("workspaces".to_owned());
        }
        for hook in ["preinstall", "install", "postinstall", "prepare"] {
            if self.script(hook).is_some() {
                return Some(format!("the {hook} script"));
            }
        }
        if self.has("@prisma/client") {
            return Some("@prisma/client, which reads its schema when installed".to_owned());
        }
        let mut all = self.dependencies.iter().chain(&self.dev_dependencies);
        let local = |spec: &str| {
            ["file:", "link:", "workspace:", "portal:", "patch:"].iter().any(|p| spec.starts_with(p))
        };
        all.find(|(_, spec)| local(spec)).map(|(name, _)| format!("{name}, which lies in the repository"))
    }
}

fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let slug: String = name.trim_start_matches('@').chars().take(60).map(plain).collect();
    if slug.is_empty() { "app".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(text: &str) -> Result<Option<Package>, PlanError> {
        let mut tree = SourceTree::new();
        tree.insert(FILE, Some(text));
        Package::read(&tree)
    }

    #[test]
    fn a_broken_manifest_is_told_with_its_line() {
        let error = package("{\"name\": }").unwrap_err();
        assert_eq!(error.as_code(), "invalid_manifest");
        assert!(error.to_string().contains("line 1"), "{error}");
        assert_eq!(package("[]").unwrap_err().as_code(), "invalid_manifest");
    }

    #[test]
    fn fields_of_a_strange_kind_are_absent() {
        let read =
            package(r#"{"name": 1, "scripts": ["x"], "dependencies": {"a": 1, "b": "2"}}"#).unwrap().unwrap();
        assert_eq!(read.script("x"), None);
        assert!(read.has("b") && !read.has("a"));
    }

    #[test]
    fn git_dependencies_are_told_from_paths_and_scopes() {
        for (spec, is_git) in [
            ("github:a/b", true),
            ("git+https://x/y", true),
            ("a/b#main", true),
            ("^1.0.0", false),
            ("npm:@a/b@1", false),
            ("../x", false),
        ] {
            let text = format!(r#"{{"dependencies": {{"d": "{spec}"}}}}"#);
            assert_eq!(package(&text).unwrap().unwrap().git_dependency().is_some(), is_git, "{spec}");
        }
    }
}
