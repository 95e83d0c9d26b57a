//! A coordinator and an agent of a benchmark's own: fresh folder, free ports, a fresh account. Whatever way the run
//! ends, both are stopped, and the agent's containers, images and networks go with them.

use super::{build, go_on, http};
use crate::shell;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

const READY: Duration = Duration::from_secs(60);
/// Workloads have ten seconds between SIGTERM and SIGKILL, and the agent has to tell of them after that.
const LEAVE: Duration = Duration::from_secs(25);

pub(crate) struct World {
    folder: PathBuf,
    coordinator: Option<Child>,
    agent: Option<Child>,
    agent_id: Option<String>,
    /// The owner's token.
    pub token: String,
    /// Port of the API.
    pub api: u16,
    /// Port of the edge.
    pub edge: u16,
}

impl World {
    /// An empty world; nothing runs yet.
    pub(crate) fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let nth = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ttalkak-bench-{}-{nth}", std::process::id()));
        fs::create_dir_all(folder.join("coordinator"))?;
        let mut world = Self {
            folder,
            coordinator: None,
            agent: None,
            agent_id: None,
            token: String::new(),
            api: http::free_port()?,
            edge: http::free_port()?,
        };
        let mut token = build::command("ttalkak-coordinator")?;
        token.args(["token", "--name", "bench", "--data-dir"]).arg(world.data());
        world.token = shell::output(&mut token)?.trim().to_owned();
        Ok(world)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("coordinator")
    }

    /// A folder for the benchmark's own files; it goes with the world.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fills the tables. Call before [`World::serve`].
    pub(crate) fn seed(&self, count: u32) -> Result<()> {
        let mut seed = build::command("seed")?;
        shell::quiet(seed.args(["--count", &count.to_string(), "--data-dir"]).arg(self.data()))
    }

    /// Starts the coordinator and waits until it answers.
    pub(crate) fn serve(&mut self) -> Result<()> {
        let mut command = build::command("ttalkak-coordinator")?;
        command.args(["serve", "--data-dir"]).arg(self.data());
        command.args(["--listen", &format!("127.0.0.1:{}", self.api)]);
        command.args(["--edge-listen", &format!("127.0.0.1:{}", self.edge)]);
        self.coordinator = Some(self.spawn("coordinator", command)?);
        self.wait("The coordinator", |world| {
            http::get(world.api, "localhost", "/v1/health", "").is_ok_and(|(status, _)| status == 200)
        })
    }

    /// Enrols and starts the agent and waits until it is online with its engine.
    pub(crate) fn join(&mut self) -> Result<()> {
        let code = self.json(&["providers", "enrol", "--json"])?;
        let mut command = build::command("ttalkak-agent")?;
        command.args(["run", "--coordinator", &self.url(), "--data-dir"]).arg(self.folder.join("agent"));
        command.args(["--enrol-code", code["code"].as_str().context("an enrolment code")?]);
        self.agent = Some(self.spawn("agent", command)?);
        self.wait("The agent", |world| {
            let (_, list) =
                http::get(world.api, "localhost", "/v1/providers", &world.token).unwrap_or_default();
            let list: Value = serde_json::from_str(&list).unwrap_or_default();
            let agent = &list["items"][0];
            world.agent_id = agent["id"].as_str().map(str::to_owned);
            agent["online"] == true && agent["capacity"]["engine"].is_string()
        })
    }

    /// The command line, signed in to this world.
    pub(crate) fn cli(&self) -> Result<Command> {
        let mut cli = build::command("ttalkak")?;
        cli.env("TTALKAK_COORDINATOR", self.url()).env("TTALKAK_TOKEN", &self.token);
        cli.env("XDG_CONFIG_HOME", self.folder.join("config"));
        Ok(cli)
    }

    /// Runs the command line and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value> {
        serde_json::from_str(&shell::output(self.cli()?.args(arguments))?).context("read the answer")
    }

    /// Reads from the API.
    pub(crate) fn get(&self, path: &str) -> Result<String> {
        let (status, body) = http::get(self.api, "localhost", path, &self.token)?;
        if status != 200 {
            bail!("GET {path} answered {status}: {body}");
        }
        Ok(body)
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    /// Resident memory of the coordinator in MB (10^6 bytes).
    pub(crate) fn coordinator_mb(&self) -> Result<f64> {
        resident_mb(self.coordinator.as_ref().context("no coordinator runs")?.id())
    }

    /// Resident memory of the agent in MB.
    pub(crate) fn agent_mb(&self) -> Result<f64> {
        resident_mb(self.agent.as_ref().context("no agent runs")?.id())
    }

    fn spawn(&self, name: &str, mut command: Command) -> Result<Child> {
        let log = File::create(self.folder.join(format!("{name}.log")))?;
        // A process group of its own: Ctrl-C is for us, and we stop the programs in order.
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().with_context(|| format!("start the {name}"))
    }

    fn wait(&mut self, who: &str, mut ready: impl FnMut(&mut Self) -> bool) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < READY {
            go_on()?;
            if ready(self) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let tail = |name| {
            let text = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
            let last: Vec<&str> = text.lines().rev().take(5).collect();
            last.into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        bail!("{who} was not ready in time.\n{}\n{}", tail("coordinator.log"), tail("agent.log"))
    }

    fn clear_engine(&self) {
        let Some(id) = &self.agent_id else { return };
        let filter = format!("label=ttalkak.agent={id}");
        let lists = [
            (&["ps", "-aq"][..], &["rm", "-f"][..]),
            (&["images", "-q"], &["rmi", "-f"]),
            (&["network", "ls", "-q"], &["network", "rm"]),
        ];
        for (list, remove) in lists {
            let found = shell::output(Command::new("docker").args(list).args(["--filter", &filter]));
            let found = found.unwrap_or_default();
            let ids: std::collections::BTreeSet<&str> = found.split_whitespace().collect();
            if !ids.is_empty() {
                shell::succeeds(Command::new("docker").args(remove).args(ids));
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for child in [&mut self.agent, &mut self.coordinator].into_iter().flatten() {
            stop(child);
        }
        self.clear_engine();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Asks a program to stop, and makes it when it does not.
pub(crate) fn stop(child: &mut Child) {
    shell::succeeds(Command::new("kill").args(["-TERM", &child.id().to_string()]));
    let begin = Instant::now();
    while matches!(child.try_wait(), Ok(None)) && begin.elapsed() < LEAVE {
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn resident_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no resident memory told")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("read the resident memory")?;
    Ok(kib * 1024.0 / 1e6)
}
