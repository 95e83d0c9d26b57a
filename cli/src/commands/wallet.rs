//! `ttalkak wallet`: the tenant's own key and the money that it moves. The key is made here, stays here and signs here.

mod exit;
mod faucet;
mod funds;
mod link;
mod make;

use crate::{
    context::Context,
    error::{CliError, CliResult},
    purse::{Purse, RpcArgs},
    wallet::Record,
};
use serde_json::json;
use std::path::PathBuf;
use ttalkak_escrow::checksum;
use ttalkak_protocol::error::ErrorCode;
use ttalkak_rpc::in_coin;

/// What `wallet` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to do; `show` when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a key on this machine
    Create {
        /// Keep it in a file under a passphrase, even where the system has a keyring
        #[arg(long)]
        keystore: bool,
    },
    /// Bring a key: hex on standard input, or a geth keystore file
    Import {
        /// A geth keystore (version 3)
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Keep it in a file under a passphrase, even where the system has a keyring
        #[arg(long)]
        keystore: bool,
    },
    /// Show the address and what it has
    Show(RpcArgs),
    /// Tell the coordinator which wallet is yours, by a signature
    Link(link::Args),
    /// Put money into the escrow, from where your deployments are paid
    Deposit(funds::Args),
    /// Take free money out of the escrow
    Withdraw(funds::Args),
    /// Leave: end all agreements by the contract alone, without the coordinator, and take everything out
    Exit(exit::Args),
    /// Make worthless development tokens
    Faucet(faucet::Args),
}

/// Looks at the wallet or moves its money.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    match args.action.unwrap_or_else(|| Action::Show(RpcArgs::default())) {
        Action::Create { keystore } => make::create(context, !keystore).await,
        Action::Import { file, keystore } => make::import(context, file, !keystore).await,
        Action::Show(rpc) => show(context, &rpc).await,
        Action::Link(args) => link::run(context, args).await,
        Action::Deposit(args) => funds::deposit(context, args).await,
        Action::Withdraw(args) => funds::withdraw(context, args).await,
        Action::Exit(args) => exit::run(context, args).await,
        Action::Faucet(args) => faucet::run(context, args).await,
    }
}

async fn show(context: &Context, rpc: &RpcArgs) -> CliResult<()> {
    let wallet = context.wallet()?;
    let record = wallet.existing()?;
    let kept = wallet.place(record.kept);
    let address = checksum(&record.address);
    let purse = match Purse::open(context, rpc).await {
        Ok(purse) => purse,
        // The key is this machine's; who is not signed in, or pays nothing there, still sees it.
        Err(error) if not_here(&error) => {
            let document = json!({ "address": address, "kept": kept });
            return context.output.result(&document, || format!("{address}\n  key       {kept}"));
        }
        Err(error) => return Err(error),
    };
    let (held, free, gas) = tokio::try_join!(purse.holdings(), purse.free(), async {
        Ok::<_, CliError>(purse.chain.balance(purse.address()).await?)
    })?;
    let coin = purse.coin();
    let linked = linked(&purse, &record);
    let document = json!({
        "address": address, "kept": kept, "held": held, "free": free, "fee_coin_wei": gas.to_string(),
        "linked": purse.view.wallet == Some(record.address), "chain": purse.view.chain,
    });
    context.output.result(&document, || {
        [
            address.clone(),
            format!("  key       {kept}"),
            format!("  account   {linked}"),
            format!("  holds     {}", coin.show(held)),
            format!("  escrow    {} free", coin.show(free)),
            format!("  fees      {} of the chain's coin", in_coin(gas)),
        ]
        .join("\n")
    })
}

fn linked(purse: &Purse, record: &Record) -> String {
    match purse.view.wallet {
        Some(wallet) if wallet == record.address => format!("linked at {}", purse.api.coordinator()),
        Some(wallet) => format!("another wallet is linked: {}", checksum(&wallet)),
        None => "not linked; link it with `ttalkak wallet link`".to_owned(),
    }
}

fn not_here(error: &CliError) -> bool {
    matches!(error, CliError::NotSignedIn { .. }) || error.code() == ErrorCode::PaymentsOff.as_str()
}
