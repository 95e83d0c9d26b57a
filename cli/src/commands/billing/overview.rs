//! The overview: free, locked, used, how long it lasts, each deployment, the mandate.

use crate::{
    clock,
    context::Context,
    error::CliResult,
    human,
    money::{self, Coin},
    output::{Paint, Tone, plain, table},
};
use ttalkak_protocol::{
    api::billing::{AgreementState, BillingView, DeploymentCost, MandateView, Plan},
    money::Amount,
    unit::UnixMillis,
};

pub(super) async fn run(context: &Context) -> CliResult<()> {
    let view = context.api()?.billing().await?;
    context.output.result(&view, || words(&view, clock::now(), context.output.out))
}

fn words(view: &BillingView, now: UnixMillis, paint: Paint) -> String {
    let coin = Coin::from(&view.chain);
    let mut lines = vec![headline(view, coin, paint)];
    let amounts = [
        ("free", view.free, "can be withdrawn at once"),
        ("locked", view.locked, "set aside for deployments, not used yet"),
        ("used", view.accrued, "not settled yet"),
        ("settled", view.settled, "paid to providers"),
    ];
    for (label, amount, what) in amounts {
        let about =
            coin.approximately(amount, &view.display).map(|about| format!("  {about}")).unwrap_or_default();
        lines.push(format!(
            "  {} {}  {}",
            fact(paint, label),
            coin.show(amount),
            paint.dim(&format!("{what}{about}"))
        ));
    }
    lines.push(format!("  {} {}", fact(paint, "mandate"), permitted(view.mandate.as_ref(), coin, now)));
    match &view.wallet {
        Some(wallet) => {
            lines.push(format!("  {} {}", fact(paint, "wallet"), ttalkak_escrow::checksum(wallet)))
        }
        None => {
            lines.push(format!("  {} none; link yours with `ttalkak wallet link`", fact(paint, "wallet")))
        }
    }
    if let Some(text) = money::provenance(&view.display, now) {
        lines.push(format!("  {} {text}", fact(paint, "values")));
    }
    if !view.deployments.is_empty() {
        lines.push(String::new());
        lines.push(deployments(&view.deployments, coin, paint));
    }
    for notice in &view.notices {
        let sign = paint.tone(Tone::Warn, "▲");
        let (what, next) = (plain(&notice.problem.message), plain(&notice.problem.next));
        lines.push(format!("\n{sign} {what} · {}\n  {next}", human::ago(notice.at, now)));
    }
    lines.join("\n")
}

fn fact(paint: Paint, label: &str) -> String {
    paint.dim(&format!("{label:<8}"))
}

fn headline(view: &BillingView, coin: Coin<'_>, paint: Paint) -> String {
    let text = match view.runway_seconds {
        Some(seconds) => {
            format!("{} · lasts {}", coin.per_hour(view.cost_per_hour), money::runway(seconds))
        }
        None => "Nothing runs that is paid for".to_owned(),
    };
    let sick = if view.chain.healthy {
        String::new()
    } else {
        format!(" · {} the chain does not answer", paint.tone(Tone::Bad, "▲"))
    };
    format!("{}{sick}", paint.bold(&text))
}

/// `up to 0.05 tUSD/h each, 2.10 of 20.00 tUSD a month used, until 2027-11-21`.
pub(super) fn permitted(mandate: Option<&MandateView>, coin: Coin<'_>, now: UnixMillis) -> String {
    let Some(MandateView { mandate, used, plan, fresh_at, .. }) = mandate else {
        return "none; set a budget with `ttalkak billing plan 20`".to_owned();
    };
    let span = super::mandate::span(mandate.period).map(|span| format!(" {span}")).unwrap_or_default();
    let until = super::mandate::date(mandate.expiry);
    let over = i64::try_from(mandate.expiry).is_ok_and(|expiry| expiry <= now.0 / 1000);
    let until = if over { format!("over since {until}") } else { format!("until {until}") };
    let kind = match plan {
        Plan::Monthly => "monthly plan: ",
        Plan::Weekly => "weekly plan: ",
        Plan::Daily => "daily plan: ",
        Plan::Once | Plan::Periodic => "",
    };
    let fresh = fresh_at.map(|at| format!(" (fresh {})", human::until(at, now))).unwrap_or_default();
    format!(
        "{kind}up to {} each, {} of {}{span} locked{fresh}, {until}",
        coin.per_hour(mandate.rate_per_hour_max),
        coin.show(*used),
        coin.show(mandate.cap)
    )
}

