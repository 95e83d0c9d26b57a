//! `ttalkak providers`: the machines that run deployments.

use crate::{
    api::Api,
    clock,
    context::Context,
    error::{CliError, CliResult},
    human,
    output::{Paint, Tone, plain, table},
};
use serde_json::json;
use ttalkak_protocol::{
    api::provider::{EnrolLink, OpenEnrolment, ProviderView},
    error::ErrorCode,
    id::AgentId,
    unit::{Millis, UnixMillis},
};

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
    /// Show one-time codes that were not used yet
    Codes,
    /// Take a one-time code back
    RevokeCode {
        /// Id, as in `providers codes`
        id: String,
    },
    /// Let in a machine that shows a pairing code on its screen
    Approve {
        /// Such as ACDE-3467
        code: String,
    },
    /// Call a machine otherwise
    Rename {
        /// Id or name, as in `providers list`
        provider: String,
        /// 1 to 64 characters
        name: String,
    },
    /// Empty a machine: what it runs is started elsewhere, and stopped when the time is over
    Leave {
        /// Id or name, as in `providers list`
        provider: String,
        /// Minutes until it is empty
        #[arg(long = "in", value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=10_080))]
        minutes: u32,
        /// Let it stay after all
        #[arg(long, conflicts_with = "minutes")]
        cancel: bool,
    },
    /// Take a machine's right away; what it runs is started elsewhere
    #[command(alias = "remove")]
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
        Some(Action::Enrol) => enrol(context, &api).await,
        Some(Action::Codes) => {
            let list = api.enrolments().await?;
            context.output.result(&list, || codes(&list.items, clock::now(), context.output.out))
        }
        Some(Action::RevokeCode { id }) => {
            api.revoke_enrolment(&id).await?;
            context.output.result(&json!({ "revoked": id }), || format!("The code {} is void.", plain(&id)))
        }
        Some(Action::Approve { code }) => {
            let let_in = api.approve_provider(code).await?;
            context
                .output
                .result(&let_in, || format!("{} lends for you now ({}).", plain(&let_in.name), let_in.id))
        }
        Some(Action::Rename { provider, name }) => {
            let found = find(&api.providers().await?.items, &provider)?;
            let renamed = api.rename_provider(found.0, name).await?;
            context.output.result(&renamed, || format!("{} is now {}.", found.1, plain(&renamed.name)))
        }
        Some(Action::Leave { provider, minutes, cancel }) => {
            let found = find(&api.providers().await?.items, &provider)?;
            let by = (!cancel).then(|| clock::now().after(Millis(u64::from(minutes) * 60_000)));
            let told = api.empty_provider(found.0, by).await?;
            context.output.result(&told, || match told.lending.leaving_by {
                Some(by) => format!("{} is empty {}.", found.1, human::until(by, clock::now())),
                None => format!("{} stays.", found.1),
            })
        }
        Some(Action::Revoke { provider, yes }) => revoke(context, &api, &provider, yes).await,
    }
}

async fn enrol(context: &Context, api: &Api) -> CliResult<()> {
    let enrolment = api.enrol().await?;
    let coordinator = api.coordinator();
    context.output.result(&enrolment, || enrolment.code.reveal().clone())?;
    if !context.output.json {
        let until = human::until(enrolment.expires_at, clock::now());
        let link = EnrolLink { code: enrolment.code.clone(), coordinator: coordinator.clone() };
        context.output.say(format!(
            "On the machine that is to lend its power, run:\n  ttalkak-agent enrol {} --coordinator {coordinator}\n\
             or paste this into its desktop app:\n  {}\nThe code works once and ends {until}.",
            enrolment.code.reveal(),
            link.reveal()
        ));
    }
    Ok(())
}

async fn revoke(context: &Context, api: &Api, provider: &str, yes: bool) -> CliResult<()> {
    let found = find(&api.providers().await?.items, provider)?;
    let warning = format!(
        "What {} runs ends there and is started elsewhere where it fits; it must be enrolled again to come back.",
        found.1
    );
    super::delete::confirm(context, yes, &found.1, &warning).await?;
    api.revoke_provider(found.0).await?;
    context.output.result(&json!({ "revoked": found.0 }), || format!("Revoked {}", found.1))
}

fn codes(items: &[OpenEnrolment], now: UnixMillis, paint: Paint) -> String {
    if items.is_empty() {
        return "No code is open. Make one with `ttalkak providers enrol`.".to_owned();
    }
    let rows: Vec<_> =
        items.iter().map(|item| [item.id.clone(), human::until(item.expires_at, now)]).collect();
    table(["ID", "ENDS"], &rows, paint)
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
        return match (item.lending.leaving_by, item.lending.obstacle()) {
            (Some(by), _) => {
                format!("{} Leaving, gone {}", paint.tone(Tone::Warn, "◐"), human::until(by, now))
            }
            (None, Some(why)) => format!("{} Online, {}", paint.tone(Tone::Warn, "◐"), why.words()),
            (None, None) => format!("{} Online", paint.tone(Tone::Good, "●")),
        };
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
