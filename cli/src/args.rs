//! The command line as a whole. What a single command takes stands beside it in `commands/`.

use crate::{
    commands,
    credentials::parse_coordinator,
    error::{CliError, CliResult},
    exit,
};
use clap::{Parser, Subcommand};
use ttalkak_protocol::{Secret, error::ErrorCode};

/// Give a Git repository or a folder, get a live URL.
#[derive(Parser)]
#[command(name = "ttalkak", version, after_help = exit::HELP, after_long_help = exit::HELP, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Address of the coordinator; the signed-in one when absent
    #[arg(long, global = true, value_name = "URL", env = "TTALKAK_COORDINATOR", value_parser = parse_coordinator)]
    pub(crate) coordinator: Option<String>,
    /// API token; the signed-in one when absent. Better in TTALKAK_TOKEN, as others on this machine see arguments
    #[arg(long, global = true, value_name = "TOKEN", env = "TTALKAK_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No colours (NO_COLOR does the same)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, for as long as the program runs")]
pub(crate) enum Command {
    /// Deploy a Git repository or a folder, and wait until it is live
    Deploy(commands::deploy::Args),
    /// Show how a deployment stands, or all of them
    Status(commands::status::Args),
    /// List deployments
    #[command(visible_alias = "ls")]
    List(commands::list::Args),
    /// Show what an app or its build wrote
    Logs(commands::logs::Args),
    /// List the releases of a deployment
    Releases(commands::releases::Args),
    /// Go back to an earlier release
    Rollback(commands::rollback::Args),
    /// Deploy the newest commit of the same source
    Redeploy(commands::redeploy::Args),
    /// Give up the rollout that is on its way; what serves goes on
    Cancel(commands::cancel::Args),
    /// Stop a deployment; its name and settings stay
    Stop(commands::stop::Args),
    /// Start a stopped deployment
    Start(commands::start::Args),
    /// Start the app anew, without an interruption
    Restart(commands::restart::Args),
    /// Delete a deployment with its releases, logs and environment
    #[command(visible_alias = "rm")]
    Delete(commands::delete::Args),
    /// Set when a deployment ends, or that it has no end
    Extend(commands::extend::Args),
    /// Give a deployment another size
    Resize(commands::resize::Args),
    /// Set which part of its project a deployment is
    Part(commands::part::Args),
    /// Show or change environment variables
    Env(commands::env::Args),
    /// Open a deployment in the browser
    Open(commands::open::Args),
    /// Sign in to a coordinator
    Login(commands::login::Args),
    /// Forget the token of a coordinator
    Logout(commands::logout::Args),
    /// Show how a folder would be built, without sending anything
    Plan(commands::plan::Args),
    /// Machines that run deployments
    Providers(commands::providers::Args),
    /// Groups of deployments
    Projects(commands::projects::Args),
    /// API tokens
    Tokens(commands::tokens::Args),
    /// Your own key, and the money that it moves
    Wallet(commands::wallet::Args),
    /// What deployments cost, and how long the money lasts
    Billing(commands::billing::Args),
    /// What your machines earned
    Earnings(commands::earnings::Args),
    /// Recompute a line of an invoice, from the signed readings to the chain
    VerifyInvoice(commands::verify_invoice::Args),
    /// Print a completion script for a shell
    Completions(commands::completions::Args),
}

/// A deployment's name or id. What can be neither never leaves this machine.
pub(crate) fn deployment(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if !text.is_empty() && text.len() <= 64 && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("a name has small letters a-z, digits and hyphens".into())
    }
}

/// A name for a new deployment or project.
pub(crate) fn new_name(text: &str) -> Result<String, String> {
    ttalkak_protocol::name::check(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

/// A token that a header can carry. Errors: it cannot; the message never repeats it.
pub(crate) fn token(text: &str) -> CliResult<Secret<String>> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(Secret::new(text.to_owned()));
    }
    let message = if text.is_empty() {
        "No token was given."
    } else {
        "The token has blanks or other strange characters."
    };
    Err(CliError::usage(ErrorCode::Unauthorized, message, "Give the token as it was shown when it was made."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_name_that_could_be_a_path_or_an_option_is_refused() {
        for bad in ["", "a/b", "..", "-é", "A", "a b", "a%2fb"] {
            assert!(deployment(bad).is_err(), "{bad}");
        }
        assert_eq!(
            deployment("dep_00000000000000000000000000000007").as_deref(),
            Ok("dep_00000000000000000000000000000007")
        );
    }

    #[test]
    fn a_token_with_a_line_end_is_refused() {
        assert!(token("a\r\nx: y").is_err() && token(" ").is_err());
        assert_eq!(token(" ttk_1\n").unwrap().reveal(), "ttk_1");
    }
}
