//! The one place where the driver's side reads clocks.

use crate::logic::event::Now;
use std::time::Duration;
use tokio::time::Instant;
use ttalkak_protocol::unit::UnixMillis;

/// Counts from when it was made.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Both clocks now.
    pub fn now(&self) -> Now {
        Now { mono: self.start.elapsed(), wall: wall() }
    }

    /// A moment of the runtime's clock on ours; moments before the start are zero.
    pub fn mono(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.start)
    }

    /// The other way round.
    pub fn instant(&self, mono: Duration) -> Instant {
        self.start + mono
    }
}

/// The time for people.
pub fn wall() -> UnixMillis {
    UnixMillis(jiff::Timestamp::now().as_millisecond())
}

/// Three clocks, by which a sleep is told from a clock that was set.
pub fn clocks() -> crate::logic::clock_watch::Clocks {
    #[cfg(target_os = "linux")]
    let (awake, boot) = {
        use rustix::time::{ClockId, clock_gettime};
        let read = |id| {
            let time = clock_gettime(id);
            Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
        };
        (read(ClockId::Monotonic), read(ClockId::Boottime))
    };
    // Elsewhere there is one such clock, and a sleep looks like a clock that was set.
    #[cfg(not(target_os = "linux"))]
    let (awake, boot) = {
        use std::sync::OnceLock;
        static START: OnceLock<Instant> = OnceLock::new();
        let passed = START.get_or_init(Instant::now).elapsed();
        (passed, passed)
    };
    crate::logic::clock_watch::Clocks { awake, boot, wall: wall() }
}
