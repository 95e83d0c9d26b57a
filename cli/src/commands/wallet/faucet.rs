//! Development tokens out of nothing.

use crate::{
    context::Context,
    error::{CliError, CliResult},
    purse::{Move, Purse, RpcArgs},
};
use serde_json::json;
use ttalkak_escrow::{abi, checksum};
use ttalkak_protocol::{error::ErrorCode, money::EvmAddress};
use ttalkak_rpc::{ChainFault, Intent};

/// The id of chains that a development node makes by itself.
const DEVELOPMENT_CHAIN: u64 = 31_337;
/// One whole coin of such a chain pays for thousands of transactions.
const DEVELOPMENT_COIN: u128 = 1_000_000_000_000_000_000;

/// What `wallet faucet` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How much
    #[arg(default_value = "100")]
    amount: String,
    #[command(flatten)]
    rpc: RpcArgs,
}

pub(super) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let purse = Purse::open(context, &args.rpc).await?;
    let amount = purse.coin().read_some(&args.amount)?;
    let chain = &purse.view.chain;
    if chain.token == EvmAddress::ZERO {
        return Err(no_faucet(&chain.symbol));
    }
    if chain.domain.chain_id == DEVELOPMENT_CHAIN && purse.chain.balance(purse.address()).await? == 0 {
        purse.chain.set_development_balance(purse.address(), DEVELOPMENT_COIN).await?;
    }
    let key = purse.key(context).await?;
    let wish = Move {
        title: format!("Make {} out of nothing", purse.coin().show(amount)),
        facts: vec![
            ("to", format!("your wallet {}", checksum(&purse.address()))),
            ("worth", "nothing: anybody can make as many of this token".to_owned()),
        ],
        intent: Intent { to: chain.token, value: 0, input: abi::encode_mint(purse.address(), amount) },
        key: &key,
        // What is worth nothing needs no second word.
        yes: true,
    };
    match purse.carry_out(context, wish).await {
        Ok(_) => {}
        Err(CliError::Chain(ChainFault::Reverted { .. })) => return Err(no_faucet(&chain.symbol)),
        Err(error) => return Err(error),
    }
    let held = purse.holdings().await?;
    let coin = purse.coin();
    context.output.result(&json!({ "made": amount, "held": held, "worth": "nothing" }), || {
        format!("{} made; the wallet holds {}. They are worth nothing.", coin.show(amount), coin.show(held))
    })
}

fn no_faucet(symbol: &str) -> CliError {
    CliError::usage(
        ErrorCode::StateConflict,
        format!("{} has no open mint: it is not a development token.", crate::output::plain(symbol)),
        "Bring tokens to the wallet from where they are sold.",
    )
}
