//! `ttalkak verify-invoice`: recomputes a line from the signed readings to the batch on chain, and says EQUAL or NOT
//! EQUAL. Whoever runs the coordinator need not be believed for it.

use crate::{
    context::Context,
    error::{CliError, CliResult},
    money::Coin,
    output::{Tone, plain},
    purse::{self, RpcArgs},
    verify::{self, Check, on_chain},
};
use serde_json::json;
use ttalkak_protocol::{
    api::billing::{ChainView, Evidence, SettlementLine},
    money::{Amount, EvmAddress},
};
use ttalkak_rpc::{Chain, Past, calls};

/// What `verify-invoice` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An agreement's id, as in `ttalkak billing`
    #[arg(value_parser = agreement)]
    agreement: String,
    /// Look at the readings and signatures alone, not at the chain
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// Recomputes it. Errors: `NotEqual` with the first difference.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    let mut evidence = api.evidence(&args.agreement).await?;
    // A provider has no wallet here, but sees the same chain.
    let chain = match api.find_billing().await? {
        Some(view) => view.chain,
        None => api.earnings().await?.chain,
    };
    let coin = Coin::from(&chain);
    let mut beyond = Vec::new();
    let looked = !args.offline;
    if looked {
        let node = args.rpc.chain(&chain)?;
        purse::agree(&node, &chain).await?;
        let mut claimed = self::claimed(&node, &evidence).await?;
        if !covered(&evidence, claimed) {
            // A batch may have come in since the evidence was read; newer evidence has its voucher.
            evidence = api.evidence(&args.agreement).await?;
        }
        if claimed < settled(&evidence) {
            claimed = self::claimed(&node, &evidence).await?;
        }
        beyond = on_the_chain(&node, &evidence, claimed, coin).await?;
    }
    let mut checks = verify::evidence(&evidence, coin);
    checks.push(same_contract(context, &api.coordinator(), &evidence, &chain)?);
    checks.extend(beyond);
    let difference = verify::first_difference(&checks);
    show(context, &evidence, &checks, looked, coin)?;
    match difference {
        None => Ok(()),
        Some(difference) => Err(CliError::NotEqual { difference: plain(&difference) }),
    }
}

/// The evidence must speak of the contract that the money is in.
fn same_contract(
    context: &Context,
    coordinator: &str,
    evidence: &Evidence,
    chain: &ChainView,
) -> CliResult<Check> {
    let record = context.wallet().ok().map(|wallet| wallet.record()).transpose()?.flatten();
    let agreed = record.and_then(|record| record.contracts.get(coordinator).map(|known| known.domain));
    let wanted = agreed.unwrap_or(chain.domain);
    let outcome = if evidence.domain == wanted {
        Ok(())
    } else {
        Err(format!("the evidence is for {}, your money is in {}", evidence.domain.contract, wanted.contract))
    };
    Ok(Check::new(format!("contract {} on chain {}", wanted.contract, wanted.chain_id), outcome))
}

/// What the contract says was claimed under the agreement.
async fn claimed(node: &Chain, evidence: &Evidence) -> CliResult<Amount> {
    let question = calls::agreement(evidence.agreement.key);
    Ok(node.read(evidence.domain.contract, question).await?.claimed)
}

/// Whether the newest voucher stands for what was claimed.
fn covered(evidence: &Evidence, claimed: Amount) -> bool {
    evidence.voucher.map_or(Amount::ZERO, |signed| signed.voucher.cumulative) >= claimed
}

/// The largest total that the evidence says is settled.
fn settled(evidence: &Evidence) -> Amount {
    evidence.settlements.iter().map(|line| line.cumulative).max().unwrap_or(Amount::ZERO)
}

