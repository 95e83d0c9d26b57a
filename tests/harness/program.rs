//! One of our programs as a child process: started with its log in a file, asked to stop, or killed.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::Child;

/// Where the programs of this build are: beside the folder that test binaries run from.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the path of this test");
    let folder = own.parent().and_then(Path::parent).expect("the folder of the build");
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built: run `cargo build --workspace --bins` first", path.display());
    path
}

/// A running program.
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts `command`, its output appended to `log`.
    pub fn start(command: Command, log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).expect("a log to write");
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).stdout(out.try_clone().expect("a second handle")).stderr(out);
        // Tests that panic leave no process behind.
        let child = command.kill_on_drop(true).spawn().expect("a program that starts");
        Self { child, log: log.to_path_buf() }
    }

    /// Process id; `None` when it has ended and was waited for.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// kill -9.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("a process to kill");
    }

    /// SIGTERM, then waits. Panics with the end of the log when it does not stop in time.
    pub async fn stop(&mut self, within: Duration) -> ExitStatus {
        self.signal("TERM");
        self.wait(within).await
    }

    /// Waits for its end. Panics with the end of the log when it does not come in time.
    pub async fn wait(&mut self, within: Duration) -> ExitStatus {
        match tokio::time::timeout(within, self.child.wait()).await {
            Ok(status) => status.expect("a process to wait for"),
            Err(_) => panic!("the program did not stop within {within:?}:\n{}", self.log_tail(30)),
        }
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        if let Some(pid) = self.pid() {
            let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
            assert!(sent.expect("kill").success());
        }
    }

    /// The exit status, when it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a process to look at")
    }

    /// The last lines of its log.
    pub fn log_tail(&self, lines: usize) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = text.lines().rev().take(lines).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let pid = self.pid().expect("a running program");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its resident memory");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number");
        kib * 1024
    }
}
