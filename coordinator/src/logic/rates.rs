//! What a token is worth for people, out of answers of a source that nobody here controls: which number of an answer
//! counts, whether it is believed, when it is old. Whole numbers only. Pure. Deliberately absent: asking.

use serde_json::Value;
use ttalkak_protocol::{
    api::billing::DisplayRate,
    unit::{Millis, UnixMillis},
};

/// Decimals of a rate that count; what is beyond is cut off.
const DECIMALS: usize = 6;
/// No currency is worth so much less than a token; such a number is a mistake.
const MICROS_MAX: u64 = 1_000_000_000_000_000;
/// A source's clock may be so far ahead.
const AHEAD: Millis = Millis(5 * 60 * 1000);
/// What an operator wrote down is old after this.
const WRITTEN_OLD: Millis = Millis(30 * 24 * 3_600_000);
/// What was asked for is old after so many times its interval.
const ASKED_OLD_TIMES: u64 = 3;
/// The first wait after a failure.
const WAIT_FIRST: Millis = Millis(30_000);

/// Where a rate is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateSource {
    /// `KRW` or `USD`.
    pub currency: String,
    /// Answers JSON.
    pub url: String,
    /// Where in the answer the rate is, as a JSON pointer such as `/rates/KRW`.
    pub value_at: String,
    /// Where its time is; absent: it is of the moment of the answer.
    pub time_at: Option<String>,
}

impl RateSource {
    /// How it is called to people: its host.
    pub fn name(&self) -> String {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        host.rsplit_once(':').map_or(host, |(host, _)| host).to_owned()
    }
}

/// Why an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateFault {
    /// No JSON.
    #[error("the answer is not JSON")]
    NotJson,
    /// Nothing there.
    #[error("the answer has no {0}")]
    Absent(String),
    /// Something else there.
    #[error("{0} is no rate above zero")]
    NotARate(String),
    /// No time.
    #[error("{0} is no time")]
    NotATime(String),
    /// From the future.
    #[error("the rate is of {0}, which is to come")]
    Ahead(UnixMillis),
    /// Older than what is known.
    #[error("the rate is of {0}, and a newer one is known")]
    Older(UnixMillis),
    /// Too far from what is known.
    #[error("the rate jumped from {before} to {now} millionths, more than {percent} %")]
    Jumped {
        /// What was known.
        before: u64,
        /// What it says.
        now: u64,
        /// What is allowed.
        percent: u64,
    },
}

/// Reads a rate out of an answer. `named`: how the source is called to people.
pub fn read(
    source: &RateSource,
    named: &str,
    body: &[u8],
    now: UnixMillis,
) -> Result<DisplayRate, RateFault> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| RateFault::NotJson)?;
    let at = |pointer: &str| answer.pointer(pointer).ok_or_else(|| RateFault::Absent(pointer.to_owned()));
    let value = at(&source.value_at)?;
    let micros_per_token = micros(value).ok_or_else(|| RateFault::NotARate(short(value)))?;
    let of = match &source.time_at {
        None => now,
        Some(pointer) => {
            let value = at(pointer)?;
            time(value).ok_or_else(|| RateFault::NotATime(short(value)))?
        }
    };
    if of > now.after(AHEAD) {
        return Err(RateFault::Ahead(of));
    }
    let currency = source.currency.clone();
    Ok(DisplayRate { currency, micros_per_token, source: named.to_owned(), at: of.min(now), stale: false })
}

/// Whether a new rate takes an older one's place. `jump_percent`: how far it may be from the older one.
pub fn judge(known: Option<&DisplayRate>, new: &DisplayRate, jump_percent: u64) -> Result<(), RateFault> {
    let Some(known) = known else { return Ok(()) };
    if new.at < known.at {
        return Err(RateFault::Older(new.at));
    }
    let (before, now) = (u128::from(known.micros_per_token), u128::from(new.micros_per_token));
    if before.abs_diff(now) * 100 > before * u128::from(jump_percent) {
        let (before, now) = (known.micros_per_token, new.micros_per_token);
        return Err(RateFault::Jumped { before, now, percent: jump_percent });
    }
    Ok(())
}

/// How long to wait before a source is asked again. `failures`: in a row.
pub fn wait(every: Millis, failures: u32) -> Millis {
    if failures == 0 {
        return every;
    }
    Millis(WAIT_FIRST.0.saturating_mul(1 << (failures - 1).min(20))).min(every.max(WAIT_FIRST))
}

/// The same rates, the old ones marked. `asked`: those of a source that is asked, and how often.
pub fn marked(
    rates: &[DisplayRate],
    asked: impl Fn(&str) -> Option<Millis>,
    now: UnixMillis,
) -> Vec<DisplayRate> {
    let mark = |rate: &DisplayRate| {
        let old = asked(&rate.currency).map_or(WRITTEN_OLD, |every| Millis(every.0 * ASKED_OLD_TIMES));
        DisplayRate { stale: now.since(rate.at) > old, ..rate.clone() }
    };
    rates.iter().map(mark).collect()
}

