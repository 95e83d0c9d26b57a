//! `ttalkak open`: a deployment in the browser.

use crate::{args::deployment, context::Context, error::CliResult};
use serde_json::json;
use std::process::{Command, Stdio};

/// What `open` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name or id
    #[arg(value_parser = deployment)]
    name: String,
}

/// Opens it, and prints the address for where there is no browser.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let view = context.api()?.deployment(&args.name).await?;
    // The address comes from the coordinator: only a web address may reach the system's opener.
    let web = url::Url::parse(&view.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let opened = !context.output.json && web.is_some_and(|url| browse(url.as_str()));
    if !opened && !context.output.json {
        context.output.say("No browser was found; open the address yourself.");
    }
    context.output.result(&json!({ "url": view.url }), || view.url.clone())
}

/// Hands an address to the system. Returns whether somebody took it; does not wait for the browser.
fn browse(url: &str) -> bool {
    let (program, args): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        // Not `cmd /c start`, which would read `&` in an address as a command.
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    Command::new(program)
        .args(args)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .is_ok()
}