async fn on_the_chain(
    node: &Chain,
    evidence: &Evidence,
    claimed: Amount,
    coin: Coin<'_>,
) -> CliResult<Vec<Check>> {
    let mut checks = Vec::new();
    for line in &evidence.caps {
        let receipt = node.receipt(line.transaction).await?;
        let outcome = on_chain::raise(evidence, line, receipt.as_ref());
        checks.push(Check::new(
            format!("cap raised to {} · block {}", coin.show(line.cap), line.block),
            outcome,
        ));
    }
    let mut known = self::meters(node, evidence).await?;
    for line in &evidence.settlements {
        let (transaction, receipt) =
            tokio::try_join!(node.transaction(line.transaction), node.receipt(line.transaction))?;
        let sender = transaction.as_ref().zip(receipt.as_ref());
        known.extend(
            sender.and_then(|(transaction, receipt)| on_chain::settled_as_meter(transaction, receipt)),
        );
        let outcome = on_chain::settlement(evidence, line, transaction.as_ref(), receipt.as_ref());
        checks.push(Check::new(batch(line, coin), outcome));
    }
    let meters = verify::meters(evidence).len();
    if meters > 1 {
        let what = format!("{meters} meters signed, one after the other");
        checks.push(Check::new(what, on_chain::were_meters(evidence, &known)));
    }
    let last = settled(evidence);
    let outcome = if claimed < last {
        Err(format!("{claimed} is claimed on chain, {last} was settled"))
    } else if covered(evidence, claimed) {
        Ok(())
    } else {
        Err(format!("{claimed} is claimed on chain, more than any voucher covers"))
    };
    checks.push(Check::new(format!("claimed on chain {}", coin.show(claimed)), outcome));
    Ok(checks)
}

/// Keys that are or were the contract's meter, by its own word.
async fn meters(node: &Chain, evidence: &Evidence) -> CliResult<Vec<EvmAddress>> {
    let contract = evidence.domain.contract;
    let mut known = vec![node.read(contract, calls::meter()).await?];
    if verify::meters(evidence).len() > 1 {
        known.push(node.read(contract, calls::previous_meter()).await?);
        let (to_block, _) = node.now().await?;
        let from_block = evidence.caps.first().map_or(0, |line| line.block);
        let topics = vec![Some(calls::meter_changed_topic())];
        let logs = node.past(&Past { contract, topics, from_block, to_block }, |_| {}).await?;
        for log in logs {
            known.extend(log.data()?.get(12..32).and_then(|bytes| bytes.try_into().ok()).map(EvmAddress));
        }
    }
    Ok(known)
}

fn batch(line: &SettlementLine, coin: Coin<'_>) -> String {
    let SettlementLine { batch, cumulative, transaction, block, .. } = line;
    format!("batch {batch} · block {block} · {transaction} · {} in all", coin.show(*cumulative))
}

fn show(
    context: &Context,
    evidence: &Evidence,
    checks: &[Check],
    looked: bool,
    coin: Coin<'_>,
) -> CliResult<()> {
    let paint = context.output.out;
    let equal = checks.iter().all(|check| check.difference.is_none());
    if context.output.json {
        // A difference is told once, as the error, and what it was found in goes with it.
        let document =
            json!({ "equal": equal, "looked_at_chain": looked, "checks": checks, "evidence": evidence });
        return if equal {
            context.output.document(&document)
        } else {
            context.output.say_document(&document)
        };
    }
    for check in checks {
        let line = match &check.difference {
            None => format!("{} {}", paint.tone(Tone::Good, "="), plain(&check.what)),
            Some(how) => format!("{} {} · {}", paint.tone(Tone::Bad, "≠"), plain(&check.what), plain(how)),
        };
        context.output.line(line)?;
    }
    if equal {
        let total = evidence.readings.last().map_or(Amount::ZERO, |reading| reading.cumulative);
        let beyond = if looked { "" } else { " The chain was not looked at." };
        context.output.line(format!(
            "EQUAL: {} for {} readings.{beyond}",
            coin.show(total),
            evidence.readings.len()
        ))?;
    }
    Ok(())
}

fn agreement(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !text.is_empty() && text.len() <= 80 && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("give an id such as agr_…, as `ttalkak billing` shows it".to_owned())
    }
}
