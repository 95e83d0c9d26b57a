//! The program as a whole, run as people and scripts run it, against a coordinator of canned answers.
//! Deliberately absent: a real coordinator; the system's own tests have one.

#![allow(clippy::unwrap_used, reason = "in tests, a panic is the report")]

mod deploy;
mod fake;
mod logs;
mod manage;
mod money;
mod on_chain;
mod plan;
mod session;
mod wallet;

use fake::Fake;
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// One machine with a home folder of its own.
struct Machine {
    home: tempfile::TempDir,
}

/// What a run left behind.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("not one JSON document ({e}): {}", self.out))
    }

    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.out, self.err);
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Machine {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// The program with nothing of this machine's environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ttalkak"));
        command
            .args(args)
            .env_clear()
            .env("HOME", self.home.path())
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.command(args).output().unwrap().into()
    }

    /// Signed in to `fake` by the environment.
    fn at(&self, fake: &Fake, args: &[&str]) -> Ran {
        self.command(args)
            .env("TTALKAK_COORDINATOR", fake.url())
            .env("TTALKAK_TOKEN", "ttk_test")
            .output()
            .unwrap()
            .into()
    }

    /// A folder `app` with these files.
    fn app(&self, files: &[(&str, &str)]) -> String {
        let root = self.home.path().join("app");
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root.to_str().unwrap().to_owned()
    }
}

#[test]
fn help_tells_every_exit_code() {
    let ran = Machine::new().run(&["--help"]).expect(0);
    for line in [
        "Exit codes:",
        "  3    not signed in",
        "  6    the coordinator cannot be reached",
        "  7    the deploy was started",
    ] {
        assert!(ran.out.contains(line), "{line} is missing in\n{}", ran.out);
    }
}

#[test]
fn a_mistyped_command_is_usage() {
    Machine::new().run(&["depoly"]).expect(2);
    Machine::new().run(&["status", "../x"]).expect(2);
    Machine::new().run(&["deploy", "--upload-pack=touch x"]).expect(2);
}

#[test]
fn shells_get_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(Machine::new().run(&["completions", shell]).expect(0).out.contains("ttalkak"), "{shell}");
    }
}
