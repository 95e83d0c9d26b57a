//! Repositories at the stand-in for GitHub that are really fetched, and a coordinator that knows this GitHub.

use crate::{
    App, Options,
    github::{GitHubStandIn, webhook},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, process::Command};

/// Bare repositories in a folder of their own.
pub struct Hosting {
    folder: tempfile::TempDir,
}

impl Hosting {
    /// Has the stand-in answer Git from here.
    pub fn at(github: &GitHubStandIn) -> Self {
        let folder = tempfile::Builder::new().prefix("ttalkak-hosting-").tempdir().expect("a folder");
        github.held().git_root = Some(folder.path().to_path_buf());
        Self { folder }
    }

    /// A world whose coordinator knows this GitHub. `site`: as browsers and addresses of repositories name it.
    pub fn world(&self, github: &GitHubStandIn, site: &str) -> Options {
        let mut settings: BTreeMap<String, String> =
            github.settings(self.folder.path()).into_iter().collect();
        settings.insert("github_url".to_owned(), site.to_owned());
        let env =
            |(key, value): (String, String)| (format!("TTALKAK_COORDINATOR_{}", key.to_uppercase()), value);
        Options { coordinator_env: settings.into_iter().map(env).collect(), ..Options::default() }
    }

    /// Where `owner/name` is; made when it is not there.
    pub fn bare(&self, full_name: &str) -> PathBuf {
        let bare = self.folder.path().join(format!("{full_name}.git"));
        if !bare.exists() {
            let made = Command::new("git").args(["init", "-q", "--bare", "-b", "main"]).arg(&bare).status();
            assert!(made.expect("git").success());
        }
        bare
    }

    /// Pushes a branch of an app.
    pub fn push(&self, app: &App, full_name: &str, branch: &str) {
        app.git(&["push", "-q", &self.bare(full_name).to_string_lossy(), branch]);
    }
}

/// A push of one commit as GitHub tells of it, signed and ready to be sent: `{headers, body}`.
pub fn delivery(name: &str, body: &Value) -> Value {
    let body = body.to_string();
    let headers: BTreeMap<String, String> =
        webhook::headers("push", name, body.as_bytes()).into_iter().collect();
    json!({ "headers": headers, "body": body })
}