/// A decimal number or its text, in millionths; `None` when it is none, zero, or beyond all measure.
fn micros(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let part = &part[..part.len().min(DECIMALS)];
    let micros: u64 = format!("{whole}{part:0<DECIMALS$}").parse().ok()?;
    (1..=MICROS_MAX).contains(&micros).then_some(micros)
}

/// Seconds or milliseconds since 1970, or RFC 3339.
fn time(value: &Value) -> Option<UnixMillis> {
    /// Seconds pass this in the year 5138, milliseconds passed it in 1973.
    const MILLIS_FROM: i64 = 100_000_000_000;
    match value {
        Value::Number(number) => {
            let number = number.as_i64().filter(|number| *number > 0)?;
            Some(UnixMillis(if number < MILLIS_FROM { number * 1000 } else { number }))
        }
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn source(time_at: Option<&str>) -> RateSource {
        RateSource {
            currency: "KRW".into(),
            url: "https://rates.example.com/latest".into(),
            value_at: "/rates/KRW".into(),
            time_at: time_at.map(str::to_owned),
        }
    }

    fn rate(micros_per_token: u64, at: UnixMillis) -> DisplayRate {
        DisplayRate { currency: "KRW".into(), micros_per_token, source: "x".into(), at, stale: false }
    }

    fn read_json(answer: &Value, time_at: Option<&str>) -> Result<DisplayRate, RateFault> {
        read(&source(time_at), "rates.example.com", answer.to_string().as_bytes(), NOW)
    }

    #[test]
    fn a_number_or_its_text_is_a_rate_in_millionths() {
        for (value, micros) in [
            (json!(1380), 1_380_000_000),
            (json!(1380.5), 1_380_500_000),
            (json!("1380.1234567"), 1_380_123_456),
            (json!(0.000725), 725),
        ] {
            let read = read_json(&json!({ "rates": { "KRW": value } }), None);
            assert_eq!(read.map(|rate| (rate.micros_per_token, rate.at)), Ok((micros, NOW)), "{value}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for value in
            [json!(0), json!(-1), json!("1e3"), json!(null), json!([1]), json!(""), json!("NaN"), json!(1e30)]
        {
            let read = read_json(&json!({ "rates": { "KRW": value } }), None);
            assert!(matches!(read, Err(RateFault::NotARate(_))), "{value}: {read:?}");
        }
        assert_eq!(read_json(&json!({}), None), Err(RateFault::Absent("/rates/KRW".into())));
        assert_eq!(read(&source(None), "x", b"<html>", NOW), Err(RateFault::NotJson));
    }

    #[test]
    fn the_time_of_a_rate_is_the_sources_own_and_never_to_come() {
        let answer = |time: Value| json!({ "rates": { "KRW": 1380 }, "at": time });
        for time in [json!(1_799_999_000), json!(1_799_999_000_000_i64), json!("2027-01-15T07:43:20Z")] {
            let read = read_json(&answer(time.clone()), Some("/at")).unwrap();
            assert_eq!(read.at, UnixMillis(1_799_999_000_000), "{time}");
        }
        let ahead = read_json(&answer(json!(1_800_001_000)), Some("/at"));
        assert!(matches!(ahead, Err(RateFault::Ahead(_))), "{ahead:?}");
        assert!(matches!(read_json(&answer(json!("soon")), Some("/at")), Err(RateFault::NotATime(_))));
    }

    #[test]
    fn a_jump_or_an_older_rate_does_not_take_the_place_of_what_is_known() {
        let known = rate(1_000_000_000, NOW);
        assert_eq!(judge(Some(&known), &rate(1_200_000_000, NOW), 20), Ok(()));
        for far in [1_200_000_001, 799_999_999, 1, u64::MAX] {
            let judged = judge(Some(&known), &rate(far, NOW), 20);
            assert!(matches!(judged, Err(RateFault::Jumped { .. })), "{far}");
        }
        let older = judge(Some(&known), &rate(1_000_000_000, UnixMillis(NOW.0 - 1)), 20);
        assert!(matches!(older, Err(RateFault::Older(_))));
        assert_eq!(judge(None, &rate(7, NOW), 20), Ok(()), "the first is believed");
    }

    #[test]
    fn a_source_that_fails_is_asked_less_and_less_often_and_an_old_rate_is_marked() {
        let every = Millis(600_000);
        let waits: Vec<u64> = [0, 1, 2, 3, 9, u32::MAX].map(|n| wait(every, n).0 / 1000).to_vec();
        assert_eq!(waits, [600, 30, 60, 120, 600, 600]);
        let rates = [rate(1, NOW), rate(1, UnixMillis(NOW.0 - 1_800_001))];
        let stale = |asked: Option<Millis>| -> Vec<bool> {
            marked(&rates, |_| asked, NOW).into_iter().map(|rate| rate.stale).collect()
        };
        assert_eq!(stale(Some(every)), [false, true]);
        assert_eq!(stale(None), [false, false], "what was written down is good for longer");
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,40}") {
            drop(read(&source(None), "x", &body, NOW));
            drop(read_json(&json!({ "rates": { "KRW": text }, "at": text }), Some("/at")));
        }
    }
}
