//! Section `tunnel`: the connection for visitors' bytes, once a second while a desk looks.

use super::LinkState;
use crate::{
    error::Problem,
    unit::{Bytes, Millis, UnixMillis},
};
use serde::{Deserialize, Serialize};

/// Section `tunnel`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Tunnel {
    /// Where it stands.
    pub state: LinkState,
    /// Since when.
    pub since: UnixMillis,
    /// Why it is down.
    pub problem: Option<Problem>,
    /// There and back; absent before the first answer.
    pub round_trip: Option<Millis>,
    /// Visitors' streams open now.
    pub streams: u32,
    /// The most at a time.
    pub streams_max: u32,
    /// Streams since the daemon started.
    pub streams_total: u64,
    /// Visitors' bytes in, per second.
    pub received_per_second: Bytes,
    /// Visitors' bytes out, per second.
    pub sent_per_second: Bytes,
    /// Since the daemon started.
    pub received_total: Bytes,
    /// Since the daemon started.
    pub sent_total: Bytes,
    /// How often it had to be made anew since the daemon started.
    pub reconnects: u32,
    /// The last times it was lost, newest first, at most 20.
    pub losses: Vec<TunnelLoss>,
}

/// A tunnel that was lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TunnelLoss {
    /// When.
    pub at: UnixMillis,
    /// Until it stood again; absent while it does not.
    pub lasted: Option<Millis>,
    /// Why.
    pub problem: Option<Problem>,
}
