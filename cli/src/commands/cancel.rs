//! `ttalkak cancel`: gives up a rollout that is on its way; the release that serves goes on.

use crate::{args::deployment, clock, context::Context, error::CliResult, status};

/// What `cancel` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
}

/// Gives it up, and shows how the deployment stands.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let view = context.api()?.cancel(&args.name).await?;
    context
        .output
        .result(&view, || format!("{}  {}", view.name, status::line(&view, clock::now(), context.output.out)))
}
