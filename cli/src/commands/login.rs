//! `ttalkak login`: shows a code that its owner approves in the console, or takes a token; tries what it got, keeps it.

use crate::{
    api::Api,
    context::Context,
    credentials::is_in_the_clear,
    error::{CliError, CliResult},
    output::{Tone, plain},
};
use serde_json::json;
use std::{io::BufRead, time::Duration};
use ttalkak_protocol::{
    ErrorCode, Secret,
    api::{
        device::{AskDevice, DeviceState, PollDevice},
        team::TokenScope,
    },
    error::Problem,
};

/// What `login` takes; coordinator and token are global options.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Type a token, instead of saying yes in the console
    #[arg(long, conflicts_with = "device")]
    with_token: bool,
    /// Show a code even when nobody seems to sit at the terminal
    #[arg(long)]
    device: bool,
    /// What may be done from here at most: read, deploy, or full, which is all that you may
    #[arg(long, default_value = "full", value_parser = super::tokens::scope)]
    scope: TokenScope,
}

/// Signs in.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
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
        // A script has no browser to go to: it pipes a token in.
        None if args.device || (context.output.can_ask && !args.with_token) => {
            by_device(context, &coordinator, args.scope).await?
        }
        None => ask(context, &coordinator).await?,
    };
    let session = Api::new(&coordinator, Some(token.clone()))?.session().await?;
    kept.sign_in(&coordinator, token);
    kept.save(path)?;
    let who = session.user.as_ref().map(|user| user.login.clone());
    let team = session.team.name;
    let document = json!({ "coordinator": coordinator, "version": version, "user": who, "team": team });
    context.output.result(&document, || match &who {
        Some(who) => format!("Signed in to {coordinator} as {}, team {}", plain(who), plain(&team)),
        None => format!("Signed in to {coordinator}, team {}", plain(&team)),
    })
}

/// Shows a code and waits until its owner has answered in the console. Nothing secret is typed or shown.
async fn by_device(context: &Context, coordinator: &str, scope: TokenScope) -> CliResult<Secret<String>> {
    let api = Api::new(coordinator, None)?;
    let asked = api.ask_device(&AskDevice { device: device_name(), scope }).await?;
    let output = &context.output;
    output.say(format!(
        "Open {} and type the code {}",
        plain(&asked.verification_url),
        plain(&asked.user_code)
    ));
    output
        .say("Waiting for your yes there (Ctrl-C to stop; --with-token to type a token instead).".to_owned());
    context.on_interrupt("Not signed in.", "Run `ttalkak login` again for a new code.");
    let body = PollDevice { device_code: asked.device_code };
    loop {
        tokio::time::sleep(Duration::from_millis(asked.every_ms.0)).await;
        match api.poll_device(&body).await {
            Ok(DeviceState::Approved { token }) => return Ok(token),
            Ok(DeviceState::Denied) => {
                let problem = Problem::new(ErrorCode::SignInDenied, "You said no in the console.");
                return Err(CliError::Usage(
                    problem.with_next("Run `ttalkak login` again if that was a slip."),
                ));
            }
            Ok(DeviceState::Waiting) => {}
            // Asked a little too early, or a network that blinked: the code is good for minutes.
            Err(error) if error.passes() => {}
            Err(error) => return Err(error),
        }
    }
}

/// What to call this program in the console: `ttalkak on laptop`.
fn device_name() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = "this computer";
    format!("ttalkak on {host}").chars().filter(|c| !c.is_control()).take(64).collect()
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
