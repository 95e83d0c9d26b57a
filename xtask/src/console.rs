//! The web console: built by npm when something of it changed, so that the coordinator can take it in. Without a Node
//! that is new enough everything works but for the console, and that is said.

use crate::shell::{self, say};
use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// What Vite needs: major and minor.
const NODE: (u32, u32) = (20, 19);

/// Builds it unless it is up to date. False: it is left out, and why was said.
pub(crate) fn ensure() -> Result<bool> {
    let ui = shell::root().join("ui");
    let built = ui.join("dist/console/index.html");
    if fresh(&ui, &built) {
        return Ok(true);
    }
    if !node_is_new_enough() || !shell::has("npm") {
        say(&format!(
            "The web console is left out: building it needs npm and Node {}.{} or newer.",
            NODE.0, NODE.1
        ));
        return Ok(built.is_file());
    }
    say("Building the web console.");
    if changed(&[ui.join("package-lock.json")]) > changed(&[ui.join("node_modules/.package-lock.json")]) {
        shell::run(Command::new("npm").current_dir(&ui).args(["ci", "--silent"]))?;
    }
    shell::run(Command::new("npm").current_dir(&ui).args(["run", "--silent", "build:console"]))?;
    Ok(true)
}

/// Where it is and how one gets in, for the last words of `up`.
pub(crate) fn told(port: u16, data: &Path) -> String {
    format!(
        "
The console is at http://127.0.0.1:{port}. Sign in with the token in {}.
",
        data.join("token").display()
    )
}

/// Whether nothing that it is made of is newer than what was made.
fn fresh(ui: &Path, built: &Path) -> bool {
    let parts = ["apps/console", "src", "package-lock.json", "vite.config.ts", "vite.compress.ts"];
    let sources: Vec<PathBuf> = parts.iter().map(|part| ui.join(part)).collect();
    built.is_file() && changed(&sources) <= changed(&[built.to_owned()])
}

/// When the newest of these files, or of those beneath these folders, was changed.
fn changed(paths: &[PathBuf]) -> SystemTime {
    let newest = paths.iter().map(|path| {
        let own = fs::metadata(path).and_then(|facts| facts.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let inner: Vec<PathBuf> = fs::read_dir(path)
            .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
            .unwrap_or_default();
        if inner.is_empty() { own } else { own.max(changed(&inner)) }
    });
    newest.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn node_is_new_enough() -> bool {
    let version = shell::output(Command::new("node").arg("--version")).unwrap_or_default();
    is_new_enough(&version)
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= NODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        assert!(is_new_enough("v20.19.0\n") && is_new_enough("v24.1.0") && is_new_enough("v20.20.2"));
        assert!(!is_new_enough("v20.18.9") && !is_new_enough("v18.20.4") && !is_new_enough(""));
    }

    #[test]
    fn a_change_deep_within_counts() {
        let folder = std::env::temp_dir().join(format!("ttalkak-fresh-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/b")).unwrap();
        assert_eq!(changed(&[folder.join("none")]), SystemTime::UNIX_EPOCH);
        fs::write(folder.join("a/b/c"), "x").unwrap();
        let deep = fs::metadata(folder.join("a/b/c")).unwrap().modified().unwrap();
        assert!(changed(std::slice::from_ref(&folder)) >= deep);
        fs::remove_dir_all(folder).unwrap();
    }
}
