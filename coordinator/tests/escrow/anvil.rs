//! The node's process: found, started on a port that it chooses, and ended with all its children.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

/// A running anvil. Mines only when it is told to.
pub(crate) struct Anvil {
    child: Child,
    /// Where it answers.
    pub(crate) url: String,
}

impl Anvil {
    /// `None` when it is not installed and nobody insists on it; said aloud.
    pub(crate) fn start() -> Option<Self> {
        let mut command = Command::new(program()?);
        command.args(["--port", "0", "--accounts", "1", "--no-mining", "--order", "fifo"]);
        // The rules of today's main network, with its bound of 16.8 M gas per transaction; blocks have room for many.
        command.args(["--hardfork", "osaka", "--enable-tx-gas-limit", "--gas-limit", "300000000"]);
        // A group of its own: what npm installs is a script that starts the program.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("an anvil that starts");
        let mut said = BufReader::new(child.stdout.take().expect("a pipe"));
        let url = listening(&mut said);
        // What it tells later is dropped, but must be read, or it stops at a full pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Some(Self { child, url })
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process_group(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::KILL,
        );
        let _ = self.child.wait();
    }
}

fn listening(said: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        let read = said.read_line(&mut line).expect("words of the node");
        assert!(read > 0, "the node ended before it listened");
        if let Some((_, address)) = line.trim().split_once("Listening on ") {
            return format!("http://{address}");
        }
    }
}

/// Named by the environment, else the one that `cargo xtask test` installed.
#[allow(clippy::disallowed_methods, reason = "where tests look for their tools")]
fn program() -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    let path = std::env::var_os("TTALKAK_ANVIL").map_or(installed, PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("TTALKAK_REQUIRE_ENGINE").is_none(), "{} is not there", path.display());
    eprintln!("SKIPPED: no anvil at {}; `cargo xtask test` installs it", path.display());
    None
}
