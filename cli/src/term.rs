//! When a deployment ends, as people say it: a day, a moment, or a span from now. Pure.

use crate::{
    error::{CliError, CliResult},
    output::plain,
};
use ttalkak_protocol::{
    error::ErrorCode,
    unit::{Millis, UnixMillis},
};

/// How commands are told an end.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TermArgs {
    /// It ends then: a day such as 2027-01-31 (its end, UTC), or a moment such as 2027-01-31T18:00:00Z
    #[arg(long, value_name = "WHEN", conflicts_with = "lasts")]
    until: Option<String>,
    /// It ends after so long: 90m, 12h, 30d, 2w
    #[arg(long = "for", id = "lasts", value_name = "SPAN")]
    lasts: Option<String>,
}

impl TermArgs {
    /// The end; `None` when nobody asked for one. Errors: it cannot be read.
    pub(crate) fn end(&self, now: UnixMillis) -> CliResult<Option<UnixMillis>> {
        match (&self.until, &self.lasts) {
            (Some(text), _) => moment(text).map(Some),
            (None, Some(text)) => span(text).map(|span| Some(now.after(span))),
            (None, None) => Ok(None),
        }
    }
}

fn moment(text: &str) -> CliResult<UnixMillis> {
    let text = text.trim();
    let whole = if text.len() == 10 { format!("{text}T23:59:59Z") } else { text.to_owned() };
    let time = whole.parse::<jiff::Timestamp>();
    time.map(|time| UnixMillis(time.as_millisecond())).map_err(|_| {
        wrong(
            format!("`{}` is no day or moment.", plain(text)),
            "Write it as 2027-01-31, or 2027-01-31T18:00:00Z.",
        )
    })
}

fn span(text: &str) -> CliResult<Millis> {
    let refused =
        || wrong(format!("`{}` is no span of time.", plain(text)), "Write it as 90m, 12h, 30d or 2w.");
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
    let (count, unit) = text.split_at(at);
    let seconds: u64 = match unit.trim() {
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(refused()),
    };
    let count: u64 = count.parse().map_err(|_| refused())?;
    let millis = count.checked_mul(seconds * 1000).filter(|millis| *millis > 0 && *millis < 1 << 42);
    millis.map(Millis).ok_or_else(refused)
}

fn wrong(message: String, next: &str) -> CliError {
    CliError::usage(ErrorCode::TermInvalid, message, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_000_000_000);

    fn end(until: Option<&str>, lasts: Option<&str>) -> CliResult<Option<UnixMillis>> {
        TermArgs { until: until.map(str::to_owned), lasts: lasts.map(str::to_owned) }.end(NOW)
    }

    #[test]
    fn days_moments_and_spans_are_ends() {
        assert_eq!(end(None, None).unwrap(), None);
        assert_eq!(end(Some("2026-11-20"), None).unwrap(), Some(UnixMillis(1_795_219_199_000)));
        assert_eq!(
            end(Some("2026-11-20T00:00:00+09:00"), None).unwrap(),
            Some(UnixMillis(1_795_100_400_000))
        );
        for (text, hours) in [("90m", 1.5), ("12h", 12.0), ("30d", 720.0), ("2w", 336.0)] {
            let wanted = NOW.after(Millis((hours * 3_600_000.0) as u64));
            assert_eq!(end(None, Some(text)).unwrap(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_how_to_write_it() {
        for bad in ["", "tomorrow", "2026-13-01", "20261120", "2026-11-20T10:00"] {
            assert_eq!(end(Some(bad), None).unwrap_err().code(), "term_invalid", "{bad}");
        }
        for bad in ["", "30", "d", "0d", "-1d", "1.5h", "1y", "99999999999999999999d", "9999999w"] {
            assert_eq!(end(None, Some(bad)).unwrap_err().code(), "term_invalid", "{bad}");
        }
    }
}
