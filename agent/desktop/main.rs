//! `ttalkak-desktop`: the tray. A second start shows the window of the first.

use clap::Parser;
use std::{io, process::ExitCode};
use tokio_util::sync::CancellationToken;
use ttalkak_agent::{config::Surroundings, program_log};
use ttalkak_desktop::{
    alone::{self, Role, Wish},
    config::Places,
    tray,
};

/// Ttalkak on the desktop: lends this computer while it is idle.
#[derive(Debug, Parser)]
#[command(name = "ttalkak-desktop", version)]
struct Options {
    /// Start in the tray, without a window.
    #[arg(long)]
    hidden: bool,
    /// The page to open at, such as `earnings`.
    #[arg(long, conflicts_with = "hidden")]
    page: Option<String>,
    /// End the app that runs, and the agent with it, after asking when something runs.
    #[arg(long, conflicts_with_all = ["hidden", "page"])]
    quit: bool,
    /// Host the agent in this process when none runs yet, instead of starting its own program.
    #[arg(long, conflicts_with = "quit")]
    inside: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let surroundings = Surroundings::of_this_process();
    program_log::start(&surroundings.env, false);
    let ended = Places::find(&surroundings.env).map_err(Into::into).and_then(|places| run(options, places));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options, places: Places) -> anyhow::Result<()> {
    // Two workers, as the agent itself has: a first run may host it here.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(8)
        .enable_all()
        .build()?;
    let wish = match &options {
        Options { quit: true, .. } => Wish::Quit,
        Options { hidden: true, .. } => Wish::Ping,
        Options { page, .. } => Wish::Open { page: page.clone() },
    };
    runtime.block_on(async {
        if options.quit {
            return Ok(tell_the_first(&places, &wish).await?);
        }
        let Some(alone) = alone::be(Role::Tray, &places.run)? else {
            return Ok(tell_the_first(&places, &wish).await?);
        };
        let stop = CancellationToken::new();
        let asked = stop.clone();
        let signal = async move {
            stop_wished().await;
            asked.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = tray::run(places, alone, (Some(wish), options.inside), stop) => ended,
            () = signal => Ok(()),
        }
    })
}

async fn tell_the_first(places: &Places, wish: &Wish) -> io::Result<()> {
    match alone::tell(Role::Tray, &places.run, wish).await {
        Err(error) if *wish == Wish::Quit && error.kind() == io::ErrorKind::NotFound => Ok(()),
        told => told,
    }
}

/// The session ends, or somebody wants this process to: a daemon of its own process is not part of it.
async fn stop_wished() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
