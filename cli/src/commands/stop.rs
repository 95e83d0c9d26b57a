//! `ttalkak stop`: the app ends with its grace; name, settings and releases stay.

use crate::{
    api::Api,
    args::deployment,
    clock,
    context::Context,
    error::{CliError, CliResult},
    rollout::Screen,
    status,
};
use std::time::Duration;
use tokio::time::Instant;
use ttalkak_protocol::{
    api::deployment::{DeploymentState, DeploymentView},
    error::{ErrorCode, ErrorDetail, Problem},
};

/// An app has 10 s of grace; the rest is for a provider that is slow to answer.
const WAIT_MAX: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(300);

/// What `stop` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// Do not wait until it has ended
    #[arg(long)]
    no_wait: bool,
}

/// Stops it and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    api.stop(&args.name).await?;
    let view = if args.no_wait {
        api.deployment(&args.name).await?
    } else {
        let ended = |view: &DeploymentView| view.state == DeploymentState::Ended;
        wait(context, &api, &args.name, &format!("Stopping {}", args.name), ended)
            .await?
            .ok_or_else(|| gone(&args.name))?
    };
    context
        .output
        .result(&view, || format!("{}  {}", view.name, status::line(&view, clock::now(), context.output.out)))
}

/// Waits until `done` holds or the deployment is gone (`None`). `key`: its id or name; `what`: as in "Stopping shop". Errors: it takes too long.
pub(super) async fn wait(
    context: &Context,
    api: &Api,
    key: &str,
    what: &str,
    done: impl Fn(&DeploymentView) -> bool,
) -> CliResult<Option<DeploymentView>> {
    context.on_interrupt(
        format!("{what} goes on without you."),
        format!("Look at it with `ttalkak status {key}`."),
    );
    let mut screen = Screen::new(&context.output, false);
    screen.now(what, "");
    let started = Instant::now();
    loop {
        match api.find_deployment(key).await? {
            None => return Ok(None),
            Some(view) if done(&view) => return Ok(Some(view)),
            Some(_) if started.elapsed() >= WAIT_MAX => return Err(too_long(what, key)),
            Some(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

fn too_long(what: &str, key: &str) -> CliError {
    let message = format!("{what} takes longer than {} s.", WAIT_MAX.as_secs());
    let problem = Problem::new(ErrorCode::DeadlineExceeded, message)
        .with_next(format!("It goes on; look at it with `ttalkak status {key}`."));
    CliError::Answer { status: 504, detail: ErrorDetail { problem, request_id: None } }
}

fn gone(name: &str) -> CliError {
    let problem = Problem::new(ErrorCode::NotFound, format!("{name} was deleted meanwhile."));
    CliError::Answer { status: 404, detail: ErrorDetail { problem, request_id: None } }
}
