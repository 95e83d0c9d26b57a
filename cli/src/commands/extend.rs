//! `ttalkak extend`: another end date for a deployment, or none. What ended because its time was over comes back.

use crate::{
    args::deployment,
    clock,
    context::Context,
    error::{CliError, CliResult},
    human,
    output::plain,
    term::TermArgs,
};
use ttalkak_protocol::{
    api::deployment::{DeploymentState, DeploymentView, SetTerm},
    error::ErrorCode,
    unit::UnixMillis,
};

/// What `extend` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    #[command(flatten)]
    term: TermArgs,
    /// Take the end date away: it runs until it is stopped
    #[arg(long, conflicts_with_all = ["until", "lasts"])]
    open_ended: bool,
}

/// Sets it.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let now = clock::now();
    let until = args.term.end(now)?;
    if until.is_none() && !args.open_ended {
        let message = "Until when is not said.";
        let next = "Give --until 2027-01-31, --for 30d or --open-ended.";
        return Err(CliError::usage(ErrorCode::TermInvalid, message, next));
    }
    let view = context.api()?.set_term(&args.name, &SetTerm { until }).await?;
    context.output.result(&view, || words(&view, now))
}

fn words(view: &DeploymentView, now: UnixMillis) -> String {
    let name = plain(&view.name);
    let end = match view.until {
        Some(until) => format!("{name} ends {} ({until}).", human::until(until, now)),
        None => format!("{name} runs until it is stopped."),
    };
    match view.state {
        DeploymentState::Requested => format!("{end} It is being started again."),
        DeploymentState::Ended => format!("{end} It does not run; start it with `ttalkak start {name}`."),
        DeploymentState::Placed
        | DeploymentState::Building
        | DeploymentState::Starting
        | DeploymentState::Connecting
        | DeploymentState::Live
        | DeploymentState::Crashed
        | DeploymentState::Offline
        | DeploymentState::Draining => end,
    }
}
