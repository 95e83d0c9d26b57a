//! `cargo xtask desktop`: builds screens, tray, window and daemon, and starts them against the coordinator of
//! `cargo xtask up`, with data of their own beside its.

use crate::{
    engine, host,
    shell::{self, cargo, say},
    ui, up,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    io::{IsTerminal, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How to start the app.
#[derive(Args)]
pub(crate) struct Options {
    /// Install nothing; only tell what is missing.
    #[arg(long)]
    no_install: bool,
    /// Start `cargo xtask up` when it does not run, without asking.
    #[arg(long)]
    up: bool,
    /// Only build, start nothing.
    #[arg(long)]
    only_build: bool,
    /// Where `cargo xtask up` keeps its data.
    #[arg(long, default_value = ".ttalkak")]
    data_dir: PathBuf,
    /// Port of the coordinator's API.
    #[arg(long, default_value_t = 7700)]
    port: u16,
}

/// The feature with which the window holds its screens.
pub(crate) const FEATURE: &str = "ttalkak-desktop/custom-protocol";
/// The profile of the programs that the package holds, and their folder among those of other profiles.
pub(crate) const PACKED: &str = "bundle";
/// `up` has its own range; two agents of one machine must not share one.
const PORTS: &str = "21000-21999";
/// A first `up` makes base images, deploys the example and waits for it.
const UP_WITHIN: Duration = Duration::from_secs(15 * 60);

/// Builds all that the app is made of. `packed`: as it is in the package.
pub(crate) fn build(install: bool, packed: bool) -> Result<()> {
    host::ensure(host::WINDOW, install)?;
    ui::build(install)?;
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--bins", "-p", "ttalkak-desktop", "-p", "ttalkak-agent"]);
    build.args(["--features", FEATURE]);
    if packed {
        build.args(["--profile", PACKED]);
    }
    shell::run(&mut build)
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let install = !options.no_install;
    say("Building the desktop app (a few minutes the first time).");
    build(install, false)?;
    if options.only_build {
        return Ok(());
    }
    if shell::variable("DISPLAY").or(shell::variable("WAYLAND_DISPLAY")).is_none() {
        bail!(
            "There is no display here (DISPLAY and WAYLAND_DISPLAY are not set). Start it in a desktop session; `cargo xtask test` looks at the window without one."
        );
    }
    engine::ensure(install)?;
    let mut coordinator = Coordinator::find(options)?;
    let data = shell::root().join(&options.data_dir).join("desktop");
    tell(options, &data)?;
    let ended = app(&data)?.status().context("start the app").map(drop);
    coordinator.stop();
    ended
}

fn app(data: &Path) -> Result<Command> {
    let mut app = up::command("ttalkak-desktop")?;
    app.env("TTALKAK_AGENT_DATA_DIR", data).env("TTALKAK_AGENT_PORT_RANGE", PORTS);
    Ok(app)
}

/// How to sign in, for an app that is not yet.
fn tell(options: &Options, data: &Path) -> Result<()> {
    say(
        "Starting the app. Closing the window leaves it in the tray; Quit in the tray's menu, or Ctrl-C here, ends it.",
    );
    if data.join("agent.json").is_file() {
        return Ok(());
    }
    let token = std::fs::read_to_string(shell::root().join(&options.data_dir).join("token"));
    let token = token.context("read the token of `cargo xtask up`")?;
    let mut cli = up::command("ttalkak")?;
    cli.env("TTALKAK_COORDINATOR", url(options)).env("TTALKAK_TOKEN", token.trim());
    let answer = shell::output(cli.args(["providers", "enrol", "--json"]))?;
    let answer: serde_json::Value = serde_json::from_str(&answer).context("read the enrolment code")?;
    let code = answer["code"].as_str().context("read the enrolment code")?;
    say(&format!("In the app, sign in to {} with the code {code}", url(options)));
    Ok(())
}

fn url(options: &Options) -> String {
    format!("http://127.0.0.1:{}", options.port)
}

/// The coordinator of `up`: one that runs, or one that we started and stop again.
struct Coordinator(Option<Child>);

impl Coordinator {
    fn find(options: &Options) -> Result<Self> {
        let answers = || TcpStream::connect(("127.0.0.1", options.port)).is_ok();
        if answers() {
            return Ok(Self(None));
        }
        if !options.up && !agreed("No coordinator runs here. Start `cargo xtask up` beside the app?")? {
            bail!("Start `cargo xtask up` first, or give --up.");
        }
        let mut up = Command::new(std::env::current_exe().context("find ourselves")?);
        up.args(["up", "--port", &options.port.to_string(), "--data-dir"]).arg(&options.data_dir);
        if options.no_install {
            up.arg("--no-install");
        }
        // A group of its own: Ctrl-C is ours, and it is stopped after the app.
        let mut coordinator =
            Self(Some(up.process_group(0).stdin(Stdio::null()).spawn().context("start `up`")?));
        let begin = Instant::now();
        while !answers() {
            let ended = coordinator.0.as_mut().is_some_and(|up| matches!(up.try_wait(), Ok(Some(_))));
            if ended || begin.elapsed() > UP_WITHIN {
                coordinator.stop();
                bail!("`cargo xtask up` did not come up.");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(coordinator)
    }

    fn stop(&mut self) {
        let Some(mut up) = self.0.take() else { return };
        // It stops its programs in order, which takes as long as they need.
        let _ = shell::quiet(Command::new("kill").args(["-TERM", &up.id().to_string()]));
        let _ = up.wait();
    }
}

/// Asks at the terminal; no terminal is no.
fn agreed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut out = std::io::stderr();
    write!(out, "{question} [Y/n] ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(!answer.trim().to_lowercase().starts_with('n'))
}
