//! `ttalkak wallet exit`: leaves by the contract alone. Agreements and mandates are found in what the contract reported,
//! nothing is asked of a coordinator, and running it again goes on where the chain stands.

use crate::{
    context::Context,
    error::{CliError, CliResult},
    leaving::{self, Agreed, Plan},
    money::{self, Coin},
    output::plain,
    purse::{Move, RpcArgs, carry_out, confirm, open_key},
    wallet::{Contract, Record},
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_escrow::{Key, abi, agreement_key, checksum, mandate_id, parse_address};
use ttalkak_protocol::{
    error::ErrorCode,
    money::{Amount, ChainHash, Domain, EvmAddress, Mandate, Terms},
};
use ttalkak_rpc::{Chain, Intent, Past, calls, in_coin};

/// Agreements closed in one transaction: some 40,000 gas each, far below any block.
const CLOSES_MAX: usize = 50;

/// What `wallet exit` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Only show what stands on chain and what would be done
    #[arg(long)]
    dry_run: bool,
    /// The escrow contract; the one that this wallet was linked with when absent
    #[arg(long, value_name = "ADDRESS", requires = "token")]
    contract: Option<String>,
    /// The token that the money is in
    #[arg(long, value_name = "ADDRESS", requires = "contract")]
    token: Option<String>,
    /// Look for agreements from this block on
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    from_block: u64,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// The contract, the chain, and how money is written there.
struct Place {
    chain: Chain,
    contract: Contract,
    symbol: String,
    decimals: u8,
    notice: u64,
}

impl Place {
    fn coin(&self) -> Coin<'_> {
        Coin::new(&self.symbol, self.decimals)
    }

    async fn free(&self, who: EvmAddress) -> CliResult<Amount> {
        Ok(self.chain.read(self.contract.domain.contract, calls::free(who, self.contract.token)).await?)
    }
}

/// What was found on chain.
struct Found {
    agreed: Vec<Agreed>,
    mandates: Vec<Mandate>,
    /// Opened in a call that this program cannot read, such as one by another contract.
    unreadable: Vec<ChainHash>,
}

pub(super) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let wallet = context.wallet()?.clone();
    let record = wallet.existing()?;
    let place = place(context, &record, &args).await?;
    let found = find(context, &place, record.address, args.from_block).await?;
    let (_, now) = place.chain.now().await?;
    let plan = leaving::plan(&found.agreed, &found.mandates, now, place.notice);
    let free = place.free(record.address).await?;
    tell(context, &place, &found, &plan, free, now);
    let steps = steps(&place, &plan);
    if args.dry_run || (steps.is_empty() && free == Amount::ZERO) {
        return finish(context, &place, &plan, free, now);
    }
    let fee = fees(&place.chain, record.address, &steps).await?;
    context.output.say(format!("Fees so far: at most {} of the chain's coin.", in_coin(fee)));
    confirm(context, args.yes, "Do all of this?").await?;
    let key = open_key(context, &wallet, &record).await?;
    for (title, intent) in steps {
        send(context, &place, &key, title, Vec::new(), intent).await?;
    }
    // Last, with what the closes brought back.
    let free = place.free(record.address).await?;
    if free > Amount::ZERO {
        let facts = vec![("to", format!("your wallet {}", checksum(&record.address)))];
        let input = abi::encode_withdraw(place.contract.token, free);
        let title = format!("Withdraw {}", place.coin().show(free));
        let intent = Intent { to: place.contract.domain.contract, value: 0, input };
        send(context, &place, &key, title, facts, intent).await?;
    }
    finish(context, &place, &plan, place.free(record.address).await?, now)
}

