//! `ttalkak billing mandate`: what deployments may cost, signed once. The text that is shown is made of the very struct
//! that is signed.

use super::overview::permitted;
use crate::{
    api::Api,
    clock,
    context::Context,
    error::{CliError, CliResult},
    money::Coin,
    purse::{RpcArgs, agree, confirm, open_key},
    wallet::Contract,
};
use clap::ValueEnum;
use serde_json::json;
use ttalkak_escrow::{Typed, checksum, mandate_id};
use ttalkak_protocol::{
    api::billing::{BillingView, ChainView, SetMandate},
    error::ErrorCode,
    money::{Amount, EvmAddress, Mandate},
};

const DAY: u64 = 86_400;
/// A mandate whose end nobody names ends after a year.
const DEFAULT_DAYS: u64 = 365;
/// Clocks differ: a mandate counts from a little before it was signed.
const SKEW_SECONDS: u64 = 300;

/// What `billing mandate` takes.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The most that one deployment may cost, such as 0.05/h, 1.2/d or 30/month
    #[arg(long, value_name = "PRICE", requires = "cap")]
    rate_max: Option<String>,
    /// The most that may be locked, such as 20
    #[arg(long, value_name = "AMOUNT", requires = "rate_max")]
    cap: Option<String>,
    /// The cap is fresh again with each of these; without it, it is for ever
    #[arg(long, value_name = "SPAN")]
    per: Option<Per>,
    /// Last day; a year from now when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    rpc: RpcArgs,
}

/// After how long a cap is fresh again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Per {
    /// 24 hours
    Day,
    /// 7 days
    Week,
    /// 30 days
    Month,
}

impl Per {
    fn seconds(self) -> u64 {
        match self {
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
        }
    }
}

pub(super) async fn run(context: &Context, args: Args) -> CliResult<()> {
    let api = context.api()?;
    let view = api.billing().await?;
    let coin = Coin::from(&view.chain);
    let (Some(rate_max), Some(cap)) = (&args.rate_max, &args.cap) else {
        return context.output.result(&view.mandate, || permitted(view.mandate.as_ref(), coin, clock::now()));
    };
    let wish = Wish {
        rate_per_hour_max: coin.read_rate(rate_max)?,
        cap: coin.read_some(cap)?,
        per: args.per,
        until: args.until,
        yes: args.yes,
    };
    sign(context, &api, &view, wish, &args.rpc).await
}

/// What is to be permitted.
pub(super) struct Wish {
    /// The most that an hour of one deployment may cost.
    pub(super) rate_per_hour_max: Amount,
    /// The most that may be locked.
    pub(super) cap: Amount,
    /// After how long the cap is fresh again.
    pub(super) per: Option<Per>,
    /// Last day.
    pub(super) until: Option<String>,
    /// Do not ask.
    pub(super) yes: bool,
}

/// Shows it, asks, signs, and tells the coordinator.
pub(super) async fn sign(
    context: &Context,
    api: &Api,
    view: &BillingView,
    wish: Wish,
    rpc: &RpcArgs,
) -> CliResult<()> {
    let wallet = context.wallet()?;
    let record = wallet.existing()?;
    record.knows(&api.coordinator(), Contract::from(&view.chain))?;
    if view.wallet != Some(record.address) {
        let message = "The wallet on this machine is not the one of your account.";
        let next = "Link it with `ttalkak wallet link`.";
        return Err(CliError::usage(ErrorCode::WalletRequired, message, next));
    }
    let now = u64::try_from(clock::now().0 / 1000).unwrap_or(0);
    let expiry = wish.until.as_deref().map_or(Ok(now + DEFAULT_DAYS * DAY), |text| last_second(text, now))?;
    let mandate = Mandate {
        tenant: record.address,
        token: view.chain.token,
        rate_per_hour_max: wish.rate_per_hour_max,
        cap: wish.cap,
        period: wish.per.map_or(0, Per::seconds),
        start: now.saturating_sub(SKEW_SECONDS),
        expiry,
        salt: salt(),
    };
    agree(&rpc.chain(&view.chain)?, &view.chain).await?;
    context.output.say(text(&mandate, &view.chain));
    confirm(context, wish.yes, "Sign it?").await?;
    let key = open_key(context, wallet, &record).await?;
    let signature = key.sign(mandate.digest(&view.chain.domain));
    api.set_mandate(&SetMandate { mandate, signature }).await?;
    let id = mandate_id(&mandate);
    context.output.result(&json!({ "id": id, "mandate": mandate }), || format!("Signed mandate {id}"))
}