fn deployments(items: &[DeploymentCost], coin: Coin<'_>, paint: Paint) -> String {
    let row = |item: &DeploymentCost| {
        let sign = if item.running { paint.tone(Tone::Good, "●") } else { paint.tone(Tone::Quiet, "○") };
        let settled =
            item.agreements.iter().fold(Amount::ZERO, |sum, one| Amount(sum.0.saturating_add(one.settled.0)));
        let line = item.agreements.first();
        [
            plain(&item.name),
            format!(
                "{sign} {}",
                if item.running { coin.per_hour(item.cost_per_hour) } else { "not charged".to_owned() }
            ),
            coin.show(item.charged),
            coin.show(settled),
            item.runway_seconds.map_or_else(|| "-".to_owned(), money::runway),
            line.map_or_else(|| "-".to_owned(), |line| format!("{} {}", line.id, state(line.state))),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    table(["NAME", "COSTS", "CHARGED", "SETTLED", "LASTS", "AGREEMENT"], &rows, paint)
}

/// One word for where an agreement stands.
pub(crate) fn state(state: AgreementState) -> &'static str {
    match state {
        AgreementState::Pending => "pending",
        AgreementState::Open => "open",
        AgreementState::Ending => "ending",
        AgreementState::Closed => "closed",
        AgreementState::Void => "void",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ttalkak_protocol::api::billing::DisplayRate;
    use ttalkak_protocol::money::{ChainHash, EvmAddress, Mandate};

    fn view() -> BillingView {
        BillingView {
            chain: crate::money::tests::chain(),
            wallet: Some(EvmAddress([1; 20])),
            free: Amount(8_000_000),
            locked: Amount(1_990_000),
            accrued: Amount(10_000),
            settled: Amount::ZERO,
            mandate: None,
            cost_per_hour: Amount(10_000),
            runway_seconds: Some(533_000),
            display: vec![DisplayRate {
                currency: "KRW".into(),
                micros_per_token: 1_385_000_000,
                source: "fixed".into(),
                at: UnixMillis(0),
                stale: false,
            }],
            deployments: Vec::new(),
            notices: Vec::new(),
        }
    }

    #[test]
    fn the_overview_tells_what_it_costs_and_how_long_it_lasts() {
        let text = words(&view(), UnixMillis(60_000), Paint::new(false));
        assert!(
            text.starts_with("0.01 tUSD/h · lasts 6 d 4 h\n  free     8.00 tUSD  can be withdrawn"),
            "{text}"
        );
        assert!(text.contains("  mandate  none; set a budget with `ttalkak billing plan 20`"), "{text}");
        assert!(text.contains("≈ 11,080 KRW") && text.contains("KRW rate of 1 min ago (fixed)"), "{text}");
    }

    #[test]
    fn a_mandate_is_told_with_its_use_and_its_end() {
        let mandate = Mandate {
            tenant: EvmAddress([1; 20]),
            token: EvmAddress([3; 20]),
            rate_per_hour_max: Amount(50_000),
            cap: Amount(20_000_000),
            period: 30 * 86_400,
            start: 0,
            expiry: 1_795_000_000,
            salt: 1,
        };
        let view = MandateView {
            id: ChainHash([1; 32]),
            mandate,
            plan: Plan::Monthly,
            used: Amount(2_100_000),
            left: Amount(17_900_000),
            fresh_at: Some(UnixMillis(7_200_000)),
        };
        let chain = crate::money::tests::chain();
        assert_eq!(
            permitted(Some(&view), Coin::from(&chain), UnixMillis(0)),
            "monthly plan: up to 0.05 tUSD/h each, 2.10 tUSD of 20.00 tUSD a month locked (fresh in 2 h), until 2026-11-18"
        );
    }
}
