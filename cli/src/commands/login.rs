//! `ttalkak login`: takes a token, tries it, keeps it.

use crate::{
    api::Api,
    context::Context,
    credentials::is_in_the_clear,
    error::{CliError, CliResult},
    output::Tone,
};
use serde_json::json;
use std::io::BufRead;
use ttalkak_protocol::Secret;

/// What `login` takes; coordinator and token are global options.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Signs in.
pub(crate) async fn run(context: &Context, _: Args) -> CliResult<()> {
    let mut kept = context.credentials()?;
    let path = context.credentials_path()?;
    let (coordinator, given) = context.sign_in_target(&kept);
    if is_in_the_clear(&coordinator) {
        let sign = context.output.err.tone(Tone::Warn, "▲");
        context
            .output
            .say(format!("{sign} {coordinator} is not https: others on the way can read the token."));
    }
    let version = match Api::new(&coordinator, None)?.health().await {
        Ok(health) => Some(health.version),
        // A coordinator in trouble says so with its health; one may sign in all the same.
        Err(CliError::Puzzling { status: 503, .. }) => None,
        Err(error) => return Err(error),
    };
    let token = match given {
        Some(token) => token,
        None => ask(context, &coordinator).await?,
    };
    // A list of one is the cheapest call that needs a token.
    Api::new(&coordinator, Some(token.clone()))?.tokens().await?;
    kept.sign_in(&coordinator, token);
    kept.save(path)?;
    let document = json!({ "coordinator": coordinator, "version": version });
    context.output.result(&document, || format!("Signed in to {coordinator}"))
}

/// Reads a token: typed unseen at a terminal, else the first line of standard input.
async fn ask(context: &Context, coordinator: &str) -> CliResult<Secret<String>> {
    let person = context.output.can_ask;
    if person {
        context.output.say(format!("Token for {coordinator} (it is not shown):"));
    }
    let text = super::blocking(move || {
        let read = if person {
            console::Term::stderr().read_secure_line()
        } else {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line).map(|_| line)
        };
        read.map_err(|cause| CliError::file("read the token", cause))
    })
    .await?;
    crate::args::token(&text)
}
