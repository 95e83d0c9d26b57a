//! Statements of a month as CSV, in the token's units. Values in currencies for people stand beside, each with its rate's
//! time. Numbers of a line can be checked with the evidence of its agreement.

use super::{ApiState, error::ApiError};
use crate::{
    clock,
    money::Money,
    store::billing::{DayRow, Days, Side},
};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use std::fmt::Write;
use ttalkak_protocol::{
    ErrorCode, api::billing::DisplayRate, id::AccountId, money::Amount, unit::UnixMillis,
};

/// Which month.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MonthQuery {
    /// Such as `2026-11`; in UTC.
    month: String,
}

const DAY_MS: i64 = 24 * 3_600_000;
/// Decimals of display rates.
const MICROS: u8 = 6;

/// The statement of one side.
pub(super) async fn of(
    state: &ApiState,
    account: AccountId,
    side: Side,
    query: &MonthQuery,
) -> Result<Response, ApiError> {
    let money = state.money()?;
    let span = month(&query.month)
        .ok_or_else(|| ApiError::new(ErrorCode::InvalidQuery, "The month is not such as 2026-11."))?;
    let days = state.store.charges(account, side, span).await?;
    let mut worths = Vec::with_capacity(days.len());
    for (day, _) in days.keys() {
        worths.push(money.rates_of(state.store.rates_until(end_of(*day)).await?, clock::now()));
    }
    let text = table(&days, money, &worths);
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// The first moment of a month and of the next, in UTC.
fn month(text: &str) -> Option<(UnixMillis, UnixMillis)> {
    let (year, number) = text.split_once('-')?;
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(year, 4) || !digits(number, 2) {
        return None;
    }
    let first = Date::new(year.parse().ok()?, number.parse().ok()?, 1).ok()?;
    let next = first.checked_add(jiff::Span::new().months(1)).ok()?;
    let millis =
        |date: Date| Some(UnixMillis(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()));
    Some((millis(first)?, millis(next)?))
}

/// The last moment of a day.
fn end_of(day: i64) -> UnixMillis {
    UnixMillis(day.saturating_add(1).saturating_mul(DAY_MS) - 1)
}

/// `worths`: the rates of each day, the same currencies in each.
fn table(days: &Days, money: &Money, worths: &[Vec<DisplayRate>]) -> String {
    let present = money.display(clock::now());
    let rates = worths.first().unwrap_or(&present);
    let mut text = "date,agreement,deployment,provider,readings,healthy_seconds,egress_bytes,charged,charged_in_all,token".to_owned();
    for rate in rates {
        let _ = write!(text, ",{0},{0}_rate_at,{0}_rate_source", rate.currency);
    }
    text.push('\n');
    for (((day, _), row), rates) in days.iter().zip(worths) {
        line(&mut text, *day, row, money);
        for rate in rates {
            let worth = worth(row.charge, rate, money.facts.decimals);
            let _ = write!(text, ",{worth},{},{}", rate.at, quoted(&rate.source));
        }
        text.push('\n');
    }
    text
}

fn line(text: &mut String, day: i64, row: &DayRow, money: &Money) {
    let date = Timestamp::from_millisecond(day.saturating_mul(DAY_MS))
        .map(|time| time.to_zoned(TimeZone::UTC).date());
    let date = date.map(|date| date.to_string()).unwrap_or_default();
    let units = |amount: Amount| amount.in_units(money.facts.decimals);
    let DayRow { agreement, deployment, agent, readings, healthy, egress, charge, cumulative } = row;
    let (seconds, egress) = (healthy.0 / 1000, egress.0);
    let (charged, all, symbol) = (units(*charge), units(*cumulative), quoted(&money.facts.symbol));
    let _ = write!(
        text,
        "{date},{agreement},{},{agent},{readings},{seconds},{egress},{charged},{all},{symbol}",
        quoted(deployment)
    );
}

/// Floored to millionths.
fn worth(amount: Amount, rate: &DisplayRate, decimals: u8) -> String {
    let whole = 10_u128.checked_pow(u32::from(decimals)).unwrap_or(u128::MAX);
    let micros = amount.0.checked_mul(u128::from(rate.micros_per_token)).map(|product| product / whole);
    micros.map_or_else(String::new, |micros| Amount(micros).in_units(MICROS))
}

/// A field that may hold commas, quotes, line ends, or what a spreadsheet would run as a formula.
fn quoted(field: &str) -> String {
    let safe = if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}")
    } else {
        field.to_owned()
    };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_whole_days_in_utc() {
        let (from, until) = month("2026-12").unwrap();
        assert_eq!(
            (from.to_string(), until.to_string()),
            ("2026-12-01T00:00:00.000Z".into(), "2027-01-01T00:00:00.000Z".into())
        );
        for bad in ["", "2026", "2026-1", "2026-13", "2026-00", "26-11", "2026-11-01", "+026-11"] {
            assert_eq!(month(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_field_cannot_break_out_of_its_cell() {
        assert_eq!(quoted("Bank, of \"K\""), "\"Bank, of \"\"K\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("shop"), "shop");
    }

    #[test]
    fn a_value_for_people_is_floored() {
        let rate = DisplayRate {
            currency: "KRW".into(),
            micros_per_token: 1_380_500_000,
            source: "x".into(),
            at: UnixMillis(0),
            stale: false,
        };
        assert_eq!(worth(Amount(2_000_000), &rate, 6), "2761.00");
        assert_eq!(worth(Amount(1), &rate, 6), "0.00138");
    }
}
