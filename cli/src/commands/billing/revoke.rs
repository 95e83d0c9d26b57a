//! `ttalkak billing revoke`: takes the mandate back, on chain, without asking the coordinator for anything but its text.

use crate::{
    context::Context,
    error::{CliError, CliResult},
    purse::{Move, Purse, RpcArgs},
};
use serde_json::json;
use ttalkak_escrow::{abi, mandate_id};
use ttalkak_protocol::error::ErrorCode;
use ttalkak_rpc::Intent;

/// What `billing revoke` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    rpc: RpcArgs,
}

pub(super) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let purse = Purse::open(context, &args.rpc).await?;
    let Some(view) = &purse.view.mandate else {
        let message = "There is no mandate to revoke.";
        return Err(CliError::usage(ErrorCode::MandateRequired, message, "Nothing needs to be done."));
    };
    let id = mandate_id(&view.mandate);
    let key = purse.key(context).await?;
    let wish = Move {
        title: format!("Revoke mandate {id}"),
        facts: vec![
            ("from then", "nothing new is opened or raised under it".to_owned()),
            ("what runs", "goes on until what is locked for it is used".to_owned()),
        ],
        intent: Intent {
            to: purse.view.chain.domain.contract,
            value: 0,
            input: abi::encode_revoke(&view.mandate),
        },
        key: &key,
        yes: args.yes,
    };
    purse.carry_out(context, wish).await?;
    context.output.result(&json!({ "revoked": id }), || format!("Revoked {id}"))
}
