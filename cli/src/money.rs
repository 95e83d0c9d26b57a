//! Money in words: amounts in the token's units, what they are about in a currency for people, how long they last, and
//! how people write them. Pure. Deliberately absent: floats; what is shown is what is counted.

use crate::{
    error::{CliError, CliResult},
    human,
};
use ttalkak_protocol::{
    api::billing::{ChainView, DisplayRate},
    error::ErrorCode,
    money::Amount,
    unit::UnixMillis,
};

/// The token that is paid with, as far as words need it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coin<'a> {
    symbol: &'a str,
    decimals: u8,
}

impl<'a> From<&'a ChainView> for Coin<'a> {
    fn from(chain: &'a ChainView) -> Self {
        Self { symbol: &chain.symbol, decimals: chain.decimals }
    }
}

impl<'a> Coin<'a> {
    /// A token that the chain itself tells of.
    pub(crate) fn new(symbol: &'a str, decimals: u8) -> Self {
        Self { symbol, decimals }
    }
}

impl Coin<'_> {
    /// `1.50 tUSD`.
    pub(crate) fn show(self, amount: Amount) -> String {
        format!("{} {}", amount.in_units(self.decimals), crate::output::plain(self.symbol))
    }

    /// `0.01 tUSD/h`.
    pub(crate) fn per_hour(self, amount: Amount) -> String {
        format!("{}/h", self.show(amount))
    }

    /// Reads `12`, `12.5`, also with the token's symbol behind it. Errors: `amount_invalid`, with what is possible.
    pub(crate) fn read(self, text: &str) -> CliResult<Amount> {
        let bare = text.trim().trim_end_matches(self.symbol).trim_end();
        Amount::parse_units(bare, self.decimals).map_err(|_| {
            CliError::usage(
                ErrorCode::AmountInvalid,
                format!("`{}` is no amount of {}.", crate::output::plain(text), self.symbol),
                format!("Give a number such as 12.5, with at most {} decimals.", self.decimals),
            )
        })
    }

    /// The same, but more than nothing.
    pub(crate) fn read_some(self, text: &str) -> CliResult<Amount> {
        let amount = self.read(text)?;
        if amount == Amount::ZERO {
            let message = "Nothing was asked for.";
            return Err(CliError::usage(ErrorCode::AmountInvalid, message, "Give an amount above zero."));
        }
        Ok(amount)
    }

    /// Reads a price: `0.05/h`, `1.2/d`, `30/month` (30 days); an hour when nothing is said. Returns it per hour,
    /// floored to base units: whoever limits a price never permits more than was written.
    pub(crate) fn read_rate(self, text: &str) -> CliResult<Amount> {
        let (amount, unit) = text.split_once('/').unwrap_or((text, "h"));
        let hours = match unit.trim() {
            "h" | "hour" => 1,
            "d" | "day" => 24,
            "mo" | "month" => 24 * 30,
            _ => {
                let message = format!("`{}` is no price.", crate::output::plain(text));
                let next = "Write it as 0.05/h, 1.2/d or 30/month.";
                return Err(CliError::usage(ErrorCode::AmountInvalid, message, next));
            }
        };
        let per_hour = Amount(self.read_some(amount)?.0 / hours);
        if per_hour == Amount::ZERO {
            let message = format!("`{}` is less than the token's smallest unit an hour.", text.trim());
            return Err(CliError::usage(ErrorCode::AmountInvalid, message, "Give a higher price."));
        }
        Ok(per_hour)
    }

    /// `≈ 1,385 KRW · 1.00 USD`: what an amount is about in currencies for people; `None` without rates.
    pub(crate) fn approximately(self, amount: Amount, rates: &[DisplayRate]) -> Option<String> {
        let values: Vec<_> = rates
            .iter()
            .filter_map(|rate| Some(in_currency(self.micros(amount, rate)?, &rate.currency)))
            .collect();
        (!values.is_empty()).then(|| format!("≈ {}", values.join(" · ")))
    }

    /// Millionths of the rate's currency; `None` when that is beyond all measure.
    fn micros(self, amount: Amount, rate: &DisplayRate) -> Option<u128> {
        let scale = 10u128.checked_pow(u32::from(self.decimals))?;
        // Whole tokens and the rest apart, so that the product of two large numbers does not overflow.
        let price = u128::from(rate.micros_per_token);
        (amount.0 / scale).checked_mul(price)?.checked_add((amount.0 % scale).checked_mul(price)? / scale)
    }
}

/// When the rates were so and who says it: `KRW rate of 3 min ago by the operator`.
pub(crate) fn provenance(rates: &[DisplayRate], now: UnixMillis) -> Option<String> {
    let said: Vec<_> = rates
        .iter()
        .map(|rate| {
            let (currency, source) =
                (crate::output::plain(&rate.currency), crate::output::plain(&rate.source));
            let old = if rate.stale { ", old" } else { "" };
            format!("{currency} rate of {} ({source}{old})", human::ago(rate.at, now))
        })
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// `1,385 KRW`, `1.20 USD`; small values keep two digits that say something: `0.0034 USD`.
fn in_currency(micros: u128, currency: &str) -> String {
    let decimals: u32 = if currency == "KRW" { 0 } else { 2 };
    let mut shown = decimals;
    // Two more decimals at a time, until something is seen or the sixth is reached.
    while shown < 6 && micros != 0 && micros < 10u128.pow(6 - shown) * 10 {
        shown += 1;
    }
    let step = 10u128.pow(6 - shown);
    let steps = (micros + step / 2) / step;
    let scale = 10u128.pow(shown);
    let whole = grouped(steps / scale);
    let part = if shown == 0 {
        String::new()
    } else {
        let digits = format!("{:0>width$}", steps % scale, width = shown as usize);
        let kept = digits.trim_end_matches('0').len().max(decimals as usize);
        if kept == 0 { String::new() } else { format!(".{}", &digits[..kept]) }
    };
    format!("{whole}{part} {}", crate::output::plain(currency))
}

/// `1385` as `1,385`.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long money lasts, in the two units that matter: `20 min`, `5 h 10 min`, `6 d 4 h`, `3 weeks`, `8 months`.
pub(crate) fn runway(seconds: u64) -> String {
    const HOUR: u64 = 3600;
    const DAY: u64 = 24 * HOUR;
    let two = |large: u64, unit: &str, small: u64, part: &str| {
        if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {part}") }
    };
    match seconds {
        0 => "nothing".to_owned(),
        1..60 => "less than a minute".to_owned(),
        60..HOUR => format!("{} min", seconds / 60),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / 60, "min"),
        _ if seconds < 14 * DAY => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
        _ if seconds < 70 * DAY => format!("{} weeks", seconds / (7 * DAY)),
        _ if seconds < 730 * DAY => format!("{} months", seconds / (30 * DAY)),
        _ => "more than two years".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests;
