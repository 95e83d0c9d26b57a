//! A container engine that a test may kill: a second one of this machine, in a network namespace of its own, since two
//! in one namespace fight over the bridge. Needs root; nothing of it is left on the machine afterwards.

use crate::{engine, program::Program, until};
use bollard::{API_DEFAULT_VERSION, Docker};
use std::{
    net::Ipv4Addr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Loading an image of 150 MB and a first start on a busy machine.
const START: Duration = Duration::from_secs(90);
/// For the engine to end its containers.
const STOP: Duration = Duration::from_secs(30);

/// Where the programs of a provider live when it is not the tests' own network.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// As in `ip netns`.
    pub name: String,
    /// How those within reach the tests' machine.
    pub outside: Ipv4Addr,
}

/// An engine of a test's own.
pub struct OwnEngine {
    folder: tempfile::TempDir,
    namespace: Namespace,
    process: Program,
}

impl OwnEngine {
    /// Starts an engine that has these images of the machine's engine. `None`, said aloud, when this cannot be done
    /// here; a run that insists on an engine insists on this one too.
    pub async fn start(images: &[&str]) -> Option<Self> {
        engine::connect().await?;
        let missing = ["dockerd", "ip", "nsenter", "id"].iter().find(|tool| !runs(tool));
        let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
        if missing.is_some() || !root {
            let required = std::env::var_os("TTALKAK_REQUIRE_ENGINE").is_some();
            assert!(!required, "an engine of its own needs root, dockerd, ip and nsenter");
            eprintln!("SKIPPED: an engine of its own needs root, dockerd, ip and nsenter.");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("ttalkak-engine-").tempdir().expect("a folder");
        let namespace = make_namespace();
        let process = start_process(folder.path(), &namespace);
        let own = Self { folder, namespace, process };
        own.await_answer().await;
        for image in images {
            let load = format!("docker save {image} | docker -H {} load", own.address());
            let loaded = tokio::process::Command::new("sh").args(["-c", &load]).output();
            let loaded =
                tokio::time::timeout(START, loaded).await.expect("an image in time").expect("a shell");
            assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        }
        Some(own)
    }

    /// `unix://…`, for `DOCKER_HOST`.
    pub fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("sock").display())
    }

    /// Where it runs.
    pub fn namespace(&self) -> Namespace {
        self.namespace.clone()
    }

    /// A client of it.
    pub fn client(&self) -> Docker {
        self.try_client().expect("a socket of the engine")
    }

    fn try_client(&self) -> Option<Docker> {
        let path = self.folder.path().join("sock").display().to_string();
        Docker::connect_with_unix(&path, 30, API_DEFAULT_VERSION).ok()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// kill -9.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Starts it again after it was killed.
    pub async fn restart(&mut self) {
        // Its containerd dies with it, a moment later, yet counts as alive for as long as nobody has collected it, which
        // some machines' first process never does.
        let noted = self.folder.path().join("exec/containerd/containerd.pid");
        let pid = std::fs::read_to_string(&noted).unwrap_or_default();
        let command_line = format!("/proc/{}/cmdline", pid.trim());
        until("containerd died with its engine", Duration::from_secs(30), || async {
            std::fs::read(&command_line).unwrap_or_default().is_empty().then_some(())
        })
        .await;
        let _ = std::fs::remove_file(noted);
        self.process = start_process(self.folder.path(), &self.namespace);
        self.await_answer().await;
    }

    async fn await_answer(&self) {
        until("the own engine answers", START, || async { self.try_client()?.ping().await.ok().map(drop) })
            .await;
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.process.log_tail(20)
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- own engine\n{}", self.log_tail());
        }
        if self.process.ended().is_none() {
            self.process.signal("CONT");
            self.process.signal("TERM");
        }
        let begun = Instant::now();
        while self.process.ended().is_none() && begun.elapsed() < STOP {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        // A killed engine leaves its runtime behind; whatever names our folder is ours.
        let folder = self.folder.path().display().to_string();
        for pid in processes_of(&folder) {
            quietly("kill", &["-9", &pid.to_string()]);
        }
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let ours =
            mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|at| at.starts_with(&folder));
        for mount in ours.collect::<Vec<_>>().into_iter().rev() {
            quietly("umount", &["-l", mount]);
        }
        quietly("ip", &["netns", "del", &self.namespace.name]);
    }
}

/// Ids of processes whose command line names `text`.
pub fn processes_of(text: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("a process list");
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let names = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).replace('\0', " ").contains(text)
    };
    ids.filter(names).collect()
}

fn start_process(folder: &Path, namespace: &Namespace) -> Program {
    let within = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{}", namespace.name)).arg("dockerd");
    command.args(["--data-root", &within("data"), "--exec-root", &within("exec")]);
    command.args(["--pidfile", &within("pid"), "--host", &format!("unix://{}", within("sock"))]);
    Program::start(command, &folder.join("log"))
}

/// A namespace with a cable to this machine. The process id makes names and addresses this test's own.
fn make_namespace() -> Namespace {
    static COUNT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let pid = std::process::id();
    let name = format!("ttk{pid}-{count}");
    let [.., high, low] = (pid * 4).to_be_bytes();
    let outside = Ipv4Addr::new(10, 200 + count, high, low + 1);
    let inside = Ipv4Addr::new(10, 200 + count, high, low + 2);
    let (here, there) = (format!("tk{pid}h{count}"), format!("tk{pid}t{count}"));
    for line in [
        format!("netns add {name}"),
        format!("link add {here} type veth peer name {there}"),
        format!("link set {there} netns {name}"),
        format!("addr add {outside}/30 dev {here}"),
        format!("link set {here} up"),
        format!("-n {name} addr add {inside}/30 dev {there}"),
        format!("-n {name} link set {there} up"),
        format!("-n {name} link set lo up"),
        format!("-n {name} route add default via {outside}"),
    ] {
        let output = Command::new("ip").args(line.split(' ')).output().expect("the program ip");
        assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Namespace { name, outside }
}

fn runs(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    found.is_ok_and(|out| out.status.success())
}

fn quietly(tool: &str, arguments: &[&str]) {
    let _ = Command::new(tool).args(arguments).output();
}
