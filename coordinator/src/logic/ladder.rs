//! The end of money, step by step: what is told when, when a deployment stops, comes back and is deleted. All work is
//! paid: it stops while there is still money for stopping, so nothing is ever owed. Deliberately absent: snapshots,
//! sending of notices, and any credit.
//!
//! A **cycle** is one way down; see [`cycle`]. In a cycle each notice is given once, and none after a more urgent one.
//! Stopping does not begin one: the warnings of deletion belong to the same way down.

use super::runway::Runway;
use std::{collections::BTreeMap, str::FromStr};
use ttalkak_protocol::unit::{Millis, UnixMillis};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The heights of the rungs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ladder {
    /// The first notice: so much runway or less.
    pub week: Millis,
    /// The second.
    pub day: Millis,
    /// The third. What is stopped comes back only with at least so much.
    pub hour: Millis,
    /// The last notice before the stop. The grace is paid for like all other time.
    pub grace: Millis,
    /// Stopped at so much runway or less: it covers a step of the clock that looks here, the readings that are on their
    /// way, and the time a workload has for ending by itself.
    pub stop_margin: Millis,
    /// How long what is stopped is kept.
    pub retention: Millis,
    /// How long before its deletion it is told of, first and last. The times count from when it was told, so a coordinator
    /// that was away deletes later, never without them.
    pub warnings: [Millis; 2],
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            week: Millis(7 * DAY),
            day: Millis(DAY),
            hour: Millis(HOUR),
            grace: Millis(10 * MINUTE),
            // Two readings of 30 s, a look each 5 s, and 30 s for the end: 95 s.
            stop_margin: Millis(2 * MINUTE),
            retention: Millis(30 * DAY),
            warnings: [Millis(7 * DAY), Millis(DAY)],
        }
    }
}

/// Rungs that are not in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected week > day > hour > grace > stop margin > 0, and retention >= first warning > last warning > 0"
)]
pub struct LadderError;

impl Ladder {
    /// Whether each rung is below the one before. A ladder that is not would skip notices or start and stop in turn.
    pub fn check(&self) -> Result<(), LadderError> {
        let Self { week, day, hour, grace, stop_margin, retention, warnings: [first, last] } = *self;
        let down =
            [week, day, hour, grace, stop_margin, Millis(0)].is_sorted_by(|above, below| above > below);
        if down && retention >= first && first > last && last > Millis(0) { Ok(()) } else { Err(LadderError) }
    }
}

/// What an owner is told; the order is the one in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// It comes back. Always the first of a new cycle.
    Resumed,
    /// A week is left.
    RunwayWeek,
    /// A day.
    RunwayDay,
    /// An hour.
    RunwayHour,
    /// It will stop within minutes.
    Grace,
    /// It was stopped.
    Stopped,
    /// It will be deleted in a week.
    DeletionWeek,
    /// It will be deleted in a day.
    DeletionDay,
}

/// A text that is no kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a kind of notice such as runway_day")]
pub struct ParseNoticeKindError;

impl NoticeKind {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Resumed,
        Self::RunwayWeek,
        Self::RunwayDay,
        Self::RunwayHour,
        Self::Grace,
        Self::Stopped,
        Self::DeletionWeek,
        Self::DeletionDay,
    ];

    /// Its word in tables and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::RunwayWeek => "runway_week",
            Self::RunwayDay => "runway_day",
            Self::RunwayHour => "runway_hour",
            Self::Grace => "grace",
            Self::Stopped => "stopped",
            Self::DeletionWeek => "deletion_week",
            Self::DeletionDay => "deletion_day",
        }
    }
}

impl std::fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NoticeKind {
    type Err = ParseNoticeKindError;

    fn from_str(text: &str) -> Result<Self, ParseNoticeKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(ParseNoticeKindError)
    }
}

/// Whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It runs under an open agreement.
    Running,
    /// It was stopped for want of money.
    Stopped {
        /// When.
        since: UnixMillis,
    },
}

/// Notices of the cycle at hand, and when each was given.
pub type Given = BTreeMap<NoticeKind, UnixMillis>;

