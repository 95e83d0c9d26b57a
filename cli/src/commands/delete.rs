//! `ttalkak delete`: cannot be undone, so the name is typed, or `--yes` given.

use super::stop;
use crate::{
    args::deployment,
    context::Context,
    error::{CliError, CliResult},
};
use serde_json::json;
use ttalkak_protocol::{
    api::deployment::{DeploymentState, EndReason},
    error::ErrorCode,
};

/// What `delete` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do not wait until it is gone
    #[arg(long)]
    no_wait: bool,
}

/// Asks, deletes and waits.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    let view = api.deployment(&args.name).await?;
    confirm(
        context,
        args.yes,
        &view.name,
        &format!(
            "This deletes {} with its releases, logs and environment, and frees its address.",
            view.name
        ),
    )
    .await?;
    let id = view.id.to_string();
    api.delete_deployment(&id).await?;
    if !args.no_wait {
        let gone = |view: &ttalkak_protocol::api::deployment::DeploymentView| {
            view.state == DeploymentState::Ended && view.reason == Some(EndReason::Deleted)
        };
        stop::wait(context, &api, &id, &format!("Deleting {}", view.name), gone).await?;
    }
    context.output.result(&json!({ "deleted": view.name }), || format!("Deleted {}", view.name))
}

/// Lets a person type `name`. Errors: nobody can be asked, or something else was typed.
pub(super) async fn confirm(context: &Context, yes: bool, name: &str, meaning: &str) -> CliResult<()> {
    if yes {
        return Ok(());
    }
    if !context.output.can_ask {
        let message = format!("Deleting {name} needs your word for it.");
        return Err(CliError::usage(ErrorCode::StateConflict, message, "Say --yes if you mean it."));
    }
    context.output.say(format!("{meaning} It cannot be undone.\nType {name} to go on:"));
    let typed = super::blocking(|| {
        console::Term::stderr().read_line().map_err(|cause| CliError::file("read your answer", cause))
    })
    .await?;
    if typed.trim() == name {
        return Ok(());
    }
    Err(CliError::usage(
        ErrorCode::StateConflict,
        "That is another name; nothing was deleted.",
        "Run the command again.",
    ))
}
