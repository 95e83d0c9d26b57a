//! The local chain, the coordinator and the agent as child processes, started in order and stopped in the reverse one.

use super::{
    Options,
    chain::{LocalChain, Settings},
    command, program,
    stop::Stop,
    tenant::{self, Wallet},
};
use crate::shell::{self, say};
use anyhow::{Context, Result, bail};
use std::{
    fs::{self, File},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const READY: Duration = Duration::from_secs(30);
/// A workload has ten seconds between SIGTERM and SIGKILL, and the agent tells the coordinator after that.
const LEAVE: Duration = Duration::from_secs(25);

pub(crate) struct Programs {
    children: Vec<(&'static str, Child)>,
    folder: PathBuf,
    cli: PathBuf,
    token: String,
    port: u16,
    wallet: Option<Wallet>,
}

impl Programs {
    /// Starts all and waits until the agent is online. `anvil`: with payments, on a chain that this program makes.
    pub(crate) fn start(options: &Options, anvil: Option<PathBuf>, stop: &Stop) -> Result<Self> {
        let folder = shell::root().join(&options.data_dir);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let chain_port = anvil.as_ref().map(|_| options.chain_port);
        for port in [options.port, options.edge_port].into_iter().chain(chain_port) {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                bail!(
                    "Port {port} is in use. Stop the program that holds it (another `cargo xtask up`?), or choose others with --port, --edge-port and --chain-port."
                );
            }
        }
        let mut programs = Self {
            children: Vec::new(),
            token: String::new(),
            cli: program("ttalkak")?,
            port: options.port,
            wallet: None,
            folder,
        };
        let started = programs.start_all(options, anvil, stop);
        if started.is_err() {
            programs.stop();
        }
        started.map(|()| programs)
    }

    fn start_all(&mut self, options: &Options, anvil: Option<PathBuf>, stop: &Stop) -> Result<()> {
        let mut settings = Settings::default();
        if let Some(anvil) = anvil {
            let chain = LocalChain::new(anvil, self.folder.join("chain"), options.chain_port)?;
            settings = chain.start(self, stop)?;
            self.wallet = Some(Wallet::new(&self.folder.join("tenant"))?);
        }
        self.start_coordinator(options, &settings, stop)?;
        self.start_agent(&settings, stop)?;
        match self.wallet.clone() {
            Some(wallet) => tenant::prepare(self, &wallet, stop),
            None => Ok(()),
        }
    }

    fn start_coordinator(&mut self, options: &Options, settings: &Settings, stop: &Stop) -> Result<()> {
        let data = self.folder.join("coordinator");
        fs::create_dir_all(&data)?;
        self.token = token(&self.folder, &data)?;
        let mut coordinator = command("ttalkak-coordinator")?;
        coordinator.args(["serve", "--data-dir"]).arg(&data);
        coordinator.args(["--listen", &format!("127.0.0.1:{}", options.port)]);
        coordinator.args(["--edge-listen", &format!("127.0.0.1:{}", options.edge_port)]);
        // Everybody at this machine may own what runs on it anyway.
        coordinator.arg("--development-sign-in");
        coordinator.envs(settings.coordinator.iter().map(|(key, value)| (key, value)));
        self.spawn("coordinator", coordinator)?;
        self.wait("The coordinator", stop, |programs| {
            TcpStream::connect(("127.0.0.1", programs.port)).is_ok()
        })?;
        shell::quiet(self.cli().args(["login", "--coordinator", &self.url(), "--token", &self.token]))
    }

    fn start_agent(&mut self, settings: &Settings, stop: &Stop) -> Result<()> {
        let mut agent = command("ttalkak-agent")?;
        let home = self.folder.join("agent");
        agent.args(["run", "--coordinator", &self.url(), "--data-dir"]).arg(&home);
        if !home.join("agent.json").is_file() {
            agent.args(["--enrol-code", &self.enrol_code()?]);
        }
        agent.envs(settings.agent.iter().map(|(key, value)| (key, value)));
        self.spawn("agent", agent)?;
        self.wait("The agent", stop, Self::agent_online)
    }

    pub(super) fn spawn(&mut self, name: &'static str, mut command: Command) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join(format!("{name}.log")))?;
        // A process group of its own: Ctrl-C reaches us alone, and we stop the programs in order.
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("start the {name}"))?;
        self.children.push((name, child));
        Ok(())
    }

    pub(super) fn wait(&mut self, who: &str, stop: &Stop, ready: impl Fn(&Self) -> bool) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < READY && !stop.asked() {
            if ready(self) {
                return Ok(());
            }
            self.all_alive()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("{who} was not ready within {} s. See the logs in {}.", READY.as_secs(), self.folder.display())
    }

    fn all_alive(&mut self) -> Result<()> {
        for (name, child) in &mut self.children {
            if let Some(status) = child.try_wait()? {
                let log = self.folder.join(format!("{name}.log"));
                let text = fs::read_to_string(&log).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(5).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                bail!("The {name} ended ({status}). The end of {}:\n{}", log.display(), tail.join("\n"));
            }
        }
        Ok(())
    }

    fn enrol_code(&self) -> Result<String> {
        let answer = shell::output(self.cli().args(["providers", "enrol", "--json"]))?;
        let answer: serde_json::Value = serde_json::from_str(&answer).context("read the enrolment code")?;
        Ok(answer["code"].as_str().context("read the enrolment code")?.to_owned())
    }

    fn agent_online(&self) -> bool {
        let list = shell::output(self.cli().args(["providers", "list", "--json"])).unwrap_or_default();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap_or_default();
        let online = |provider: &serde_json::Value| {
            provider["online"] == true && provider["capacity"]["engine"].is_string()
        };
        list["items"].as_array().is_some_and(|items| items.iter().any(online))
    }

    /// Stays until the person asks to stop or a program ends by itself.
    pub(crate) fn watch(&mut self, stop: &Stop) -> Result<()> {
        while !stop.asked() {
            self.all_alive()?;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Asks each to stop, the last started first, and waits for it.
    pub(crate) fn stop(&mut self) {
        while let Some((name, mut child)) = self.children.pop() {
            let _ = shell::quiet(Command::new("kill").args(["-TERM", &child.id().to_string()]));
            let begin = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && begin.elapsed() < LEAVE {
                std::thread::sleep(Duration::from_millis(50));
            }
            if matches!(child.try_wait(), Ok(None)) {
                say(&format!("The {name} did not stop in time and is killed."));
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }

    /// The CLI, signed in to this coordinator.
    pub(crate) fn cli(&self) -> Command {
        let mut cli = Command::new(&self.cli);
        cli.current_dir(shell::root())
            .env("TTALKAK_COORDINATOR", self.url())
            .env("TTALKAK_TOKEN", &self.token);
        if let Some(wallet) = &self.wallet {
            cli.env("TTALKAK_WALLET_DIR", &wallet.folder)
                .env("TTALKAK_WALLET_PASSPHRASE_FILE", wallet.passphrase());
        }
        cli
    }

    /// The development tenant's wallet; absent without payments.
    pub(super) fn wallet(&self) -> Option<&Wallet> {
        self.wallet.as_ref()
    }

    /// Where the CLI is.
    pub(crate) fn cli_path(&self) -> &Path {
        &self.cli
    }

    /// Port of the API.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where the programs write what they do.
    pub(crate) fn logs(&self) -> &Path {
        &self.folder
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The token of this machine's owner: made on the first run, kept readable for its owner only.
fn token(folder: &Path, data: &Path) -> Result<String> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let file = folder.join("token");
    if let Ok(token) = fs::read_to_string(&file) {
        return Ok(token.trim().to_owned());
    }
    let token = shell::output(
        command("ttalkak-coordinator")?.args(["token", "--name", "cargo xtask up", "--data-dir"]).arg(data),
    )?;
    let token = token.trim().to_owned();
    File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&file)?
        .write_all(token.as_bytes())?;
    Ok(token)
}
