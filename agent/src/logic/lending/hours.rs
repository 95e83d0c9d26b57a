//! The week's hours in local time. A span that the change of summer time leaves out is not lent, one that it doubles is
//! lent twice: what counts is what the clock on the wall shows.

use jiff::{
    Timestamp, ToSpan,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use std::collections::BTreeSet;
use ttalkak_protocol::{
    desk::{NextChange, Schedule},
    unit::UnixMillis,
};

/// Today and a week ahead: every span of the week comes at least once.
const DAYS_AHEAD: i64 = 8;

/// Whether the schedule is open at a time.
pub(super) fn is_open(schedule: &Schedule, at: UnixMillis, zone: &TimeZone) -> bool {
    local(at, zone).is_some_and(|local| names(schedule, local))
}

/// Whether the schedule names a time on the wall.
fn names(schedule: &Schedule, local: DateTime) -> bool {
    let minute = local.hour() as u16 * 60 + local.minute() as u16;
    let day = usize::try_from(local.date().weekday().to_monday_zero_offset()).unwrap_or(0);
    schedule
        .days
        .get(day)
        .is_some_and(|spans| spans.iter().any(|span| (span.from..span.to).contains(&minute)))
}

/// The clock on the wall is put ahead or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// When.
    pub at: UnixMillis,
    /// Ahead: a span is left out; otherwise one comes twice.
    pub ahead: bool,
}

/// The shift on the day of `now`, when the schedule names a time that it leaves out or doubles.
pub fn shift_today(schedule: &Schedule, now: UnixMillis, zone: &TimeZone) -> Option<Shift> {
    let today = local(now, zone)?.date();
    let first = zone.to_zoned(today.to_datetime(Time::midnight())).ok()?.timestamp();
    let last = zone.to_zoned(today.tomorrow().ok()?.to_datetime(Time::midnight())).ok()?.timestamp();
    let before_first = first.checked_sub(1.second()).ok()?;
    zone.following(before_first).take_while(|shift| shift.timestamp() < last).find_map(|shift| {
        let at = shift.timestamp();
        let before = zone.to_offset(at.checked_sub(1.second()).ok()?);
        let minutes = (shift.offset().seconds() - before.seconds()) / 60;
        // What is left out begins at the old time on the wall, what is doubled at the new.
        let begin = if minutes > 0 { before } else { shift.offset() }.to_datetime(at);
        let mut shifted = (0..minutes.abs()).filter_map(|minute| begin.checked_add(minute.minutes()).ok());
        let ahead = minutes > 0;
        let at = UnixMillis(at.as_millisecond());
        shifted.any(|local| names(schedule, local)).then_some(Shift { at, ahead })
    })
}

/// When it opens next; `None` when it never does.
pub fn opens_at(schedule: &Schedule, now: UnixMillis, zone: &TimeZone) -> Option<UnixMillis> {
    boundaries(schedule, now, zone).into_iter().find(|at| is_open(schedule, *at, zone))
}

/// The next time it opens or closes; `None` when it is open always or never.
pub fn next_change(schedule: &Schedule, now: UnixMillis, zone: &TimeZone) -> Option<NextChange> {
    let open = is_open(schedule, now, zone);
    let changes = |at: &UnixMillis| is_open(schedule, *at, zone) != open;
    boundaries(schedule, now, zone).into_iter().find(changes).map(|at| NextChange { at, lends: !open })
}

/// All times ahead at which something may change, earliest first: ends of spans, and changes of summer time.
fn boundaries(schedule: &Schedule, now: UnixMillis, zone: &TimeZone) -> BTreeSet<UnixMillis> {
    let mut found = BTreeSet::new();
    let Some(start) = local(now, zone).map(|local| local.date()) else { return found };
    for ahead in 0..=DAYS_AHEAD {
        let Ok(date) = start.checked_add(ahead.days()) else { break };
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        let spans = schedule.days.get(day).into_iter().flatten();
        for minute in spans.flat_map(|span| [span.from, span.to]) {
            let local = date.to_datetime(Time::midnight()).checked_add(i64::from(minute).minutes());
            found.extend(local.ok().into_iter().flat_map(|local| instants(local, zone)));
        }
    }
    if let Ok(now) = Timestamp::from_millisecond(now.0) {
        let last = now.checked_add((DAYS_AHEAD * 24).hours()).unwrap_or(now);
        let shifts = zone.following(now).map(|shift| shift.timestamp()).take_while(|at| *at <= last);
        found.extend(shifts.map(|at| UnixMillis(at.as_millisecond())));
    }
    found.split_off(&UnixMillis(now.0.saturating_add(1)))
}

/// The one, two (doubled hour) or shifted (missing hour) instants of a local time.
fn instants(local: DateTime, zone: &TimeZone) -> impl Iterator<Item = UnixMillis> {
    let both = [zone.to_ambiguous_timestamp(local).earlier(), zone.to_ambiguous_timestamp(local).later()];
    both.into_iter().filter_map(Result::ok).map(|at| UnixMillis(at.as_millisecond()))
}

fn local(at: UnixMillis, zone: &TimeZone) -> Option<DateTime> {
    Timestamp::from_millisecond(at.0).ok().map(|at| zone.to_datetime(at))
}
