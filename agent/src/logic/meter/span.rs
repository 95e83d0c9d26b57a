//! The stretch of healthy work that is not a reading yet. Its length comes from the clock that never jumps, its place in
//! time from the wall's. A wall clock that jumps may cost the provider some time; it never makes spans overlap, reach
//! into the future, or cover a gap.

use crate::logic::event::Now;
use std::time::Duration;
use ttalkak_protocol::{id::LeaseId, money::Reserved, unit::UnixMillis};

/// The clocks may drift apart by so much before the wall counts as having jumped.
const DRIFT_MS: i64 = 1_000;

/// Healthy work of one lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// Who works.
    pub(super) lease: LeaseId,
    /// Begin, by the wall's clock.
    from: UnixMillis,
    /// The same moment, by the clock that never jumps.
    began: Duration,
    /// Until then it is proven to be healthy.
    pub(super) sound: Duration,
    /// Whether a question after that got no answer.
    pub(super) doubted: bool,
    /// The lease's counter of sent bytes at the begin.
    pub(super) sent: u64,
    /// What it is charged for.
    pub(super) reserved: Reserved,
}

impl Span {
    /// Begins now, or at `earliest` when that is later.
    pub(super) fn open(
        lease: LeaseId,
        reserved: Reserved,
        earliest: UnixMillis,
        sent: u64,
        now: Now,
    ) -> Self {
        let from = now.wall.max(earliest);
        Self { lease, from, began: now.mono, sound: now.mono, doubted: false, sent, reserved }
    }

    /// How long it is until `end`.
    pub(super) fn length(&self, end: Duration) -> Duration {
        end.saturating_sub(self.began)
    }

    /// When it began, by the clock that never jumps.
    pub(super) fn began(&self) -> Duration {
        self.began
    }

    /// Takes out what lies before `end`, which is not after `now`; the span goes on from there. `None` when that is
    /// less than a millisecond, or lies where the wall's clock has not been yet.
    pub(super) fn cut(&mut self, end: Duration, now: Now) -> Option<(UnixMillis, UnixMillis)> {
        let end = end.min(now.mono);
        let wall_at_end = UnixMillis(now.wall.0.saturating_sub(millis(now.mono.saturating_sub(end))));
        let worked = millis(end.saturating_sub(self.began));
        let from = self.from;
        let to = UnixMillis(from.0.saturating_add(worked)).min(wall_at_end);
        if to <= from {
            if worked > 0 {
                self.began = end;
            }
            return None;
        }
        let length = to.since(from).0;
        if wall_at_end.0.saturating_sub(to.0) > DRIFT_MS {
            // The wall jumped ahead: that time was not worked.
            (self.from, self.began) = (wall_at_end, end);
        } else if i64::try_from(length).unwrap_or(i64::MAX) < worked {
            (self.from, self.began) = (to, end);
        } else {
            // Parts of a millisecond stay with the span, so that many short cuts come to as much as one long one.
            (self.from, self.began) = (to, self.began + Duration::from_millis(length));
        }
        Some((from, to))
    }

    /// Nothing before this counts any more.
    pub(super) fn not_before(&mut self, earliest: UnixMillis, now: Now) {
        if self.from < earliest {
            (self.from, self.began) = (earliest.max(now.wall), now.mono);
        }
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
