//! A small app whose builds take a second, in a folder or a Git repository of its own, with versions that tell
//! themselves apart. See `app/app.py` for what it can be asked.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// How an app starts.
#[derive(Debug, Clone, Copy)]
pub enum Mode {
    /// Speaks HTTP.
    Http,
    /// Writes 300 lines and ends with an error.
    Broken,
    /// Echoes raw TCP.
    Echo,
}

/// The source of an app.
pub struct App {
    folder: tempfile::TempDir,
    inner: PathBuf,
}

impl App {
    /// An app that answers `/` with `version`.
    pub fn new(version: &str) -> Self {
        Self::within("", version)
    }

    /// The same in a folder of its source.
    pub fn within(root_dir: &str, version: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("ttalkak-app-").tempdir().expect("a folder");
        let inner = folder.path().join(root_dir);
        std::fs::create_dir_all(&inner).expect("a folder in it");
        let app = Self { folder, inner };
        app.write("app.py", include_str!("app/app.py"));
        app.write("Dockerfile", include_str!("app/Dockerfile"));
        app.become_version(version, Mode::Http);
        app
    }

    /// The source changes.
    pub fn become_version(&self, version: &str, mode: Mode) {
        self.write("version", version);
        self.write("mode", &format!("{mode:?}").to_lowercase());
    }

    /// Writes a file of the source.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.inner.join(name), text).expect("a file to write");
    }

    /// The folder of the source.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The address of the source as a Git repository; see [`App::commit`].
    pub fn git_url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// Commits everything to a branch, made when it is not there. Returns the commit's id.
    pub fn commit(&self, branch: &str, subject: &str) -> String {
        if !self.path().join(".git").exists() {
            self.git(&["init", "-q", "-b", branch]);
        } else if self.git(&["branch", "--show-current"]) != branch {
            self.git(&["checkout", "-q", "-b", branch]);
        }
        self.git(&["add", "-A"]);
        let who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
        self.git(&[&who[..], &["commit", "-q", "--allow-empty", "-m", subject]].concat());
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs Git in the source, and returns what it said.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(self.path()).args(arguments).output().expect("git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}
