//! One file per command: what it takes, what it calls, what it prints.

pub(crate) mod billing;
pub(crate) mod cancel;
pub(crate) mod completions;
pub(crate) mod delete;
pub(crate) mod deploy;
pub(crate) mod earnings;
pub(crate) mod env;
pub(crate) mod extend;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod part;
pub(crate) mod plan;
pub(crate) mod projects;
pub(crate) mod providers;
pub(crate) mod redeploy;
pub(crate) mod releases;
pub(crate) mod resize;
pub(crate) mod restart;
pub(crate) mod rollback;
pub(crate) mod start;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod tokens;
pub(crate) mod verify_invoice;
pub(crate) mod wallet;

use crate::{
    api::Api,
    args::Command,
    context::Context,
    error::{CliError, CliResult},
    rollout::{self, Rollout, Screen},
};
use tokio::time::Instant;
use ttalkak_protocol::api::deployment::DeploymentAccepted;

/// Carries a command out.
pub(crate) async fn run(context: &Context, command: Command) -> CliResult<()> {
    match command {
        Command::Deploy(args) => deploy::run(context, args).await,
        Command::Status(args) => status::run(context, args).await,
        Command::List(args) => list::run(context, args).await,
        Command::Logs(args) => logs::run(context, args).await,
        Command::Releases(args) => releases::run(context, args).await,
        Command::Rollback(args) => rollback::run(context, args).await,
        Command::Redeploy(args) => redeploy::run(context, args).await,
        Command::Cancel(args) => cancel::run(context, args).await,
        Command::Stop(args) => stop::run(context, args).await,
        Command::Start(args) => start::run(context, args).await,
        Command::Restart(args) => restart::run(context, args).await,
        Command::Delete(args) => delete::run(context, args).await,
        Command::Extend(args) => extend::run(context, args).await,
        Command::Resize(args) => resize::run(context, args).await,
        Command::Part(args) => part::run(context, args).await,
        Command::Env(args) => env::run(context, args).await,
        Command::Open(args) => open::run(context, args).await,
        Command::Login(args) => login::run(context, args).await,
        Command::Logout(args) => logout::run(context, args),
        Command::Plan(args) => plan::run(context, args).await,
        Command::Providers(args) => providers::run(context, args).await,
        Command::Projects(args) => projects::run(context, args).await,
        Command::Tokens(args) => tokens::run(context, args).await,
        Command::Wallet(args) => wallet::run(context, args).await,
        Command::Billing(args) => billing::run(context, args).await,
        Command::Earnings(args) => earnings::run(context, args).await,
        Command::VerifyInvoice(args) => verify_invoice::run(context, args).await,
        Command::Completions(args) => completions::run(context, &args),
    }
}

/// How to wait for a rollout; shared by the commands that start one.
#[derive(clap::Args)]
pub(crate) struct WaitArgs {
    /// Do not wait until it is live
    #[arg(long)]
    no_wait: bool,
    /// Show the build log while waiting
    #[arg(long, short)]
    verbose: bool,
}

impl WaitArgs {
    /// Follows a rollout that the coordinator took. `reused`: its release existed before.
    async fn finish(
        &self,
        context: &Context,
        api: &Api,
        accepted: DeploymentAccepted,
        reused: bool,
        started: Instant,
    ) -> CliResult<()> {
        let screen = Screen::new(&context.output, self.verbose);
        let rollout = Rollout {
            accepted,
            reused,
            plan_known: false,
            verbose: self.verbose,
            no_wait: self.no_wait,
            started,
        };
        rollout::finish(context, api, rollout, screen).await
    }
}

/// Runs blocking work beside the runtime. Errors: its own, or that it broke down.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> CliResult<T> + Send + 'static,
) -> CliResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(ended) => ended,
        Err(_) => Err(CliError::Bug("a task ended before its work was done")),
    }
}
