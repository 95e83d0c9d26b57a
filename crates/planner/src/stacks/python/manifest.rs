//! What the project depends upon, whichever file says so: names in lower case, versions left to the installer.

use std::collections::BTreeSet;

use toml::Value;

use crate::error::PlanError;
use crate::source_tree::SourceTree;

/// The union of what the manifests name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    names: BTreeSet<String>,
    pub(crate) pyproject: Option<toml::Table>,
    pub(crate) pipfile: Option<toml::Table>,
    /// Some dependency comes from a Git repository.
    pub(crate) uses_git: bool,
    /// The requirements name the project itself (`-e .`), so its sources are part of the install.
    pub(crate) installs_itself: bool,
}

impl Manifest {
    /// Reads all manifests at the root.
    /// Errors: `InvalidManifest` for a broken `pyproject.toml` or `Pipfile`.
    pub(crate) fn read(tree: &SourceTree) -> Result<Manifest, PlanError> {
        let mut manifest = Manifest::default();
        for line in tree.read("requirements.txt").unwrap_or_default().lines().map(str::trim) {
            manifest.uses_git |= line.contains("git+");
            manifest.installs_itself |=
                matches!(line, "." | "-e ." | "--editable ." | "./") || line.starts_with(".[");
            // Includes and constraints point at further files of the sources.
            manifest.installs_itself |= ["-r", "-c", "--requirement", "--constraint", "-e", "./"]
                .iter()
                .any(|flag| line.starts_with(flag));
            manifest.add(line);
        }
        manifest.pyproject = table(tree, "pyproject.toml")?;
        manifest.pipfile = table(tree, "Pipfile")?;
        if let Some(pyproject) = manifest.pyproject.clone() {
            let listed =
                pyproject.get("project").and_then(|p| p.get("dependencies")).and_then(Value::as_array);
            for text in listed.into_iter().flatten().filter_map(Value::as_str) {
                manifest.uses_git |= text.contains("git+");
                manifest.add(text);
            }
            let poetry =
                pyproject.get("tool").and_then(|t| t.get("poetry")).and_then(|p| p.get("dependencies"));
            manifest.add_keys(poetry);
        }
        let packages = manifest.pipfile.as_ref().and_then(|pipfile| pipfile.get("packages")).cloned();
        manifest.add_keys(packages.as_ref());
        Ok(manifest)
    }

    fn add(&mut self, line: &str) {
        let end =
            line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
        if end > 0 && !line.starts_with(['-', '.']) {
            self.names.insert(line[..end].to_ascii_lowercase().replace('_', "-"));
        }
    }

    fn add_keys(&mut self, table: Option<&Value>) {
        for (name, value) in table.and_then(Value::as_table).into_iter().flatten() {
            self.uses_git |= value.get("git").is_some();
            self.add(name);
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The text at a dotted path of `pyproject.toml`.
    pub(crate) fn pyproject_text(&self, path: &[&str]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let mut value = self.pyproject.as_ref()?.get(*first)?;
        for key in rest {
            value = value.get(*key)?;
        }
        value.as_str()
    }
}

fn table(tree: &SourceTree, file: &str) -> Result<Option<toml::Table>, PlanError> {
    let Some(text) = tree.read(file) else { return Ok(None) };
    text.parse().map(Some).map_err(|error: toml::de::Error| PlanError::manifest(file, error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(file: &str, text: &str) -> Manifest {
        let mut tree = SourceTree::new();
        tree.insert(file, Some(text));
        Manifest::read(&tree).unwrap()
    }

    #[test]
    fn names_are_found_in_every_kind_of_manifest() {
        assert!(manifest("requirements.txt", "Flask==3.0\nuvicorn[standard]>=0.2 # x\n").has("flask"));
        assert!(manifest("requirements.txt", "uvicorn[standard]>=0.2\n").has("uvicorn"));
        assert!(manifest("pyproject.toml", "[project]\ndependencies = ['fastapi>=0.1']").has("fastapi"));
        assert!(manifest("pyproject.toml", "[tool.poetry.dependencies]\nDjango = '^5'").has("django"));
        assert!(manifest("Pipfile", "[packages]\nflask = '*'").has("flask"));
    }

    #[test]
    fn a_broken_manifest_is_told() {
        let mut tree = SourceTree::new();
        tree.insert("pyproject.toml", Some("[project\n"));
        let error = Manifest::read(&tree).unwrap_err();
        assert_eq!(error.as_code(), "invalid_manifest");
        assert!(error.to_string().starts_with("pyproject.toml cannot be read"), "{error}");
    }

    #[test]
    fn requirements_that_point_into_the_sources_are_noticed() {
        assert!(manifest("requirements.txt", "-e .\n").installs_itself);
        assert!(manifest("requirements.txt", "-r requirements/base.txt\n").installs_itself);
        assert!(!manifest("requirements.txt", "flask\n").installs_itself);
    }
}
