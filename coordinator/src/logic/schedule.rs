//! When settlements are due: a cron text of six fields (the first are seconds), read in UTC.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use std::{fmt, str::FromStr};
use ttalkak_protocol::unit::UnixMillis;

/// The text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a cron pattern in UTC, such as \"0 0 3 * * *\": {0}")]
pub struct ParseScheduleError(String);

/// Times that come again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: croner::Cron,
}

impl Schedule {
    /// The first due time after `now`; `None` when there is none any more.
    pub fn next_after(&self, now: UnixMillis) -> Option<UnixMillis> {
        // Without an offset: UTC has no hours that are left out or come twice.
        let from: DateTime = Timestamp::from_millisecond(now.0).ok()?.to_zoned(TimeZone::UTC).datetime();
        let next: DateTime = self.cron.find_next_occurrence(&from, false).ok()?;
        let next = next.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(UnixMillis(next.as_millisecond()))
    }
}

impl FromStr for Schedule {
    type Err = ParseScheduleError;

    fn from_str(text: &str) -> Result<Self, ParseScheduleError> {
        let cron = croner::parser::CronParser::builder()
            .seconds(croner::parser::Seconds::Required)
            .build()
            .parse(text)
            .map_err(|error| ParseScheduleError(error.to_string()))?;
        Ok(Self { text: text.to_owned(), cron })
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn the_next_time_is_in_utc_and_never_now() {
        let daily: Schedule = "0 0 3 * * *".parse().unwrap();
        assert_eq!(
            daily.next_after(millis("2026-11-21T02:59:59.999Z")),
            Some(millis("2026-11-21T03:00:00Z"))
        );
        assert_eq!(daily.next_after(millis("2026-11-21T03:00:00Z")), Some(millis("2026-11-22T03:00:00Z")));
        assert_eq!(daily.next_after(millis("2026-12-31T12:00:00Z")), Some(millis("2027-01-01T03:00:00Z")));
    }

    #[test]
    fn a_minute_is_a_minute_through_the_hours_that_clocks_elsewhere_leave_out() {
        let minutes: Schedule = "0 * * * * *".parse().unwrap();
        let mut at = millis("2026-03-29T00:58:00Z");
        for _ in 0..240 {
            let next = minutes.next_after(at).unwrap();
            assert_eq!(next.0 - at.0, 60_000);
            at = next;
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_an_example() {
        for text in ["", "daily", "0 3 * * *", "61 0 3 * * *", "0 0 25 * * *"] {
            let refused = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(refused.contains("0 0 3 * * *"), "{text}: {refused}");
        }
        assert_eq!("0 0 3 * * *".parse::<Schedule>().unwrap().to_string(), "0 0 3 * * *");
    }
}
