//! `ttalkak rollback`: back to an earlier release.

use super::WaitArgs;
use crate::{args::deployment, context::Context, error::CliResult};
use tokio::time::Instant;
use ttalkak_protocol::api::deployment::Rollback;

/// What `rollback` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// Number of the release; the last good one before the current when absent
    release: Option<u32>,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Goes back and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let started = Instant::now();
    let api = context.api()?;
    let accepted = api.rollback(&args.name, &Rollback { release: args.release }).await?;
    args.wait.finish(context, &api, accepted, true, started).await
}
