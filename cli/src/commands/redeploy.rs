//! `ttalkak redeploy`: the newest commit of the same source, as a new release.

use super::WaitArgs;
use crate::{args::deployment, context::Context, error::CliResult};
use tokio::time::Instant;
use ttalkak_protocol::api::deployment::Redeploy;

/// What `redeploy` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Deploys it again and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let started = Instant::now();
    let api = context.api()?;
    let accepted = api.redeploy(&args.name, &Redeploy::default()).await?;
    args.wait.finish(context, &api, accepted, false, started).await
}