async fn send(
    context: &Context,
    place: &Place,
    key: &Key,
    title: String,
    facts: Vec<(&'static str, String)>,
    intent: Intent,
) -> CliResult<()> {
    let chain_id = place.contract.domain.chain_id;
    let wish = Move { title, facts, intent, key, yes: true };
    carry_out(context, &place.chain, chain_id, wish).await.map(drop)
}

/// Where the money is, asked of the chain alone. Errors: nobody says where, or there is no such contract.
async fn place(context: &Context, record: &Record, args: &Args) -> CliResult<Place> {
    let known = known(record, context.coordinator_meant().as_deref());
    let url = args.rpc.rpc.clone().or_else(|| known.as_ref().and_then(|(_, url)| url.clone()));
    let url = url.ok_or_else(|| {
        let message = "This machine knows no endpoint of the chain.";
        CliError::usage(ErrorCode::ChainUnavailable, message, "Name one with --rpc URL.")
    })?;
    let chain = Chain::new(&url)?;
    let chain_id = chain.chain_id().await?;
    let contract = match (&args.contract, &args.token) {
        (Some(contract), Some(token)) => {
            let domain = Domain { chain_id, contract: address(contract)? };
            Contract { domain, token: address(token)? }
        }
        _ => known.map(|(contract, _)| contract).ok_or_else(|| {
            CliError::usage(
                ErrorCode::WalletRequired,
                "This wallet was not linked on this machine, so it does not know where its money is.",
                "Name the contract and the token with --contract and --token.",
            )
        })?,
    };
    let mismatch =
        |what: String, next: &str| CliError::usage(ErrorCode::ChainMismatch, what, next.to_owned());
    if contract.domain.chain_id != chain_id {
        let what = format!("The endpoint serves chain {chain_id}, not {}.", contract.domain.chain_id);
        return Err(mismatch(what, "Name an endpoint of the right chain with --rpc URL."));
    }
    let notice = chain.read(contract.domain.contract, calls::notice()).await.map_err(|_| {
        let what = format!("There is no escrow at {} on chain {chain_id}.", contract.domain.contract);
        mismatch(what, "Check --contract and --rpc.")
    })?;
    let (symbol, decimals) = if contract.token == EvmAddress::ZERO {
        ("coin".to_owned(), 18)
    } else {
        tokio::try_join!(
            chain.read(contract.token, calls::symbol()),
            chain.read(contract.token, calls::decimals())
        )?
    };
    Ok(Place { chain, contract, symbol: plain(&symbol), decimals, notice })
}

/// The contract of a coordinator, else the only one that this wallet was ever linked with.
fn known(record: &Record, coordinator: Option<&str>) -> Option<(Contract, Option<String>)> {
    let same = |known: &str| {
        coordinator.is_some_and(|meant| meant.trim_end_matches('/') == known.trim_end_matches('/'))
    };
    let mut all = record.contracts.iter();
    let (name, contract) = match all.clone().find(|(known, _)| same(known)) {
        Some(found) => found,
        None => all.next().filter(|_| record.contracts.len() == 1)?,
    };
    Some((*contract, record.endpoints.get(name).cloned()))
}

fn address(text: &str) -> CliResult<EvmAddress> {
    parse_address(text).map_err(|error| {
        CliError::usage(ErrorCode::InvalidQuery, format!("`{}`: {error}.", plain(text)), "Copy it again.")
    })
}

/// All agreements that this wallet ever opened, and the mandates that they were opened under.
async fn find(context: &Context, place: &Place, tenant: EvmAddress, from_block: u64) -> CliResult<Found> {
    let chain = &place.chain;
    let contract = place.contract.domain.contract;
    let (to_block, _) = chain.now().await?;
    context.output.say(format!("Looking for agreements in blocks {from_block} to {to_block}."));
    let topics = vec![Some(calls::opened_topic()), None, Some(calls::address_topic(tenant))];
    let past = Past { contract, topics, from_block, to_block };
    let logs = chain.past(&past, |at| context.output.say(format!("  looked until block {at}"))).await?;
    let opened: BTreeSet<_> = logs.iter().filter_map(|log| log.topics.get(1).copied()).collect();
    let transactions: BTreeSet<_> = logs.iter().filter_map(|log| log.transaction_hash).collect();
    let mut terms: BTreeMap<ChainHash, Terms> = BTreeMap::new();
    let mut mandates: BTreeMap<ChainHash, Mandate> = BTreeMap::new();
    for hash in transactions {
        let Some(transaction) = chain.transaction(hash).await? else { continue };
        for (opened, mandate) in abi::decode_open(&transaction.input()?) {
            // The hash of the terms is the agreement's key, so nothing here needs to be believed.
            terms.insert(agreement_key(&opened), opened);
            let own = mandate.filter(|mandate| mandate.tenant == tenant);
            mandates.extend(own.map(|mandate| (mandate_id(&mandate), mandate)));
        }
    }
    let mut found = Found { agreed: Vec::new(), mandates: Vec::new(), unreadable: Vec::new() };
    for key in opened {
        match terms.get(&key) {
            Some(terms) if terms.token == place.contract.token => {
                let standing = chain.read(contract, calls::agreement(key)).await?;
                found.agreed.push(Agreed { key, terms: *terms, standing });
            }
            Some(_) => {}
            None => found.unreadable.push(key),
        }
    }
    for (id, mandate) in mandates {
        if !chain.read(contract, calls::is_revoked(id)).await? {
            found.mandates.push(mandate);
        }
    }
    Ok(found)
}

/// The transactions before the withdrawal, in the order that leaves no gap: first nothing more can be locked.
fn steps(place: &Place, plan: &Plan) -> Vec<(String, Intent)> {
    let to = place.contract.domain.contract;
    let intent = |input| Intent { to, value: 0, input };
    let short = |key: ChainHash| key.to_string().chars().take(10).collect::<String>();
    let mut steps = Vec::new();
    for mandate in &plan.revoke {
        let title = format!("Revoke mandate {}", short(mandate_id(mandate)));
        steps.push((title, intent(abi::encode_revoke(mandate))));
    }
    for terms in &plan.ask {
        let title = format!("Ask for the end of agreement {}", short(agreement_key(terms)));
        steps.push((title, intent(abi::encode_request_close(terms))));
    }
    for some in plan.close.chunks(CLOSES_MAX) {
        let total =
            |terms: &Terms| abi::SignedTotal { terms: *terms, cumulative: Amount::ZERO, signature: None };
        let input = abi::encode_close(&some.iter().map(total).collect::<Vec<_>>());
        steps.push((format!("Close {} agreements whose notice is over", some.len()), intent(input)));
    }
    steps
}

/// The most that all steps can cost, in wei.
async fn fees(chain: &Chain, from: EvmAddress, steps: &[(String, Intent)]) -> CliResult<u128> {
    let chain_id = chain.chain_id().await?;
    let mut sum = 0_u128;
    for (_, intent) in steps {
        sum = sum.saturating_add(chain.prepare(chain_id, from, intent).await?.fee_max());
    }
    Ok(sum)
}

fn tell(context: &Context, place: &Place, found: &Found, plan: &Plan, free: Amount, now: u64) {
    let coin = place.coin();
    let open = plan.ask.len() + plan.close.len();
    let mut lines = vec![
        format!("  agreements {} on chain, {open} to act on", found.agreed.len()),
        format!("  mandates   {} to revoke", plan.revoke.len()),
        format!("  now        {} free and {} from closes", coin.show(free), coin.show(plan.back_now)),
    ];
    if let Some(until) = plan.until {
        lines.push(format!(
            "  later      at most {}, in {}, less what providers hold vouchers for",
            coin.show(plan.back_later),
            money::runway(until.saturating_sub(now))
        ));
    }
    for key in &found.unreadable {
        lines.push(format!("  unreadable {key}: it was opened by another contract's call"));
    }
    context.output.say(lines.join("\n"));
}

fn finish(context: &Context, place: &Place, plan: &Plan, free: Amount, now: u64) -> CliResult<()> {
    let coin = place.coin();
    let document = json!({
        "free": free, "back_later": plan.back_later, "until": plan.until,
        "revoke": plan.revoke.len(), "ask": plan.ask.len(), "close": plan.close.len(),
    });
    context.output.result(&document, || match plan.until {
        Some(until) => format!(
            "{} still locked at most; run this again in {}.",
            coin.show(plan.back_later),
            money::runway(until.saturating_sub(now).max(60))
        ),
        None => format!("Nothing is locked any more; {} free in the escrow.", coin.show(free)),
    })
}