/// What is known of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// How long it goes on, or would go on if it ran. `None` when nothing is charged, or nothing is known, as while the
    /// chain does not answer about what is stopped: then nothing is told, started or deleted.
    pub runway: Option<Runway>,
    /// Whether it runs.
    pub standing: Standing,
    /// What was told in this cycle.
    pub given: Given,
}

/// What to do now, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Tell, and keep that it was told in this cycle.
    Notice(NoticeKind),
    /// Stop it gracefully.
    Stop,
    /// Start it again. Refused while it still ends, it is due at the next look.
    Resume,
    /// Delete it with all it kept.
    Delete,
}

/// The number of the cycle at hand: it grows with every deposit of the tenant and every resumption that the deployment
/// was told of. Counted and not timed, so no step of a clock can lose or repeat one. A notice belongs to the cycle at hand,
/// but [`NoticeKind::Resumed`] to the one after it, which it thereby begins.
pub fn cycle(deposits: u64, resumptions: u64) -> u64 {
    deposits.saturating_add(resumptions)
}

/// What is due. Safe to ask again after a crash between two steps: what was not kept is due again, what was is not.
pub fn steps(ladder: &Ladder, purse: &Purse, now: UnixMillis) -> Vec<Step> {
    let Some(runway) = purse.runway else { return Vec::new() };
    match purse.standing {
        Standing::Running => while_running(ladder, &purse.given, runway),
        Standing::Stopped { .. } if runway.money >= ladder.hour => while_coming_back(&purse.given),
        Standing::Stopped { since } => while_stopped(ladder, &purse.given, since, now),
    }
}

fn while_running(ladder: &Ladder, given: &Given, runway: Runway) -> Vec<Step> {
    let Runway { money, locked } = runway;
    // A purse that is full does not help while no lock gets onto the chain: the work would not be secured.
    let secured = money.min(locked);
    let rungs = [
        (secured, ladder.stop_margin, NoticeKind::Stopped),
        (money, ladder.grace, NoticeKind::Grace),
        (money, ladder.hour, NoticeKind::RunwayHour),
        (money, ladder.day, NoticeKind::RunwayDay),
        (money, ladder.week, NoticeKind::RunwayWeek),
    ];
    // Only the lowest rung is told of: "an hour is left" also says that less than a week is.
    let lowest = rungs.into_iter().find(|(left, height, _)| left <= height);
    let Some((_, _, kind)) = lowest else { return Vec::new() };
    let told = given.keys().next_back().is_some_and(|told| *told >= kind);
    let stop = (kind == NoticeKind::Stopped).then_some(Step::Stop);
    stop.into_iter().chain((!told).then_some(Step::Notice(kind))).collect()
}

fn while_coming_back(given: &Given) -> Vec<Step> {
    // Told first, so that a cycle never begins with an old one's notices; and once, however often the start is tried.
    let told = given.keys().next_back() == Some(&NoticeKind::Resumed);
    let notice = (!told).then_some(Step::Notice(NoticeKind::Resumed));
    notice.into_iter().chain([Step::Resume]).collect()
}

fn while_stopped(ladder: &Ladder, given: &Given, since: UnixMillis, now: UnixMillis) -> Vec<Step> {
    // Also in a new cycle: a top-up that was too small is answered.
    if !given.keys().any(|told| *told >= NoticeKind::Stopped) {
        return vec![Step::Notice(NoticeKind::Stopped)];
    }
    let [first, last] = ladder.warnings;
    let kept = now.since(since);
    let Some(week_at) = given.get(&NoticeKind::DeletionWeek) else {
        let due = kept.0.saturating_add(first.0) >= ladder.retention.0;
        return if due { vec![Step::Notice(NoticeKind::DeletionWeek)] } else { Vec::new() };
    };
    // The first warning promised a time; the last comes that much before whichever is later, that or the retention's end.
    let warned = now.since(*week_at);
    let near =
        kept.0.saturating_add(last.0) >= ladder.retention.0 && warned.0.saturating_add(last.0) >= first.0;
    let Some(day_at) = given.get(&NoticeKind::DeletionDay) else {
        return if near { vec![Step::Notice(NoticeKind::DeletionDay)] } else { Vec::new() };
    };
    let over = kept >= ladder.retention && warned >= first && now.since(*day_at) >= last;
    if over { vec![Step::Delete] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
