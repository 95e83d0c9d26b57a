//! `ttalkak-agent wallet claim`: fetches what this machine earned straight from the contract, with the newest vouchers of
//! its own book. The coordinator may be gone. Shows what arrives and what the gas costs before it sends anything.

use super::{Failure, say};
use crate::{
    config::Config,
    io::{
        claim::{self, Claims, Looked},
        money_book::MoneyBookFile,
        wallet::{Wallet, WalletError},
    },
    logic::claim::Verdict,
};
use std::{io::BufRead as _, process::ExitCode};
use tokio::task::spawn_blocking;
use ttalkak_escrow::checksum;
use ttalkak_protocol::{link::short_key, money::Amount};
use ttalkak_rpc::{Chain, in_coin};

/// What `wallet claim` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ClaimArgs {
    /// Endpoint of the chain; `pay_rpc` of the settings when absent.
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Only show what can be claimed and what it costs.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: ClaimArgs, config: Config) -> Result<ExitCode, Failure> {
    let url = args.rpc.or_else(|| config.money.rpc.clone()).ok_or(
        "no endpoint of the chain is known. Name one with --rpc, or set pay_rpc, such as http://127.0.0.1:8545",
    )?;
    let chain = Chain::new(&url)?;
    let file = MoneyBookFile::new(&config.data_dir);
    let book = spawn_blocking(move || file.load()).await??;
    if book.pages.is_empty() {
        say("Nothing was lent for money yet.");
        return Ok(ExitCode::SUCCESS);
    }
    let wallet = Wallet::new(&config.data_dir, config.money.wallet_keyring);
    let own = wallet.clone();
    let sender = spawn_blocking(move || own.record()).await??.ok_or(WalletError::Absent)?.address;
    let claims = claim::look(&chain, &book, sender).await?;
    let decimals = config.money.token_decimals;
    for line in lines(&claims, decimals) {
        say(line);
    }
    if claims.ready.is_empty() {
        say("Nothing can be claimed now.");
        return Ok(ExitCode::SUCCESS);
    }
    let coin = chain.balance(sender).await?;
    let fees: u128 = claims.ready.iter().map(|ready| ready.fee_max()).sum();
    say(format_args!(
        "Gas     at most {} of the chain's coin; the wallet {} has {}",
        in_coin(fees),
        checksum(&sender),
        in_coin(coin)
    ));
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if coin < fees {
        return Err(
            "the wallet cannot pay the gas. Send some of the chain's coin to it, and claim again".into()
        );
    }
    if !args.yes && !spawn_blocking(confirmed).await?? {
        say("Nothing was sent.");
        return Ok(ExitCode::FAILURE);
    }
    let key = spawn_blocking(move || wallet.key()).await??;
    for (at, ready) in (0..).zip(&claims.ready) {
        let receipt = claim::send(&chain, ready, at, &key).await?;
        say(format_args!(
            "Claimed {} in block {} for {} of the chain's coin",
            ready.net.in_units(decimals),
            receipt.block(),
            in_coin(receipt.fee())
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Nothing but yes is yes.
fn confirmed() -> std::io::Result<bool> {
    say("Send it? Type yes to go on:");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim() == "yes")
}

fn lines(claims: &Claims, decimals: u8) -> Vec<String> {
    let units = |amount: Amount| amount.in_units(decimals);
    let mut lines: Vec<_> = claims.looked.iter().map(|looked| line(looked, decimals)).collect();
    for ready in &claims.ready {
        let what = match ready.vouchers {
            0 => "earlier credit".to_owned(),
            1 => "1 voucher".to_owned(),
            many => format!("{many} vouchers"),
        };
        lines.push(format!("Claim   {} for {what}, after the platform's share", units(ready.net)));
    }
    lines
}

fn line(looked: &Looked, decimals: u8) -> String {
    let Looked { name, key, verdict, refused } = looked;
    let said = match (verdict, refused) {
        (_, Some(refused)) => format!("the contract refuses its voucher: {refused}"),
        (Verdict::Claim { gain }, None) => format!("{} to claim", gain.in_units(decimals)),
        (Verdict::Paid, None) => "all paid".to_owned(),
        (Verdict::Beyond { bound }, None) => {
            format!("its voucher is beyond what the contract pays now, {}", bound.in_units(decimals))
        }
        (Verdict::Unvouched, None) => "no voucher yet".to_owned(),
    };
    format!("{name:<20} {:<12} {said}", short_key(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::ChainHash;

    #[test]
    fn each_voucher_says_what_becomes_of_it() {
        let looked = |verdict, refused: Option<&str>| Looked {
            name: "shop".into(),
            key: ChainHash([1; 32]),
            verdict,
            refused: refused.map(str::to_owned),
        };
        let bound = Amount(5000);
        let claims = Claims {
            looked: vec![
                looked(Verdict::Paid, None),
                looked(Verdict::Beyond { bound }, None),
                looked(Verdict::Unvouched, Some("BadSignature")),
            ],
            ready: Vec::new(),
        };
        let told = lines(&claims, 6);
        assert!(told[0].ends_with("all paid") && told[1].ends_with("pays now, 0.005"), "{told:#?}");
        assert!(told[2].ends_with("refuses its voucher: BadSignature"), "{told:#?}");
    }
}
