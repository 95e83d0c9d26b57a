//! What is left out of a source by its name alone. Pure.
//! Deliberately absent: patterns that people write themselves; see `walk` (.gitignore) and `ignore_file` (.dockerignore).

/// Why something was left out of a packed folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Git's own folder: history and, often, credentials.
    Git,
    /// Dependencies, installed anew by the build.
    NodeModules,
    /// A `.env` file: secrets belong into the environment variables of the deployment.
    EnvFile,
    /// Named by .gitignore or .ttalkakignore.
    Ignored,
}

/// Whether a walk of a local folder leaves out `name` at once, wherever it stands.
pub fn skipped_by_name(name: &str, is_dir: bool) -> Option<SkipReason> {
    if name.eq_ignore_ascii_case(".git") {
        return Some(SkipReason::Git);
    }
    if name == "node_modules" {
        return Some(SkipReason::NodeModules);
    }
    (!is_dir && is_env_file(name)).then_some(SkipReason::EnvFile)
}

/// Whether a build context never holds this path: Git's folder, installed dependencies, and local `.env` files.
/// Other `.env` files that were committed on purpose stay, since several frameworks build with them.
pub fn never_in_context(path: &str) -> bool {
    path.split('/').any(|part| {
        part.eq_ignore_ascii_case(".git")
            || part == "node_modules"
            || (part.starts_with(".env") && part.ends_with(".local"))
    })
}

/// `.env` and `.env.*`, except the ones that exist to be shared.
fn is_env_file(name: &str) -> bool {
    match name.strip_prefix(".env") {
        Some("") => true,
        Some(rest) => {
            rest.starts_with('.')
                && !matches!(rest, ".example" | ".sample" | ".template" | ".dist" | ".defaults")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_stay_at_home_and_their_examples_travel() {
        for name in [".env", ".env.local", ".env.production", ".env.production.local"] {
            assert_eq!(skipped_by_name(name, false), Some(SkipReason::EnvFile), "{name}");
        }
        for name in [".env.example", ".env.sample", ".envrc", "env", ".environment", "a.env"] {
            assert_eq!(skipped_by_name(name, false), None, "{name}");
        }
    }

    #[test]
    fn a_folder_called_env_is_no_env_file() {
        assert_eq!(skipped_by_name(".env", true), None);
    }

    #[test]
    fn a_context_never_holds_git_dependencies_or_local_env_files() {
        for path in
            [".git/config", "web/node_modules/x/i.js", "a/.env.local", ".env.production.local", ".GIT"]
        {
            assert!(never_in_context(path), "{path}");
        }
        for path in [".env", ".env.production", ".gitignore", "node_modules.md", "src/local"] {
            assert!(!never_in_context(path), "{path}");
        }
    }
}
