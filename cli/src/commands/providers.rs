//! `ttalkak providers`: the machines that run deployments.

use crate::{
    clock,
    context::Context,
    error::{CliError, CliResult},
    human,
    output::{Paint, Tone, plain, table},
};
use serde_json::json;
use ttalkak_protocol::{api::provider::ProviderView, error::ErrorCode, id::AgentId, unit::UnixMillis};

/// What `providers` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to do; `list` when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show them
    List,
    /// Make a one-time code for a new machine
    Enrol,
    /// Take a machine's right away
    Revoke {
        /// Id or name, as in `providers list`
        provider: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// Shows or changes them.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    match args.action {
        None | Some(Action::List) => {
            let list = api.providers().await?;
            context.output.result(&list, || words(&list.items, clock::now(), context.output.out))
        }
        Some(Action::Enrol) => {
            let enrolment = api.enrol().await?;
            let coordinator = api.coordinator();
            context.output.result(&enrolment, || enrolment.code.reveal().clone())?;
            if !context.output.json {
                let until = human::until(enrolment.expires_at, clock::now());
                context.output.say(format!(
                    "On the machine that is to lend its power, run:\n  ttalkak-agent enrol {} --coordinator {coordinator}\n\
                     The code works once and ends {until}.",
                    enrolment.code.reveal()
                ));
            }
            Ok(())
        }
        Some(Action::Revoke { provider, yes }) => {
            let found = find(&api.providers().await?.items, &provider)?;
            super::delete::confirm(
                context,
                yes,
                &found.1,
                &format!(
                    "This ends everything that {} runs; it must be enrolled again to come back.",
                    found.1
                ),
            )
            .await?;
            api.revoke_provider(found.0).await?;
            context.output.result(&json!({ "revoked": found.0 }), || format!("Revoked {}", found.1))
        }
    }
}

/// The machine of that id or name. Errors: none, or several of that name.
fn find(items: &[ProviderView], wanted: &str) -> CliResult<(AgentId, String)> {
    let mut matching = items.iter().filter(|item| item.id.to_string() == wanted || item.name == wanted);
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok((one.id, one.name.clone())),
        (None, _) => Err(CliError::usage(
            ErrorCode::NotFound,
            format!("There is no provider {}.", plain(wanted)),
            "Look for it with `ttalkak providers list`.",
        )),
        (Some(_), Some(_)) => Err(CliError::usage(
            ErrorCode::StateConflict,
            format!("Several providers are called {}.", plain(wanted)),
            "Give the id that `ttalkak providers list` shows.",
        )),
    }
}

fn words(items: &[ProviderView], now: UnixMillis, paint: Paint) -> String {
    if items.is_empty() {
        return "No providers yet. Make a code for a machine with `ttalkak providers enrol`.".to_owned();
    }
    let rows: Vec<_> = items
        .iter()
        .map(|item| {
            [
                plain(&item.name),
                standing(item, now, paint),
                lends(item),
                item.workloads.to_string(),
                item.id.to_string(),
            ]
        })
        .collect();
    table(["NAME", "STATUS", "LENDS", "RUNS", "ID"], &rows, paint)
}

fn standing(item: &ProviderView, now: UnixMillis, paint: Paint) -> String {
    if item.online {
        return format!("{} Online", paint.tone(Tone::Good, "●"));
    }
    let since =
        item.last_seen_at.map(|seen| format!(" · seen {}", human::ago(seen, now))).unwrap_or_default();
    format!("{} Offline{since}", paint.tone(Tone::Bad, "▲"))
}

fn lends(item: &ProviderView) -> String {
    item.capacity.as_ref().map_or_else(
        || "-".to_owned(),
        |capacity| {
            let cpu = f64::from(capacity.cpu.0) / 1000.0;
            format!("{} · {cpu} CPU", human::size(capacity.memory))
        },
    )
}
