//! `ttalkak list`: deployments as a table.

use crate::{
    api::Api,
    args::deployment,
    clock,
    context::Context,
    error::CliResult,
    human,
    output::{Paint, table},
    status,
};
use ttalkak_protocol::{
    api::{
        deployment::DeploymentView,
        page::{LIMIT_MAX, ListQuery, Page},
    },
    unit::UnixMillis,
};

/// What `list` takes.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Part of the name
    #[arg(long, short)]
    search: Option<String>,
    /// name, state, created_at or updated_at; a leading - reverses
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most so many, 1 to 200
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIMIT_MAX)))]
    limit: Option<u32>,
    /// All of them, page after page
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Only those of a project
    #[arg(long, value_parser = deployment)]
    project: Option<String>,
}

/// Shows them.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    let limit = if args.all { Some(LIMIT_MAX) } else { args.limit };
    let query = ListQuery { q: args.search, sort: args.sort, limit, cursor: None, project: args.project };
    let page = if args.all { every_page(&api, query).await? } else { api.deployments(&query).await? };
    context.output.result(&page, || words(&page, clock::now(), context.output.out))?;
    let left = page.total.saturating_sub(page.items.len() as u64);
    if left > 0 && !context.output.json {
        context.output.say(format!("{left} more; show them with --all"));
    }
    Ok(())
}

async fn every_page(api: &Api, mut query: ListQuery) -> CliResult<Page<DeploymentView>> {
    let mut whole = api.deployments(&query).await?;
    while let Some(cursor) = whole.next_cursor.take() {
        query.cursor = Some(cursor);
        let page = api.deployments(&query).await?;
        whole.items.extend(page.items);
        whole.next_cursor = page.next_cursor;
    }
    Ok(whole)
}

fn words(page: &Page<DeploymentView>, now: UnixMillis, paint: Paint) -> String {
    if page.items.is_empty() {
        return "Nothing deployed yet. Start with `ttalkak deploy` in the folder of an app.".to_owned();
    }
    let rows: Vec<_> = page
        .items
        .iter()
        .map(|view| {
            [
                view.name.clone(),
                status::line(view, now, paint),
                view.url.clone(),
                view.project_name.clone(),
                human::ago(view.updated_at, now),
            ]
        })
        .collect();
    table(["NAME", "STATUS", "URL", "PROJECT", "CHANGED"], &rows, paint)
}
