//! The coordinator's program: `serve`, and what its owner does at the machine itself.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program's own words at the terminal")]

mod operator;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};
use tokio_util::sync::CancellationToken;
use ttalkak_coordinator::{api, app, clock, config, store::token::TokenWish};
use ttalkak_protocol::api::team::TokenScope;

/// Keeps the wanted state of deployments, finds providers for them, and lets visitors in.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run until Ctrl-C.
    Serve(Settings),
    /// Make an API token for the owner of this machine and print it, once.
    Token {
        /// What it is for.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print the description of the HTTP API.
    Openapi,
    /// The escrow contract: deploy it, check it.
    #[command(subcommand)]
    Chain(operator::ChainCommand),
}

/// Settings; see coordinator.example.toml for all of them.
#[derive(Args)]
pub(crate) struct Settings {
    /// A TOML file.
    #[arg(long, env = "TTALKAK_COORDINATOR_CONFIG")]
    config: Option<PathBuf>,
    /// Databases, master key, source archives.
    #[arg(long)]
    data_dir: Option<String>,
    /// Address of API, links and tunnels.
    #[arg(long)]
    listen: Option<String>,
    /// Address at which visitors reach apps.
    #[arg(long)]
    edge_listen: Option<String>,
    /// Public ports for raw TCP apps, such as 30000-30099.
    #[arg(long)]
    public_ports: Option<String>,
    /// Development only: sign in to the console by a name alone.
    #[arg(long)]
    development_sign_in: bool,
    /// Development only: allow file:// repositories and http:// ones on this machine.
    #[arg(long)]
    allow_local_git: bool,
}

impl Settings {
    pub(crate) fn read(&self) -> Result<config::Config> {
        let text = match &self.config {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?
            }
            None => String::new(),
        };
        let mut overrides = config::from_environment();
        let flags = [
            ("data_dir", &self.data_dir),
            ("listen", &self.listen),
            ("edge_listen", &self.edge_listen),
            ("public_ports", &self.public_ports),
        ];
        let given = flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)));
        overrides.extend(given);
        let switches =
            [("allow_local_git", self.allow_local_git), ("development_sign_in", self.development_sign_in)];
        let on = switches.into_iter().filter(|(_, on)| *on);
        overrides.extend(on.map(|(key, _)| (key.to_owned(), "true".to_owned())));
        Ok(config::Config::read(&text, &overrides)?)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result =
        runtime.context("start the runtime").and_then(|runtime| runtime.block_on(run(arguments.command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(settings) => serve(settings.read()?).await,
        Command::Token { name, settings } => token(&settings.read()?, &name).await,
        Command::Openapi => {
            println!("{}", api::description());
            Ok(())
        }
        Command::Chain(command) => {
            println!("{}", operator::run(command).await?);
            Ok(())
        }
    }
}

async fn serve(config: config::Config) -> Result<()> {
    config::start_logging()?;
    let kept = app::open(&config).await?;
    let bind = async |address| {
        let listener = tokio::net::TcpListener::bind(address).await;
        listener.with_context(|| format!("listen on {address}; is another program there?"))
    };
    let listeners = app::Listeners { api: bind(config.listen).await?, edge: bind(config.edge_listen).await? };
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let signals = async move {
        wait_for_signal().await;
        tracing::info!("stopping as asked");
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = app::run(config, kept, listeners, shutdown) => result,
        () = signals => Ok(()),
    }
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

async fn token(config: &config::Config, name: &str) -> Result<()> {
    let kept = app::open(config).await?;
    let account = kept.store.first_account().await?.context("there is no account")?;
    let wish = TokenWish { account, user: None, name, scope: TokenScope::Full, expires_at: None };
    let token = api::new_token(&kept.store, &wish, clock::now()).await?;
    println!("{}", token.secret.reveal());
    kept.store.close().await;
    Ok(())
}
