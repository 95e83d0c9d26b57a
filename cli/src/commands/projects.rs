//! `ttalkak projects`: groups of deployments.

use crate::{
    args::{deployment, new_name},
    clock,
    context::Context,
    error::CliResult,
    human,
    output::table,
};
use serde_json::json;
use ttalkak_protocol::api::{
    page::{LIMIT_MAX, ListQuery},
    project::CreateProject,
};

/// What `projects` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to do; `list` when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show them
    List {
        /// Part of the name
        #[arg(long, short)]
        search: Option<String>,
        /// At most so many, 1 to 200
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIMIT_MAX)))]
        limit: Option<u32>,
    },
    /// Make one
    Create {
        /// Its name
        #[arg(value_parser = new_name)]
        name: String,
    },
    /// Delete an empty one
    Delete {
        /// Name or id
        #[arg(value_parser = deployment)]
        name: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

/// Shows or changes them.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    match args.action.unwrap_or(Action::List { search: None, limit: None }) {
        Action::List { search, limit } => {
            let page = api.projects(&ListQuery { q: search, limit, ..ListQuery::default() }).await?;
            let now = clock::now();
            context.output.result(&page, || {
                let rows: Vec<_> = page
                    .items
                    .iter()
                    .map(|item| {
                        [item.name.clone(), item.deployments.to_string(), human::ago(item.updated_at, now)]
                    })
                    .collect();
                table(["NAME", "DEPLOYMENTS", "CHANGED"], &rows, context.output.out)
            })
        }
        Action::Create { name } => {
            let project = api.create_project(&CreateProject { name }).await?;
            context.output.result(&project, || format!("Made {}", project.name))
        }
        Action::Delete { name, yes } => {
            super::delete::confirm(context, yes, &name, &format!("This deletes the project {name}.")).await?;
            api.delete_project(&name).await?;
            context.output.result(&json!({ "deleted": name }), || format!("Deleted {name}"))
        }
    }
}
