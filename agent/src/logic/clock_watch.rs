//! Tells a machine that slept from a clock that was set, by three clocks: one that stands still in sleep, one that does
//! not, and the one on the wall. Pure.

use std::time::Duration;
use ttalkak_protocol::{
    desk::NoticeKind,
    unit::{Millis, UnixMillis},
};

/// Clocks are slewed by little all the time; what an owner would notice is more.
const JUMP_LEAST_MS: i64 = 30_000;
/// A sleep that a link would not survive.
const SLEEP_LEAST: Duration = Duration::from_secs(10);

/// The clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// Stands still while the machine sleeps.
    pub awake: Duration,
    /// Goes on while the machine sleeps.
    pub boot: Duration,
    /// For people; may be set.
    pub wall: UnixMillis,
}

/// Remembers the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockWatch(Clocks);

impl ClockWatch {
    /// Begins now.
    pub fn new(now: Clocks) -> Self {
        Self(now)
    }

    /// Looks again; tells what happened meanwhile.
    pub fn look(&mut self, now: Clocks) -> Vec<NoticeKind> {
        let before = std::mem::replace(&mut self.0, now);
        let awake = now.awake.saturating_sub(before.awake);
        let passed = now.boot.saturating_sub(before.boot);
        let slept = passed.saturating_sub(awake);
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let by_ms = now.wall.0.saturating_sub(before.wall.0).saturating_sub(millis(passed));
        let mut found = Vec::new();
        if slept >= SLEEP_LEAST {
            found.push(NoticeKind::Resumed { slept: Millis(u64::try_from(millis(slept)).unwrap_or(0)) });
        }
        if by_ms.abs() >= JUMP_LEAST_MS {
            found.push(NoticeKind::ClockJumped { by_ms });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(awake: u64, boot: u64, wall: i64) -> Clocks {
        let seconds = Duration::from_secs;
        Clocks { awake: seconds(awake), boot: seconds(boot), wall: UnixMillis(wall * 1000) }
    }

    #[test]
    fn a_sleep_and_a_clock_that_was_set_are_told_apart() {
        let mut watch = ClockWatch::new(clocks(10, 10, 1000));
        assert_eq!(watch.look(clocks(15, 15, 1005)), []);
        assert_eq!(watch.look(clocks(20, 3620, 4610)), [NoticeKind::Resumed { slept: Millis(3_600_000) }]);
        assert_eq!(watch.look(clocks(25, 3625, 8215)), [NoticeKind::ClockJumped { by_ms: 3_600_000 }]);
        assert_eq!(watch.look(clocks(30, 3630, 1020)), [NoticeKind::ClockJumped { by_ms: -7_200_000 }]);
        // Both at once: the hardware clock was wrong when it woke.
        assert_eq!(watch.look(clocks(35, 3735, 11_025)).len(), 2);
        // A little is slewed away.
        assert_eq!(watch.look(clocks(40, 3740, 11_035)), []);
    }
}
