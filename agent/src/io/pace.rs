//! How long to wait before dialling again: exponential, with full jitter, so that a thousand agents do not come back
//! in the same instant. Pure: chance and time are arguments.
//! Deliberately absent: giving up. An agent keeps trying for as long as it runs.

use std::time::Duration;

/// The bounds of the waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceLimits {
    /// The first wait is at most this.
    pub first: Duration,
    /// Every wait is at most this.
    pub most: Duration,
    /// A connection that stood for so long makes the next wait a first one again.
    pub good_after: Duration,
}

/// Failures so far, and the wait that follows from them.
#[derive(Debug, Clone)]
pub struct Pace {
    limits: PaceLimits,
    failures: u32,
}

impl Pace {
    /// No failure yet.
    pub fn new(limits: PaceLimits) -> Self {
        Self { limits, failures: 0 }
    }

    /// The wait after a connection that stood for `stood` (zero when it never did). `chance` lies in 0..1.
    pub fn after(&mut self, stood: Duration, chance: f64) -> Duration {
        if stood >= self.limits.good_after {
            self.failures = 0;
        }
        // 31 doublings are far beyond every `most`; the limit keeps the shift defined.
        let ceiling = self.limits.first.saturating_mul(1 << self.failures.min(31)).min(self.limits.most);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PaceLimits = PaceLimits {
        first: Duration::from_millis(250),
        most: Duration::from_secs(30),
        good_after: Duration::from_secs(60),
    };

    #[test]
    fn waits_double_up_to_the_limit_and_never_overflow() {
        let mut pace = Pace::new(LIMITS);
        let waits: Vec<_> = (0..9).map(|_| pace.after(Duration::ZERO, 1.0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        for _ in 0..100 {
            assert_eq!(pace.after(Duration::ZERO, 1.0), LIMITS.most);
        }
    }

    #[test]
    fn a_connection_that_flaps_keeps_slowing_down_and_a_good_one_starts_over() {
        let mut pace = Pace::new(LIMITS);
        for _ in 0..9 {
            pace.after(Duration::from_secs(59), 1.0);
        }
        assert_eq!(pace.after(Duration::from_secs(59), 0.5), Duration::from_secs(15));
        assert_eq!(pace.after(Duration::from_secs(60), 1.0), LIMITS.first);
    }
}
