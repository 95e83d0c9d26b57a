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
