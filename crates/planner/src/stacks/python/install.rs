//! How the dependencies get into `/venv`, by each of the five tools.

use super::manifest::Manifest;
use crate::build_plan::PackageManager;
use crate::source_tree::SourceTree;

/// The tool and the file that tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installer {
    pub(crate) manager: PackageManager,
    pub(crate) file: &'static str,
    pub(crate) found: &'static str,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Requirements,
    /// The dependencies listed in `pyproject.toml`, without installing the project itself: an application is
    /// seldom laid out as a package.
    Listed,
    /// `setup.py` knows its dependencies only by running.
    Package,
    Nothing,
}

impl Installer {
    /// Lock files first, then the tool's own settings, then a requirements file, then what a package lists.
    pub(crate) fn choose(tree: &SourceTree, manifest: &Manifest) -> Installer {
        let tool = |name: &str| manifest.pyproject.as_ref().and_then(|p| p.get("tool")?.get(name)).is_some();
        let lists = manifest.pyproject.as_ref().and_then(|p| p.get("project")?.get("dependencies")).is_some();
        let made = |manager, file, found, how| Installer { manager, file, found, how };
        if tree.has("uv.lock") {
            made(PackageManager::Uv, "uv.lock", "a lock file", How::Uv)
        } else if tree.has("poetry.lock") {
            made(PackageManager::Poetry, "poetry.lock", "a lock file", How::Poetry)
        } else if tree.has("pdm.lock") {
            made(PackageManager::Pdm, "pdm.lock", "a lock file", How::Pdm)
        } else if tree.has("Pipfile") {
            made(PackageManager::Pipenv, "Pipfile", "a Pipfile", How::Pipenv)
        } else if tree.has("requirements.txt") {
            made(PackageManager::Pip, "requirements.txt", "requirements", How::Requirements)
        } else if tool("poetry") {
            made(PackageManager::Poetry, "pyproject.toml", "[tool.poetry]", How::Poetry)
        } else if tool("uv") && lists {
            made(PackageManager::Uv, "pyproject.toml", "[tool.uv]", How::Uv)
        } else if tool("pdm") && lists {
            made(PackageManager::Pdm, "pyproject.toml", "[tool.pdm]", How::Pdm)
        } else if lists {
            made(PackageManager::Pip, "pyproject.toml", "project.dependencies", How::Listed)
        } else if tree.has("setup.py") {
            made(PackageManager::Pip, "setup.py", "a package", How::Package)
        } else {
            made(PackageManager::Pip, "the project", "no list of dependencies", How::Nothing)
        }
    }

    /// What to give `pip install` so that the tool is there.
    pub(crate) fn tool(&self) -> Option<&'static str> {
        match self.how {
            How::Uv => Some("uv"),
            How::Poetry => Some("poetry"),
            How::Pdm => Some("pdm"),
            How::Pipenv => Some("pipenv"),
            How::Requirements | How::Listed | How::Package | How::Nothing => None,
        }
    }

    pub(crate) fn env(&self) -> &'static [(&'static str, &'static str)] {
        match self.how {
            How::Uv => &[
                ("UV_PROJECT_ENVIRONMENT", "/venv"),
                // The image's Python is the one to use, and the cache mount is another file system.
                ("UV_PYTHON_DOWNLOADS", "never"),
                ("UV_LINK_MODE", "copy"),
            ],
            How::Poetry => &[("POETRY_NO_INTERACTION", "1")],
            How::Pdm => &[("PDM_CHECK_UPDATE", "false")],
            How::Pipenv | How::Requirements | How::Listed | How::Package | How::Nothing => &[],
        }
    }

    /// The files that the install step reads.
    pub(crate) fn manifests(&self, tree: &SourceTree) -> Vec<&'static str> {
        let all: &[&'static str] = match self.how {
            How::Uv => &["pyproject.toml", "uv.lock"],
            How::Poetry => &["pyproject.toml", "poetry.lock"],
            How::Pdm => &["pyproject.toml", "pdm.lock"],
            How::Pipenv => &["Pipfile", "Pipfile.lock"],
            How::Requirements => &["requirements.txt"],
            How::Listed => &["pyproject.toml"],
            How::Package | How::Nothing => &["."],
        };
        let there: Vec<&str> = all.iter().copied().filter(|file| *file == "." || tree.has(file)).collect();
        if there.is_empty() { vec!["."] } else { there }
    }

    pub(crate) fn commands(&self, tree: &SourceTree) -> Vec<String> {
        const PIP: &str = "/venv/bin/python -m pip install";
        let listed = "python -c \"import tomllib; print('\\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))\" > /tmp/requirements.txt";
        let pip_list = format!("{PIP} -r /tmp/requirements.txt");
        match self.how {
            How::Uv if tree.has("uv.lock") => {
                vec!["uv sync --frozen --no-dev --no-install-project".to_owned()]
            }
            How::Uv => vec!["uv sync --no-dev --no-install-project".to_owned()],
            How::Poetry => vec!["poetry install --only main --no-root".to_owned()],
            How::Pdm => {
                vec!["pdm export --prod --without-hashes -o /tmp/requirements.txt".to_owned(), pip_list]
            }
            How::Pipenv if tree.has("Pipfile.lock") => {
                vec!["pipenv requirements > /tmp/requirements.txt".to_owned(), pip_list]
            }
            How::Pipenv => {
                vec![
                    "pipenv lock".to_owned(),
                    "pipenv requirements > /tmp/requirements.txt".to_owned(),
                    pip_list,
                ]
            }
            How::Requirements => vec![format!("{PIP} -r requirements.txt")],
            How::Listed => vec![listed.to_owned(), pip_list],
            How::Package => vec![format!("{PIP} .")],
            How::Nothing => Vec::new(),
        }
    }

    pub(crate) fn cache(&self) -> (&'static str, &'static str) {
        match self.how {
            How::Uv => ("uv", "/root/.cache/uv"),
            How::Poetry => ("poetry", "/root/.cache/pypoetry"),
            How::Pdm | How::Pipenv | How::Requirements | How::Listed | How::Package | How::Nothing => {
                ("pip", "/root/.cache/pip")
            }
        }
    }

    /// A word on versions that nothing pins.
    pub(crate) fn warning(&self, tree: &SourceTree) -> Option<String> {
        let pinned = match self.how {
            How::Uv => tree.has("uv.lock"),
            How::Poetry => tree.has("poetry.lock"),
            How::Pdm => tree.has("pdm.lock"),
            How::Pipenv => tree.has("Pipfile.lock"),
            How::Requirements | How::Nothing => true,
            How::Listed | How::Package => false,
        };
        (!pinned)
            .then(|| format!("No lock file of {}: versions may differ at each build.", self.manager.as_str()))
    }
}
