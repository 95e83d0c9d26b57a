//! At most so many run-log lines a second for each workload; what is dropped is counted and told. Pure: time comes in.

use std::time::Duration;

/// Lines that a workload may write in each second.
pub const LINES_PER_SECOND: u32 = 200;

/// One workload's gate.
#[derive(Debug, Clone, Default)]
pub struct LineGate {
    second: u64,
    passed: u32,
    dropped: u64,
}

impl LineGate {
    /// Whether a line may pass now; with it, how many were dropped since the last one that did.
    pub fn on_line(&mut self, now: Duration) -> Passage {
        if now.as_secs() != self.second {
            self.second = now.as_secs();
            self.passed = 0;
        }
        if self.passed >= LINES_PER_SECOND {
            self.dropped += 1;
            return Passage::Dropped;
        }
        self.passed += 1;
        Passage::Passed { dropped_before: std::mem::take(&mut self.dropped) }
    }

    /// How many lines were dropped and not told yet; they count as told from now on.
    pub fn untold(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It goes on.
    Passed {
        /// Lines that were dropped before it.
        dropped_before: u64,
    },
    /// It does not.
    Dropped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_passes_two_hundred_lines_a_second_and_tells_the_rest() {
        let mut gate = LineGate::default();
        let passed = |gate: &mut LineGate, at| {
            (0..1000).filter(|_| gate.on_line(Duration::from_millis(at)) != Passage::Dropped).count()
        };
        assert_eq!(passed(&mut gate, 5_000), 200);
        assert_eq!(gate.on_line(Duration::from_millis(6_000)), Passage::Passed { dropped_before: 800 });
        assert_eq!(gate.on_line(Duration::from_millis(6_001)), Passage::Passed { dropped_before: 0 });
        assert_eq!(passed(&mut gate, 6_500), 198);
        assert_eq!((gate.untold(), gate.untold()), (802, 0));
    }
}
