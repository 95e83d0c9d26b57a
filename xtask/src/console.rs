//! The web console: built by npm when something of it changed, so that the coordinator can take it in. Without a Node
//! that is new enough everything works but for the console, and that is said.

use crate::{
    shell::{self, say},
    ui,
};
use anyhow::Result;
use std::{path::Path, process::Command};

/// What Vite needs: major and minor.
const NODE: (u32, u32) = (20, 19);

/// Builds the screens unless they are up to date. False: the console is left out, and why was said.
pub(crate) fn ensure() -> Result<bool> {
    if !node_is_new_enough() || !shell::has("npm") {
        say(&format!(
            "The web console is left out: building it needs npm and Node {}.{} or newer.",
            NODE.0, NODE.1
        ));
        return Ok(ui::folder().join("dist/console/index.html").is_file());
    }
    ui::build(true)?;
    Ok(true)
}

/// Where it is and how one gets in, for the last words of `up`.
pub(crate) fn told(port: u16, data: &Path) -> String {
    format!(
        "
The console is at http://127.0.0.1:{port}. Sign in by any name, or with the token in {}.
",
        data.join("token").display()
    )
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
}
