//! `ttalkak earnings`: what this account's machines earned, and when it is paid.

use super::billing::{self, StatementArgs};
use crate::{
    api::Side,
    clock,
    context::Context,
    error::CliResult,
    human, money,
    money::Coin,
    output::{Paint, table},
};
use serde_json::json;
use ttalkak_protocol::{
    api::billing::{AgreementView, EarningsView, SetThreshold},
    unit::UnixMillis,
};

/// What `earnings` takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to do; an overview when absent
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Settle now instead of at the next set time
    Settle,
    /// Settle only once so much is due; 0: every time
    Threshold {
        /// Such as 5
        amount: String,
    },
    /// Show what was earned in a month
    Statement(StatementArgs),
}

/// Shows or changes it.
pub(crate) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    match args.action {
        None => {
            let view = api.earnings().await?;
            context.output.result(&view, || words(&view, clock::now(), context.output.out))
        }
        Some(Action::Settle) => {
            api.settle().await?;
            context.output.result(&json!({ "settling": true }), || {
                "Asked for; what is due is on its way to the chain.".to_owned()
            })
        }
        Some(Action::Threshold { amount }) => {
            let chain = api.earnings().await?.chain;
            let threshold = Coin::from(&chain).read(&amount)?;
            api.set_threshold(&SetThreshold { threshold }).await?;
            let shown = Coin::from(&chain).show(threshold);
            context.output.result(&json!({ "threshold": threshold }), || format!("Settled from {shown} on"))
        }
        Some(Action::Statement(args)) => billing::statement(context, Side::Provider, args).await,
    }
}

fn words(view: &EarningsView, now: UnixMillis, paint: Paint) -> String {
    let coin = Coin::from(&view.chain);
    let about = |amount| {
        coin.approximately(amount, &view.display).map(|text| format!("  {text}")).unwrap_or_default()
    };
    let line = |label: &str, amount, what: &str| {
        let label = paint.dim(&format!("{label:<10}"));
        format!("  {label} {}  {}", coin.show(amount), paint.dim(&format!("{what}{}", about(amount))))
    };
    let mut lines = vec![
        paint.bold(&format!("{} earned", coin.show(view.earned))),
        line("vouchered", view.vouchered, "secured by a signature, not on chain yet"),
        line("settled", view.settled, "on chain, before the platform's share"),
        line(
            "paid",
            view.paid,
            &format!("arrived, after the platform's share of {}", percent(view.chain.fee_bps)),
        ),
        line("threshold", view.threshold, "settled once so much is due"),
        format!("  {} {}", paint.dim("next      "), human::until(view.next_settlement_at, now)),
    ];
    lines.extend(
        money::provenance(&view.display, now).map(|text| format!("  {} {text}", paint.dim("values    "))),
    );
    if !view.agreements.is_empty() {
        let rows: Vec<_> = view.agreements.iter().map(|item| row(item, coin)).collect();
        lines.push(String::new());
        lines.push(table(["AGREEMENT", "STATE", "AT MOST", "VOUCHERED", "SETTLED"], &rows, paint));
    }
    lines.join("\n")
}

fn row(item: &AgreementView, coin: Coin<'_>) -> [String; 5] {
    [
        item.id.to_string(),
        billing::state(item.state).to_owned(),
        coin.per_hour(item.terms.rate_per_hour),
        coin.show(item.vouchered),
        coin.show(item.settled),
    ]
}

/// Hundredths of a percent: `5 %`, `2.5 %`.
fn percent(bps: u16) -> String {
    let part = format!("{:02}", bps % 100);
    let part = part.trim_end_matches('0');
    if part.is_empty() { format!("{} %", bps / 100) } else { format!("{}.{part} %", bps / 100) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::money::Amount;

    #[test]
    fn a_share_is_told_in_percent() {
        assert_eq!([percent(500), percent(250), percent(5), percent(0)], ["5 %", "2.5 %", "0.05 %", "0 %"]);
    }

    #[test]
    fn earnings_tell_what_is_secured_and_when_it_is_paid() {
        let view = EarningsView {
            chain: crate::money::tests::chain(),
            earned: Amount(1_230_000),
            vouchered: Amount(30_000),
            settled: Amount(1_200_000),
            paid: Amount(1_140_000),
            next_settlement_at: UnixMillis(60_000),
            threshold: Amount::ZERO,
            display: Vec::new(),
            agreements: Vec::new(),
        };
        let text = words(&view, UnixMillis(0), Paint::new(false));
        assert!(text.starts_with("1.23 tUSD earned\n  vouchered  0.03 tUSD  secured"), "{text}");
        assert!(text.contains("share of 5 %") && text.ends_with("next       in 1 min"), "{text}");
    }
}
