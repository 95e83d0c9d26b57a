//! `ttalkak tokens`: who may sign in.

use crate::{
    clock,
    context::Context,
    error::CliResult,
    human,
    output::{plain, table},
};
use serde_json::json;
use ttalkak_protocol::{api::token::CreateToken, id::TokenId};

/// What `tokens` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to do; `list` when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show them, without their secrets
    List,
    /// Make one and show its secret, this once
    Create {
        /// What it is for
        name: String,
    },
    /// Make one useless
    Revoke {
        /// Id, as in `tokens list`
        id: TokenId,
    },
}

/// Shows or changes them.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    match args.action.unwrap_or(Action::List) {
        Action::List => {
            let list = api.tokens().await?;
            let now = clock::now();
            context.output.result(&list, || {
                let rows: Vec<_> = list
                    .items
                    .iter()
                    .map(|item| {
                        let used =
                            item.last_used_at.map_or_else(|| "never".to_owned(), |at| human::ago(at, now));
                        [plain(&item.name), item.id.to_string(), human::ago(item.created_at, now), used]
                    })
                    .collect();
                table(["NAME", "ID", "MADE", "USED"], &rows, context.output.out)
            })
        }
        Action::Create { name } => {
            let created = api.create_token(&CreateToken { name }).await?;
            context.output.result(&created, || created.secret.reveal().clone())?;
            if !context.output.json {
                context.output.say("Keep it now: it is not shown again.");
            }
            Ok(())
        }
        Action::Revoke { id } => {
            api.revoke_token(id).await?;
            context.output.result(&json!({ "revoked": id }), || format!("Revoked {id}"))
        }
    }
}
