//! The end of a deployment that has an end date: what its owner is told when, and when it stops. The rungs are those of
//! the end of money (`logic::ladder`), counted to a time and not to a balance. Pure.

use super::ladder::Ladder;
use std::{collections::BTreeSet, str::FromStr};
use ttalkak_protocol::unit::{Millis, UnixMillis};

/// The shortest time from now that may be asked for: a build and a look at the result.
pub const LEAST: Millis = Millis(5 * 60 * 1000);
/// The longest.
pub const MOST: Millis = Millis(5 * 365 * 24 * 3_600_000);

/// What an owner is told of an end date; in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermNotice {
    /// A week is left.
    Week,
    /// A day.
    Day,
    /// An hour.
    Hour,
    /// It was stopped.
    Ended,
}

/// A text that is no notice of an end date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a notice such as term_day")]
pub struct ParseTermNoticeError;

impl TermNotice {
    const ALL: [Self; 4] = [Self::Week, Self::Day, Self::Hour, Self::Ended];

    /// Its word in tables and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "term_week",
            Self::Day => "term_day",
            Self::Hour => "term_hour",
            Self::Ended => "term_ended",
        }
    }
}

impl FromStr for TermNotice {
    type Err = ParseTermNoticeError;

    fn from_str(text: &str) -> Result<Self, ParseTermNoticeError> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == text).ok_or(ParseTermNoticeError)
    }
}

/// What to do now, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermStep {
    /// Stop it gracefully.
    End,
    /// Tell, and keep that it was told for this end.
    Tell(TermNotice),
}

/// An end date and what was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The end.
    pub until: UnixMillis,
    /// When it was said that this is the end: an owner who asks for an hour need not hear that an hour is left.
    pub set_at: UnixMillis,
    /// What was told of this very end.
    pub told: BTreeSet<TermNotice>,
}

/// What is due. Safe to ask again after a crash between two steps.
pub fn steps(ladder: &Ladder, term: &Term, now: UnixMillis) -> Vec<TermStep> {
    let new = |notice| (!term.told.contains(&notice)).then_some(TermStep::Tell(notice));
    if now >= term.until {
        return [TermStep::End].into_iter().chain(new(TermNotice::Ended)).collect();
    }
    let (left, whole) = (term.until.since(now), term.until.since(term.set_at));
    let rungs =
        [(ladder.hour, TermNotice::Hour), (ladder.day, TermNotice::Day), (ladder.week, TermNotice::Week)];
    // Only the lowest rung is told of, and none that the term itself does not reach over.
    let lowest = rungs.into_iter().find(|(height, _)| left <= *height);
    let due = lowest.filter(|(height, _)| whole > *height).and_then(|(_, notice)| new(notice));
    due.into_iter().collect()
}

/// Whether an end date may be asked for.
pub fn is_possible(until: UnixMillis, now: UnixMillis) -> bool {
    until >= now.after(LEAST) && until <= now.after(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600_000;

    fn term(hours: u64, told: &[TermNotice]) -> Term {
        let told = told.iter().copied().collect();
        Term { until: UnixMillis(0).after(Millis(hours * HOUR)), set_at: UnixMillis(0), told }
    }

    fn at(hours: u64) -> UnixMillis {
        UnixMillis(0).after(Millis(hours * HOUR))
    }

    #[test]
    fn a_month_is_told_of_at_a_week_a_day_and_an_hour_and_then_it_ends() {
        let month = 30 * 24;
        let said = |now, told: &[TermNotice]| steps(&Ladder::default(), &term(month, told), at(now));
        assert_eq!(said(1, &[]), []);
        assert_eq!(said(month - 168, &[]), [TermStep::Tell(TermNotice::Week)]);
        assert_eq!(said(month - 100, &[TermNotice::Week]), []);
        assert_eq!(said(month - 24, &[TermNotice::Week]), [TermStep::Tell(TermNotice::Day)]);
        assert_eq!(said(month - 1, &[TermNotice::Day]), [TermStep::Tell(TermNotice::Hour)]);
        assert_eq!(said(month, &[TermNotice::Hour]), [TermStep::End, TermStep::Tell(TermNotice::Ended)]);
        assert_eq!(said(month + 5, &[TermNotice::Ended]), [TermStep::End], "until it has ended");
    }

    #[test]
    fn who_asks_for_two_hours_is_not_told_that_less_than_a_day_is_left() {
        assert_eq!(steps(&Ladder::default(), &term(2, &[]), at(0)), []);
        let last = steps(&Ladder::default(), &term(2, &[]), at(1));
        assert_eq!(last, [TermStep::Tell(TermNotice::Hour)]);
    }

    #[test]
    fn an_end_in_the_past_or_in_another_life_is_not_possible() {
        for (hours, possible) in [(0, false), (1, true), (24 * 365 * 5, true), (24 * 365 * 6, false)] {
            assert_eq!(is_possible(at(hours), at(0)), possible, "{hours}");
        }
    }

    proptest! {
        #[test]
        fn each_notice_is_given_once_in_order_and_it_stops_exactly_at_its_end(
            whole in 1_u64..3000, looks in prop::collection::vec(0_u64..3100, 1..40),
        ) {
            let mut looks = looks;
            looks.sort_unstable();
            let mut given = Vec::new();
            for now in looks {
                for step in steps(&Ladder::default(), &term(whole, &given), at(now)) {
                    match step {
                        TermStep::End => prop_assert!(now >= whole),
                        TermStep::Tell(notice) => {
                            prop_assert!(given.last().is_none_or(|last| *last < notice), "{given:?} {notice:?}");
                            given.push(notice);
                        }
                    }
                }
            }
        }
    }
}
