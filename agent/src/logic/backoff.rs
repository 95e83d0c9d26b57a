//! How long to wait before the next try. Pure; the spread comes in as an argument where one is wanted.

use std::time::Duration;

/// First wait before an app that ended is started again.
pub const RESTART_FIRST: Duration = Duration::from_secs(1);
/// Longest such wait.
pub const RESTART_LONGEST: Duration = Duration::from_secs(5 * 60);
/// An app that was healthy for so long has earned a fresh start: the next wait is the first again.
pub const RESTART_FORGIVEN_AFTER: Duration = Duration::from_secs(10 * 60);

/// The wait before restart number `in_row` (0 is the first): 1 s doubled each time, at most 5 minutes.
pub fn restart_wait(in_row: u32) -> Duration {
    doubled(RESTART_FIRST, in_row, RESTART_LONGEST)
}

/// `first` doubled `times` times, at most `longest`; never overflows.
pub fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first
        .checked_mul(1_u32.checked_shl(times.min(31)).unwrap_or(u32::MAX))
        .map_or(longest, |wait| wait.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_wait_from_a_second_to_five_minutes() {
        let waits: Vec<u64> = [0, 1, 2, 8, 9, 31, u32::MAX].map(|n| restart_wait(n).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 256, 300, 300, 300]);
    }
}
