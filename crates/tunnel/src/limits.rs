//! Every limit of a session that is not part of a frame's shape, in one place.
//! Deliberately absent: limits of frames (frame.rs) and windows (credit.rs), which are part of the protocol.

use std::time::Duration;

/// Most streams of one session. At 128 KiB of first window each, the most that waits for readers is 128 MiB
/// plus the growth budget, and only if the peer stalls every one of them.
pub const MAX_STREAMS: usize = 1024;
/// Most frames that wait outside of streams (answers to pings and refused opens). An honest peer causes at most
/// one for each stream; four times that is a peer that asks without reading.
pub const MAX_WAITING_CONTROLS: usize = 4 * MAX_STREAMS;
/// Refused opens in a row after which the peer is taken for hostile. An honest edge counts its streams, so it
/// is refused only while the two counts differ by streams that are just ending.
pub const MAX_REFUSED_OPENS: u32 = 1024;

/// The limits that a side chooses for itself.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most streams at a time, at most `MAX_STREAMS`.
    pub max_streams: usize,
    /// Bytes by which all windows together may grow beyond their first size.
    pub growth_bytes: u32,
    /// How long existing streams may go on after a drain began.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_streams: MAX_STREAMS,
            // Room for 36 streams at the full 1 MiB window.
            growth_bytes: 32 * 1024 * 1024,
            drain: Duration::from_secs(30),
        }
    }
}
