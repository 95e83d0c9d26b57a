//! `ttalkak redeploy`: the newest commit of the same source, as a new release, by another Dockerfile if so wished.

use super::{WaitArgs, deploy::dockerfile};
use crate::{args::deployment, context::Context, error::CliResult};
use std::path::PathBuf;
use tokio::time::Instant;
use ttalkak_protocol::api::deployment::Redeploy;

/// What `redeploy` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// Build it by this Dockerfile from now on
    #[arg(long, value_name = "FILE")]
    dockerfile: Option<PathBuf>,
    /// Build it by what is detected again, instead of a Dockerfile that was given before
    #[arg(long, conflicts_with = "dockerfile")]
    detect: bool,
    #[command(flatten)]
    wait: WaitArgs,
}

/// Deploys it again and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let started = Instant::now();
    let api = context.api()?;
    let text = match &args.dockerfile {
        Some(file) => Some(dockerfile(file)?),
        None => args.detect.then(String::new),
    };
    let accepted = api.redeploy(&args.name, &Redeploy { dockerfile: text, ..Redeploy::default() }).await?;
    args.wait.finish(context, &api, accepted, false, started).await
}
