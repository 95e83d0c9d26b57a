//! Which Python: a pin or a specifier becomes the minor version of an official image.

use super::manifest::Manifest;
use crate::error::PlanError;
use crate::source_tree::SourceTree;

/// The version for a project without a wish: still patched, and the one that most binary packages exist for.
const DEFAULT: u32 = 11;
/// Minor versions of Python 3, best first; a specifier gets the first that fits it.
const MINORS: [u32; 7] = [DEFAULT, 12, 13, 14, 10, 9, 8];
/// Versions below this get no security fixes any more.
const OLDEST_PATCHED: u32 = 11;

/// The version chosen and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PythonVersion {
    pub(crate) minor: u32,
    pub(crate) file: String,
    pub(crate) found: String,
    pub(crate) warning: Option<String>,
}

impl PythonVersion {
    /// The first wish of `.python-version`, `runtime.txt`, `.tool-versions`, Pipfile, `pyproject.toml`.
    /// Errors: `Unsupported` when no image fits it.
    pub(crate) fn choose(tree: &SourceTree, manifest: &Manifest) -> Result<Self, PlanError> {
        let Some((file, wish)) = wish(tree, manifest) else {
            let found = "no wish for a version of Python".to_owned();
            return Ok(PythonVersion {
                minor: DEFAULT,
                file: "the project".to_owned(),
                found,
                warning: None,
            });
        };
        let minor = MINORS.into_iter().find(|minor| fits(&wish, *minor)).ok_or_else(|| {
            PlanError::unsupported(
                format!("{file} asks for Python {wish:?}, and no version from 3.8 to 3.14 is that."),
                format!("Ask for a supported version, such as 3.{DEFAULT}, in {file}."),
            )
        })?;
        let warning = (minor < OLDEST_PATCHED).then(|| {
            format!("Python 3.{minor} gets no security fixes any more; move to 3.{DEFAULT} or later.")
        });
        Ok(PythonVersion { minor, file: file.to_owned(), found: format!("Python {wish}"), warning })
    }

    pub(crate) fn image(&self) -> String {
        format!("python:3.{}-slim", self.minor)
    }
}

fn wish(tree: &SourceTree, manifest: &Manifest) -> Option<(&'static str, String)> {
    let line = |file: &'static str| {
        let text = tree.read(file)?.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'))?;
        Some((file, text.trim_start_matches("python-").to_owned()))
    };
    let tools = || {
        let line = tree.read(".tool-versions")?.lines().find_map(|l| l.strip_prefix("python "))?;
        Some((".tool-versions", line.split_whitespace().next()?.to_owned()))
    };
    let pipfile = || {
        let requires = manifest.pipfile.as_ref()?.get("requires")?;
        let text =
            requires.get("python_version").or_else(|| requires.get("python_full_version"))?.as_str()?;
        Some(("Pipfile", text.to_owned()))
    };
    let pyproject = || {
        let text = manifest
            .pyproject_text(&["project", "requires-python"])
            .or_else(|| manifest.pyproject_text(&["tool", "poetry", "dependencies", "python"]))?;
        Some(("pyproject.toml", text.to_owned()))
    };
    line(".python-version").or_else(|| line("runtime.txt")).or_else(tools).or_else(pipfile).or_else(pyproject)
}

/// Whether some patch of Python 3.`minor` fits all clauses of `wish`; `||` parts alternatives, as in poetry.
fn fits(wish: &str, minor: u32) -> bool {
    wish.split("||")
        .any(|all| all.split(',').map(str::trim).filter(|c| !c.is_empty()).all(|c| clause_fits(c, minor)))
}

fn clause_fits(clause: &str, minor: u32) -> bool {
    let at = clause.find(|c: char| c.is_ascii_digit()).unwrap_or(clause.len());
    let (sign, version) = (clause[..at].trim(), clause[at..].trim());
    let mut parts = version.split('.').map(|part| part.parse::<u32>());
    let major = match parts.next() {
        Some(Ok(major)) => major,
        Some(Err(_)) | None => return clause.trim() == "*",
    };
    let wanted = parts.next().and_then(Result::ok);
    let patch = parts.next().and_then(Result::ok);
    let have = (3, minor);
    let floor = (major, wanted.unwrap_or(0));
    match sign {
        ">=" => have >= floor,
        ">" => {
            if patch.is_some() {
                have >= floor
            } else {
                have > floor
            }
        }
        "<=" => have <= floor,
        // `<3.12.1` leaves room for 3.12.0, `<3.12` does not.
        "<" => {
            if patch.is_some_and(|p| p > 0) {
                have <= floor
            } else {
                have < floor
            }
        }
        "!=" => {
            patch.is_some()
                || version.ends_with(".*") && have != floor
                || !version.ends_with(".*") && have != floor
        }
        "^" => major == 3 && have >= floor,
        "~=" if patch.is_none() => major == 3 && have >= floor,
        _ => major == 3 && wanted.is_none_or(|wanted| wanted == minor),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(wish: &str) -> Option<u32> {
        MINORS.into_iter().find(|minor| fits(wish, *minor))
    }

    #[test]
    fn specifiers_become_the_best_version() {
        for (wish, minor) in [
            (">=3.8", 11),
            ("^3.9", 11),
            (">=3.12", 12),
            (">=3.12,<3.14", 12),
            ("3.11.4", 11),
            ("3.13", 13),
            ("~=3.10.2", 10),
            ("~3.12", 12),
            ("<3.11", 10),
            ("3", 11),
            ("==3.9.*", 9),
            ("*", 11),
            ("!=3.11.*", 12),
        ] {
            assert_eq!(choose(wish), Some(minor), "{wish}");
        }
    }

    #[test]
    fn a_python_that_does_not_exist_or_is_too_old_is_refused() {
        for wish in ["2.7", "3.6", "<3.8", "4", "nonsense"] {
            assert_eq!(choose(wish), None, "{wish}");
        }
    }

    #[test]
    fn an_old_pin_is_heard_with_a_warning() {
        let mut tree = SourceTree::new();
        tree.insert("runtime.txt", Some("python-3.9.18\n"));
        let chosen = PythonVersion::choose(&tree, &Manifest::default()).unwrap();
        assert_eq!(chosen.image(), "python:3.9-slim");
        assert!(chosen.warning.unwrap().contains("no security fixes"));
    }
}
