//! One command from a fresh machine to a URL that answers: installs what is missing, starts the engine, builds, starts
//! a local chain, a coordinator and an agent, deploys the example as a tenant who pays with worthless tokens, waits until
//! it answers, and stays until Ctrl-C.

mod chain;
mod programs;
mod rpc;
mod stop;
mod tenant;

use crate::{
    console, contracts, engine, host, images,
    shell::{self, cargo, print, say},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use programs::Programs;
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

/// How to set up.
#[derive(Args)]
pub(crate) struct Options {
    /// Install nothing; only tell what is missing.
    #[arg(long)]
    no_install: bool,
    /// Where databases, keys and logs are kept between runs.
    #[arg(long, default_value = ".ttalkak")]
    data_dir: PathBuf,
    /// Port of the API.
    #[arg(long, default_value_t = 7700)]
    port: u16,
    /// Port at which visitors reach apps.
    #[arg(long, default_value_t = 7780)]
    edge_port: u16,
    /// Port of the local chain.
    #[arg(long, default_value_t = 8545)]
    chain_port: u16,
    /// Without a chain: nothing is charged.
    #[arg(long)]
    free: bool,
    /// Stop everything again as soon as the example answers.
    #[arg(long)]
    once: bool,
}

/// What the example's Dockerfile begins from.
const IMAGES: &[&str] = &["node:24-slim", "nginx:stable-alpine-slim"];
/// The example's folder and name.
const EXAMPLE: (&str, &str) = ("examples/hello", "hello");
/// A first build downloads packages; a later start only starts a container.
const ANSWER: Duration = Duration::from_secs(60);

pub(crate) fn run(options: &Options) -> Result<()> {
    let begin = Instant::now();
    let install = !options.no_install;
    host::ensure(&[&host::GIT], install)?;
    engine::ensure(install)?;
    images::ensure(IMAGES, install)?;
    let anvil = if options.free { None } else { Some(contracts::anvil(install)?) };
    // The coordinator takes it in while it is built.
    let with_console = console::ensure()?;
    say("Building Ttalkak (a few minutes the first time).");
    let packages = ["-p", "ttalkak-coordinator", "-p", "ttalkak-agent", "-p", "ttalkak-cli"];
    shell::run(cargo().args(["build", "--quiet", "--locked", "--bins"]).args(packages))?;

    let stop = stop::on_signal()?;
    let mut programs = Programs::start(options, anvil, &stop)?;
    let outcome = deploy(options, &programs, &stop).and_then(|url| {
        tell(&url, &programs, with_console, begin);
        if options.once { Ok(()) } else { programs.watch(&stop) }
    });
    say("Stopping everything; data is kept.");
    programs.stop();
    outcome
}

fn deploy(options: &Options, programs: &Programs, stop: &stop::Stop) -> Result<String> {
    let (folder, name) = EXAMPLE;
    let url = format!("http://{name}.localhost:{}", options.edge_port);
    let known = shell::succeeds(programs.cli().args(["status", name, "--json"]));
    if known {
        say("The example is deployed already; waiting until it answers.");
        if wait_until_it_answers(options.edge_port, name, stop).is_ok() {
            return Ok(url);
        }
        say("It does not answer; deploying it again.");
    }
    let mut deploy = programs.cli();
    deploy.arg("deploy").arg(shell::root().join(folder)).args(["--name", name]);
    shell::output_only(&mut deploy)?;
    wait_until_it_answers(options.edge_port, name, stop)?;
    Ok(url)
}

fn wait_until_it_answers(port: u16, name: &str, stop: &stop::Stop) -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < ANSWER {
        if stop.asked() {
            bail!("Stopped as asked.");
        }
        if answer(port, name).is_ok_and(|status| status == 200) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("The example did not answer within {} s.", ANSWER.as_secs())
}

/// The status of one visit.
fn answer(port: u16, name: &str) -> Result<u16> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(socket, "GET / HTTP/1.1\r\nHost: {name}.localhost:{port}\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    socket.read_exact(&mut head)?;
    std::str::from_utf8(&head)?.rsplit(' ').next().context("no status")?.parse().context("no status")
}

fn tell(url: &str, programs: &Programs, with_console: bool, begin: Instant) {
    let cli = programs.cli_path();
    let cli = cli.strip_prefix(shell::root()).unwrap_or(cli).display();
    let money = programs.wallet().map(|wallet| money(programs, wallet, &cli.to_string())).unwrap_or_default();
    let console = if with_console { console::told(programs.port(), programs.logs()) } else { String::new() };
    print(url);
    say(&format!(
        "
Your first app is live at {url} ({:.0} s). Open it in a browser, or: curl {url}

Try next:
  {cli} deploy <git-url or folder>   put an app of your own online
  {cli} list                         see what is deployed
  {cli} logs -f hello                follow what it writes
  {cli} --help                       everything else
{money}{console}
The API is at http://127.0.0.1:{}, described at /v1/openapi.json. Logs: {}.
Ctrl-C stops everything; the next `cargo xtask up` goes on where this one ended.",
        begin.elapsed().as_secs_f32(),
        programs.port(),
        programs.logs().display(),
    ));
}

/// What it costs, and where the money is to be seen.
fn money(programs: &Programs, wallet: &tenant::Wallet, cli: &str) -> String {
    let cost = tenant::billing(programs).ok().and_then(|view| tenant::told(&view)).unwrap_or_default();
    format!(
        "
{cost}
  {cli} billing                      what it costs, how long it lasts; its agreement can be verified:
  {cli} verify-invoice <agreement>   recomputed from the signed readings to the batch on chain
  {cli} earnings                     what this machine earned; settled every minute here
For `{cli} wallet` as this tenant: export TTALKAK_WALLET_DIR={} TTALKAK_WALLET_PASSPHRASE_FILE={}
",
        wallet.folder.display(),
        wallet.passphrase().display()
    )
}

/// A command that finds the CLI of this build.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the folder of the programs")?;
    Ok(own.parent().context("find the folder of the programs")?.join(name))
}

/// The same, ready to be started.
pub(crate) fn command(name: &str) -> Result<Command> {
    Ok(Command::new(program(name)?))
}
