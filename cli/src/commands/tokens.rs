//! `ttalkak tokens`: who may sign in.

use crate::{
    clock,
    context::Context,
    error::CliResult,
    human,
    output::{plain, table},
};
use serde_json::json;
use ttalkak_protocol::{
    api::{team::TokenScope, token::CreateToken},
    id::TokenId,
};

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
        /// What it may do at most: read, deploy, or full, which is all that you may
        #[arg(long, default_value = "full", value_parser = scope)]
        scope: TokenScope,
        /// Make it void after so many days, 1 to 366
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
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
                        let by = item.made_by.as_deref().map_or_else(|| "–".to_owned(), plain);
                        let scope = item.scope.as_str().to_owned();
                        let made = human::ago(item.created_at, now);
                        [plain(&item.name), item.id.to_string(), scope, by, made, used]
                    })
                    .collect();
                table(["NAME", "ID", "SCOPE", "BY", "MADE", "USED"], &rows, context.output.out)
            })
        }
        Action::Create { name, scope, days } => {
            let wish = CreateToken { name, scope, expires_in_days: days };
            let created = api.create_token(&wish).await?;
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

/// Reads a scope as the API writes it.
pub(super) fn scope(text: &str) -> Result<TokenScope, String> {
    let found = TokenScope::ALL.into_iter().find(|scope| scope.as_str() == text);
    found.ok_or_else(|| "it must be read, deploy or full".to_owned())
}
