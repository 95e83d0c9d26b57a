//! Whether and when to start the daemon again. Pure: time comes in.
//! A daemon that was killed is brought back, sooner at first; one that ended by wish is left alone until it is wanted.

use super::view::Daemon;
use std::time::Duration;

/// From the start of the daemon to its socket; a slow disk and a cold cache included.
const COMES_WITHIN: Duration = Duration::from_secs(20);
/// Between starts that came to nothing.
const BETWEEN: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(60)];
/// A unit that systemd restarts by itself is given this long before we ask for it.
const GRACE: Duration = Duration::from_millis(300);

/// What is known of the daemon's coming and going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    state: State,
    /// Starts since it was last there.
    tries: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It answers.
    Here,
    /// It will be started at this time.
    Due(Duration),
    /// It was started and should be there by this time.
    Starting(Duration),
    /// It ended by wish.
    Stopped,
}

impl Keep {
    /// At the start of the tray: a daemon that is there already answers before `now` and the grace are over.
    pub fn new(now: Duration) -> Self {
        Self { state: State::Due(now + GRACE), tries: 0 }
    }

    /// It answers.
    pub fn connected(&mut self) {
        *self = Self { state: State::Here, tries: 0 };
    }

    /// It does not answer any more. `crashed`: it did not end by wish.
    pub fn lost(&mut self, crashed: bool, now: Duration) {
        if self.state == State::Here {
            self.state = if crashed { State::Due(now + GRACE) } else { State::Stopped };
        }
    }

    /// Somebody wants it, whatever was before.
    pub fn wanted(&mut self, now: Duration) {
        if self.state != State::Here {
            *self = Self { state: State::Due(now), tries: 0 };
        }
    }

    /// What was started has ended before it answered, or could not be started.
    pub fn failed(&mut self, now: Duration) {
        if matches!(self.state, State::Starting(_)) {
            self.retry(now);
        }
    }

    /// When [`Keep::tick`] has something to do.
    pub fn next(&self) -> Option<Duration> {
        match self.state {
            State::Due(at) | State::Starting(at) => Some(at),
            State::Here | State::Stopped => None,
        }
    }

    /// Returns whether the daemon should be started now.
    pub fn tick(&mut self, now: Duration) -> bool {
        match self.state {
            State::Due(at) if at <= now => {
                self.state = State::Starting(now + COMES_WITHIN);
                self.tries += 1;
                true
            }
            State::Starting(at) if at <= now => {
                self.retry(now);
                false
            }
            State::Due(_) | State::Starting(_) | State::Here | State::Stopped => false,
        }
    }

    fn retry(&mut self, now: Duration) {
        let wait = BETWEEN.get(self.tries).or(BETWEEN.last()).copied().unwrap_or_default();
        self.state = State::Due(now + wait);
    }

    /// How the tray shows it.
    pub fn shown(&self) -> Daemon {
        match self.state {
            State::Here => Daemon::Here,
            State::Stopped => Daemon::Stopped,
            State::Due(_) | State::Starting(_) if self.tries > 1 => Daemon::Failing,
            State::Due(_) | State::Starting(_) => Daemon::Coming,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_daemon_that_is_there_is_not_started() {
        let mut keep = Keep::new(s(0));
        assert!(!keep.tick(s(0)));
        keep.connected();
        assert!(!keep.tick(s(100)));
        assert_eq!((keep.next(), keep.shown()), (None, Daemon::Here));
    }

    #[test]
    fn a_killed_one_comes_back_and_one_that_ended_by_wish_does_not_until_it_is_wanted() {
        let mut keep = Keep::new(s(0));
        keep.connected();
        keep.lost(true, s(10));
        assert!(keep.tick(s(11)), "started again");
        keep.connected();
        keep.lost(false, s(20));
        assert!(!keep.tick(s(1000)));
        assert_eq!(keep.shown(), Daemon::Stopped);
        keep.wanted(s(1000));
        assert!(keep.tick(s(1000)));
    }

    #[test]
    fn one_that_cannot_be_started_is_tried_ever_more_rarely_and_told() {
        let mut keep = Keep::new(s(0));
        let (mut now, mut starts) = (s(0), Vec::new());
        while starts.len() < 6 {
            now = keep.next().expect("it goes on trying");
            if keep.tick(now) {
                starts.push(now.as_secs());
                keep.failed(now);
            }
        }
        assert_eq!(starts, [0, 2, 12, 72, 132, 192]);
        assert_eq!(keep.shown(), Daemon::Failing);
        keep.wanted(now);
        assert_eq!(keep.next(), Some(now), "a person's wish waits for nothing");
    }
}
