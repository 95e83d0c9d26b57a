//! Money into the escrow and out of it.

use crate::{
    clock,
    context::Context,
    error::{CliError, CliResult},
    purse::{Move, Purse, RpcArgs},
    wallet::Contract,
};
use serde_json::json;
use std::time::Duration;
use ttalkak_escrow::{
    Key, abi, checksum,
    permit::{Permit, TokenDomain},
};
use ttalkak_protocol::{
    api::billing::BillingView,
    error::ErrorCode,
    money::{Amount, EvmAddress, EvmSignature},
};
use ttalkak_rpc::{Intent, calls};

/// How long a permit is good: a slow block or two, not a day.
const PERMIT_SECONDS: u64 = 1800;

/// How often the coordinator is asked for a deposit, and the pause between: 15 s in all, enough where final is soon.
const BOOKING_LOOKS: u32 = 60;
const BOOKING_PAUSE: Duration = Duration::from_millis(250);

/// What `wallet deposit` and `wallet withdraw` take.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How much, such as 12.5; `all` takes everything that is free
    amount: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Wallet to escrow: with a signed permit where the token has them, else approve and deposit.
pub(super) async fn deposit(context: &Context, args: Args) -> CliResult<()> {
    let mut purse = Purse::open(context, &args.rpc).await?;
    let held = purse.holdings().await?;
    let amount = wanted(&purse, &args.amount, held, "The wallet holds")?;
    let key = purse.key(context).await?;
    let contract = purse.view.chain.domain.contract;
    let token = purse.view.chain.token;
    let title = format!("Deposit {}", purse.coin().show(amount));
    let facts = vec![
        ("from", format!("your wallet {}", checksum(&purse.address()))),
        ("to", "your balance in the escrow, which you can withdraw while it is free".to_owned()),
        ("amount", purse.coin().show(amount)),
    ];
    let send = |intent| Move { title: title.clone(), facts: facts.clone(), intent, key: &key, yes: args.yes };
    let plain = Intent { to: contract, value: 0, input: abi::encode_deposit(token, amount) };
    if token == EvmAddress::ZERO {
        purse.carry_out(context, send(Intent { value: amount.0, ..plain })).await?;
    } else if purse.chain.read(token, calls::allowance(purse.address(), contract)).await? >= amount {
        purse.carry_out(context, send(plain)).await?;
    } else if let Some((deadline, signature)) = permit(&purse, &key, amount).await? {
        let input = abi::encode_deposit_with_permit(token, amount, deadline, &signature);
        purse.carry_out(context, send(Intent { to: contract, value: 0, input })).await?;
    } else {
        let facts = vec![("who", format!("the escrow {} may take it", checksum(&contract)))];
        let input = abi::encode_approve(contract, amount);
        let intent = Intent { to: token, value: 0, input };
        let title = format!("Approve {}", purse.coin().show(amount));
        purse.carry_out(context, Move { title, facts, intent, key: &key, yes: args.yes }).await?;
        purse.carry_out(context, send(plain)).await?;
    }
    remember(&mut purse)?;
    await_booking(context, &purse, amount).await;
    finish(context, &purse, "deposited", amount).await
}

/// Escrow to wallet, at once: what is free needs nobody's consent.
pub(super) async fn withdraw(context: &Context, args: Args) -> CliResult<()> {
    let purse = Purse::open(context, &args.rpc).await?;
    let free = purse.free().await?;
    let amount = wanted(&purse, &args.amount, free, "Free in the escrow is")?;
    let key = purse.key(context).await?;
    let title = format!("Withdraw {}", purse.coin().show(amount));
    let facts = vec![
        ("from", "your free balance in the escrow".to_owned()),
        ("to", format!("your wallet {}", checksum(&purse.address()))),
        ("amount", purse.coin().show(amount)),
    ];
    let input = abi::encode_withdraw(purse.view.chain.token, amount);
    let intent = Intent { to: purse.view.chain.domain.contract, value: 0, input };
    purse.carry_out(context, Move { title, facts, intent, key: &key, yes: args.yes }).await?;
    finish(context, &purse, "withdrawn", amount).await
}

/// The amount that was asked for. Errors: no amount, or more than there is.
fn wanted(purse: &Purse, text: &str, there: Amount, where_from: &str) -> CliResult<Amount> {
    let coin = purse.coin();
    let amount = if text == "all" { there } else { coin.read_some(text)? };
    if amount <= there && amount > Amount::ZERO {
        return Ok(amount);
    }
    let message = format!("{where_from} {}, that is not enough.", coin.show(there));
    Err(CliError::usage(ErrorCode::FundsInsufficient, message, "Give a smaller amount, or bring more first."))
}

/// A permit for the escrow; `None` when the token takes none, or names its domain in a way of its own.
async fn permit(purse: &Purse, key: &Key, amount: Amount) -> CliResult<Option<(u64, EvmSignature)>> {
    let (token, chain_id) = (purse.view.chain.token, purse.view.chain.domain.chain_id);
    let asked = tokio::join!(
        purse.chain.read(token, calls::token_name()),
        purse.chain.read(token, calls::domain_separator()),
        purse.chain.read(token, calls::nonces(purse.address())),
    );
    let (Ok(name), Ok(separator), Ok(nonce)) = asked else { return Ok(None) };
    // USDC and its like say 2; nothing on chain tells the version but the hash itself.
    let domain = ["1", "2"]
        .map(|version| TokenDomain { name: name.clone(), version: version.to_owned(), chain_id, token })
        .into_iter()
        .find(|domain| domain.separator() == separator);
    let Some(domain) = domain else { return Ok(None) };
    let deadline = u64::try_from(clock::now().0 / 1000).unwrap_or(0) + PERMIT_SECONDS;
    let spender = purse.view.chain.domain.contract;
    let permit = Permit { owner: purse.address(), spender, value: amount, nonce, deadline };
    Ok(Some((deadline, key.sign(permit.digest(&domain)))))
}

/// Whoever deploys next should not be told that the money is not there. It is on chain already, so nothing that happens
/// here is an error: a chain whose blocks take minutes to be final is only told of.
async fn await_booking(context: &Context, purse: &Purse, amount: Amount) {
    if purse.view.wallet != Some(purse.address()) {
        return;
    }
    let all = |view: &BillingView| view.free.0 + view.locked.0 + view.accrued.0 + view.settled.0;
    let wanted = all(&purse.view) + amount.0;
    context.output.say("Waiting until the coordinator has booked it");
    for _ in 0..BOOKING_LOOKS {
        if purse.api.billing().await.is_ok_and(|view| all(&view) >= wanted) {
            return;
        }
        tokio::time::sleep(BOOKING_PAUSE).await;
    }
    context.output.say("It is on chain, and counts as soon as the chain calls it final.");
}

/// From here on another contract of this coordinator is noticed, and the money is found without it.
fn remember(purse: &mut Purse) -> CliResult<()> {
    let contract = Contract::from(&purse.view.chain);
    let (coordinator, endpoint) = (purse.api.coordinator(), purse.chain.url().to_owned());
    if purse.record.remember(&coordinator, contract, &endpoint) {
        purse.wallet.keep_record(&purse.record)?;
    }
    Ok(())
}

async fn finish(context: &Context, purse: &Purse, verb: &str, amount: Amount) -> CliResult<()> {
    let free = purse.free().await?;
    let coin = purse.coin();
    context.output.result(&json!({ verb: amount, "free": free }), || {
        format!("{} {verb}; {} free in the escrow.", coin.show(amount), coin.show(free))
    })
}
