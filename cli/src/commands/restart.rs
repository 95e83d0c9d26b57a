//! `ttalkak restart`: the same release in a new container, without an interruption.

use super::WaitArgs;
use crate::{args::deployment, context::Context, error::CliResult};
use tokio::time::Instant;

/// What `restart` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Restarts it and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let started = Instant::now();
    let api = context.api()?;
    let accepted = api.restart(&args.name).await?;
    args.wait.finish(context, &api, accepted, true, started).await
}