/// What is signed, in words, from the struct that is signed.
fn text(mandate: &Mandate, chain: &ChainView) -> String {
    let coin = Coin::from(chain);
    let Mandate { tenant, token, rate_per_hour_max, cap, period, start, expiry, salt } = mandate;
    let fresh = match span(*period) {
        Some(span) => format!("{} {span}", coin.show(*cap)),
        None => format!("{} in all", coin.show(*cap)),
    };
    let token = if *token == EvmAddress::ZERO { "the chain's own coin".to_owned() } else { checksum(token) };
    [
        "You permit agreements with any provider, within these bounds:".to_owned(),
        format!("  rate      at most {} for one deployment", coin.per_hour(*rate_per_hour_max)),
        format!("  locked    at most {fresh}"),
        format!("  from      {}", moment(*start)),
        format!("  until     {}; you can revoke it at any moment", moment(*expiry)),
        format!("  pays      your wallet {}", checksum(tenant)),
        format!("  in        {} ({token})", crate::output::plain(&chain.symbol)),
        format!("  contract  {} on chain {}", checksum(&chain.domain.contract), chain.domain.chain_id),
        format!("  number    {salt}"),
        "Only what your deployments use within them is paid; the rest comes back.".to_owned(),
    ]
    .join("\n")
}

/// `a month`; `None`: there are no periods.
pub(super) fn span(period: u64) -> Option<String> {
    match period {
        0 => None,
        3600 => Some("an hour".into()),
        DAY => Some("a day".into()),
        _ if period == 7 * DAY => Some("a week".into()),
        _ if period == 30 * DAY => Some("a month".into()),
        _ => Some(format!("every {period} s")),
    }
}

/// `2027-11-21`.
pub(super) fn date(seconds: u64) -> String {
    moment(seconds).chars().take(10).collect()
}

fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("second {seconds}"), |time| time.to_string())
}

/// The last second (UTC) of a day. Errors: no day, or one that is over.
fn last_second(text: &str, now: u64) -> CliResult<u64> {
    let end = format!("{text}T23:59:59Z").parse::<jiff::Timestamp>().ok();
    let end = end.filter(|_| text.len() == 10).and_then(|end| u64::try_from(end.as_second()).ok());
    end.filter(|end| *end > now).ok_or_else(|| {
        let message = format!("`{}` is not a day to come.", crate::output::plain(text));
        CliError::usage(ErrorCode::MandateInvalid, message, "Write it as 2027-11-21.")
    })
}

/// 53 random bits: every bit of a version 4 id's last 62 is random.
fn salt() -> u64 {
    let low = uuid::Uuid::new_v4().as_u128() & ((1 << 53) - 1);
    u64::try_from(low).expect("53 bits fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mandate() -> Mandate {
        Mandate {
            tenant: EvmAddress([1; 20]),
            token: EvmAddress([3; 20]),
            rate_per_hour_max: Amount(50_000),
            cap: Amount(20_000_000),
            period: 30 * DAY,
            start: 1_763_712_000,
            expiry: 1_795_219_199,
            salt: 42,
        }
    }

    #[test]
    fn what_is_shown_has_every_field_of_what_is_signed() {
        let chain = crate::money::tests::chain();
        let shown = text(&mandate(), &chain);
        for part in [
            "at most 0.05 tUSD/h",
            "at most 20.00 tUSD a month",
            "2025-11-21T08:00:00Z",
            "2026-11-20T23:59:59Z",
            &checksum(&EvmAddress([1; 20])),
            &checksum(&EvmAddress([3; 20])),
            &checksum(&chain.domain.contract),
            "on chain 31337",
            "number    42",
        ] {
            assert!(shown.contains(part), "{part} is missing in\n{shown}");
        }
    }

    #[test]
    fn any_other_field_changes_the_text() {
        let chain = crate::money::tests::chain();
        let base = mandate();
        for other in [
            Mandate { tenant: EvmAddress([2; 20]), ..base },
            Mandate { token: EvmAddress::ZERO, ..base },
            Mandate { rate_per_hour_max: Amount(50_001), ..base },
            Mandate { cap: Amount(1), ..base },
            Mandate { period: 0, ..base },
            Mandate { period: 77, ..base },
            Mandate { start: 1, ..base },
            Mandate { expiry: u64::MAX, ..base },
            Mandate { salt: 43, ..base },
        ] {
            assert_ne!(text(&other, &chain), text(&base, &chain));
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second_and_must_be_to_come() {
        assert_eq!(last_second("2026-11-20", 0).unwrap(), 1_795_219_199);
        for bad in ["2026-11-20T10", "2026-13-01", "tomorrow", "2026-1-1", ""] {
            assert_eq!(last_second(bad, 0).unwrap_err().code(), "mandate_invalid", "{bad}");
        }
        assert!(last_second("2026-11-20", 1_795_219_199).is_err());
    }

    #[test]
    fn salts_fit_what_javascript_counts_and_differ() {
        let (one, two) = (salt(), salt());
        assert!(one < 1 << 53 && two < 1 << 53 && one != two);
    }
}
