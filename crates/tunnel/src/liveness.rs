//! Is the peer still there? Pings when it is silent, and says when silence has lasted too long.
//! Times are durations since the session began, given by the caller.
//! Deliberately absent: any clock.

use std::time::Duration;

/// Silence after which a Ping asks whether the peer is there.
pub const PING_AFTER: Duration = Duration::from_secs(5);
/// Silence after which the peer is taken for dead: three pings went unanswered.
pub const DEAD_AFTER: Duration = Duration::from_secs(15);
/// A busy session is pinged at this distance, only to know the round trip.
const MEASURE_EVERY: Duration = Duration::from_secs(30);

/// What a tick asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// Nothing.
    Fine,
    /// Send a Ping with this nonce.
    Ping(u64),
    /// Give the session up.
    Dead,
}

/// When something was last heard and asked.
#[derive(Debug)]
pub struct Liveness {
    heard: Duration,
    asked: Option<Duration>,
    nonce: u64,
    round_trip: Option<Duration>,
}

impl Liveness {
    /// Starts with the peer taken for alive at `now`.
    pub const fn new(now: Duration) -> Self {
        Self { heard: now, asked: None, nonce: 0, round_trip: None }
    }

    /// Notes that any byte came.
    pub fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    /// Notes an answer; one that does not fit the last question is ignored.
    pub fn answered(&mut self, nonce: u64, now: Duration) {
        if nonce == self.nonce {
            self.round_trip = self.asked.map(|asked| now.saturating_sub(asked));
        }
    }

    /// The last round trip measured.
    pub const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Decides what to do at `now`. Call about once a second.
    pub fn tick(&mut self, now: Duration) -> Tick {
        let silence = now.saturating_sub(self.heard);
        if silence >= DEAD_AFTER {
            return Tick::Dead;
        }
        let due = self.asked.is_none_or(|asked| {
            let since = now.saturating_sub(asked);
            since >= MEASURE_EVERY || (silence >= PING_AFTER && since >= PING_AFTER)
        });
        if !due {
            return Tick::Fine;
        }
        self.asked = Some(now);
        self.nonce += 1;
        Tick::Ping(self.nonce)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silent_peer_is_pinged_every_five_seconds_and_dead_after_fifteen() {
        let mut liveness = Liveness::new(secs(0));
        let ticks: Vec<_> = (0..=15)
            .map(|second| (second, liveness.tick(secs(second))))
            .filter(|(_, tick)| *tick != Tick::Fine)
            .collect();
        expect!["[(0, Ping(1)), (5, Ping(2)), (10, Ping(3)), (15, Dead)]"].assert_eq(&format!("{ticks:?}"));
    }

    #[test]
    fn a_talking_peer_is_pinged_only_to_measure() {
        let mut liveness = Liveness::new(secs(0));
        let mut pings = 0;
        for second in 0..60 {
            liveness.heard(secs(second));
            pings += u32::from(liveness.tick(secs(second)) != Tick::Fine);
        }
        assert_eq!(pings, 2);
    }

    #[test]
    fn only_the_answer_to_the_last_question_counts() {
        let mut liveness = Liveness::new(secs(0));
        liveness.tick(secs(0));
        liveness.answered(77, secs(1));
        assert_eq!(liveness.round_trip(), None);
        liveness.answered(1, secs(2));
        assert_eq!(liveness.round_trip(), Some(secs(2)));
    }
}
