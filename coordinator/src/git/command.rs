//! Runs `git` with nothing of our environment and nothing of this machine's settings, and ends it with all of its
//! children when it is no longer wanted.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncRead, AsyncReadExt};
use ttalkak_protocol::Secret;

use super::{error::GitError, policy::GitPolicy};

/// Error streams are read for their meaning only.
const LONGEST_COMPLAINT: usize = 64 * 1024;
/// A listing of half a million branches and pull requests.
const LONGEST_LISTING: usize = 64 * 1024 * 1024;

/// Settings that go before those of any file.
const SETTINGS: [&str; 14] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=30",
    "protocol.version=2",
    "submodule.recurse=false",
    "transfer.bundleURI=false",
    // Always a pack, never twenty thousand loose files.
    "transfer.unpackLimit=1",
];

/// A `git` that may do what `policy` says.
///
/// Redirects are not followed: a public host could send us into our own network, and the token to a stranger.
pub(super) fn git(policy: &GitPolicy) -> std::process::Command {
    let mut command = std::process::Command::new("git");
    command.env_clear();
    if !policy.env().contains_key("PATH") {
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    }
    command
        .envs(policy.env())
        .env("HOME", "/nonexistent")
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", if policy.allow_local { "https:http:file" } else { "https" })
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Gives a token to `git` in its environment: a command line can be read by every user of the machine.
pub(super) fn give_token(command: &mut std::process::Command, token: &Secret<String>) {
    let pair = STANDARD.encode(format!("x-access-token:{}", token.reveal()));
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "http.extraHeader")
        .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {pair}"));
}

/// What a run left.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) said: String,
    pub(super) complaint: String,
}

/// A folder that must not outgrow its limit while `git` runs.
pub(super) struct Watch<'a> {
    pub(super) folder: &'a Path,
    pub(super) every: Duration,
    pub(super) max_bytes: u64,
}

/// Why a run was ended by us.
pub(super) enum Stopped {
    Deadline,
    TooLarge,
    Local(GitError),
}

impl From<GitError> for Stopped {
    fn from(error: GitError) -> Self {
        Self::Local(error)
    }
}

/// Runs to the end, within `deadline` and, where given, the limit of a folder. Dropping the future ends the run too.
pub(super) async fn run<S: AsRef<OsStr>>(
    mut command: std::process::Command,
    args: &[S],
    deadline: Duration,
    watch: Option<Watch<'_>>,
) -> Result<Ended, Stopped> {
    use std::os::unix::process::CommandExt;
    command.args(args).process_group(0);
    let mut child = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .spawn()
        .map_err(GitError::local("start git; is it installed"))?;
    let mut group = Group(child.id());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let (said, complaint, status) = tokio::join!(
            read_head(stdout, LONGEST_LISTING),
            read_head(stderr, LONGEST_COMPLAINT),
            child.wait()
        );
        let status = status.map_err(GitError::local("wait for git"))?;
        Ok(Ended { status, said, complaint })
    };
    // Each arm is safe to drop: the readers and the child are given up together.
    let result = tokio::select! {
        ended = ended => ended,
        () = tokio::time::sleep(deadline) => Err(Stopped::Deadline),
        stopped = outgrown(watch) => Err(stopped),
    };
    match &result {
        Ok(_) => group.0 = None,
        // The folder that git writes to is removed next, so it has to be gone by then.
        Err(_) => {
            group.kill();
            drop(child.wait().await);
        }
    }
    result
}

/// Ends when the folder is too large; never, when there is none to watch.
async fn outgrown(watch: Option<Watch<'_>>) -> Stopped {
    let Some(watch) = watch else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(watch.every);
    loop {
        ticks.tick().await;
        let folder = watch.folder.to_owned();
        match tokio::task::spawn_blocking(move || folder_bytes(&folder)).await {
            Ok(bytes) if bytes > watch.max_bytes => return Stopped::TooLarge,
            Ok(_) => {}
            Err(_) => return Stopped::Local(GitError::Unexpected { doing: "let its folder be measured" }),
        }
    }
}

/// Sum of the sizes of all files beneath `folder`. What vanishes meanwhile, as Git's temporary files do, counts 0.
pub(super) fn folder_bytes(folder: &Path) -> u64 {
    let mut folders = vec![PathBuf::from(folder)];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            // `DirEntry::metadata` does not follow links.
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}

/// Reads all, keeps the first `most` bytes.
async fn read_head(stream: Option<impl AsyncRead + Unpin>, most: usize) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut head = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = most.saturating_sub(head.len());
        head.extend_from_slice(&buffer[..count.min(room)]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The process group of a run; its members are killed when this is dropped before the run has ended. Git's own
/// children (the https helper, the pack indexer) would otherwise outlive it.
struct Group(Option<u32>);

impl Group {
    fn kill(&mut self) {
        let leader =
            self.0.take().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(leader) = leader {
            // It may have ended by itself in this very moment, which is as good.
            let _gone = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
