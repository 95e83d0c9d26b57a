//! `ttalkak resize`: more or less memory and processor for a deployment. What runs moves to a fresh workload of the new
//! size, which takes over when it is healthy.

use super::deploy::wish;
use crate::{
    args::deployment,
    context::Context,
    error::{CliError, CliResult},
    human,
    output::plain,
};
use ttalkak_protocol::{
    api::deployment::{DeploymentView, SetSize},
    error::ErrorCode,
    unit::{Bytes, MilliCpu},
};

/// What `resize` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// Memory limit, such as 512MiB (32MiB to 16GiB)
    #[arg(long, value_name = "SIZE", value_parser = wish::memory)]
    memory: Option<Bytes>,
    /// Processor limit, such as 0.5 (0.05 to 16)
    #[arg(long, value_name = "CORES", value_parser = wish::cpu)]
    cpu: Option<MilliCpu>,
}

/// Asks for it.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    if args.memory.is_none() && args.cpu.is_none() {
        let next = "Give --memory 1GiB, --cpu 2 or both.";
        return Err(CliError::usage(ErrorCode::LimitsInvalid, "To what size is not said.", next));
    }
    let size =
        SetSize { memory_bytes: args.memory.map(|memory| memory.0), milli_cpu: args.cpu.map(|cpu| cpu.0) };
    let view = context.api()?.set_size(&args.name, &size).await?;
    context.output.result(&view, || words(&view))
}

fn words(view: &DeploymentView) -> String {
    let (name, memory) = (plain(&view.name), human::size(view.memory_bytes));
    let size = format!("{memory} and {}", human::cores(view.milli_cpu));
    if view.rollout.is_some() {
        format!("{name} moves to {size}; follow it with `ttalkak status {name}`.")
    } else {
        format!("{name} has {size}.")
    }
}
