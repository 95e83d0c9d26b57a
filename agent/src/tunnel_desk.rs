//! The tunnel as the desk sees it. Pure. Deliberately absent: the tunnel.

use crate::{io::tunnel::TunnelState, logic::gauges::Traffic};
use ttalkak_protocol::{
    desk::{LinkState, Tunnel, TunnelLoss},
    unit::{Bytes, Millis, UnixMillis},
};

/// The section. `wanted`: whether there should be a tunnel; `rate`: visitors' bytes per second.
pub fn section(
    state: &TunnelState,
    wanted: bool,
    streams_max: usize,
    rate: Traffic,
    now: UnixMillis,
) -> Tunnel {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let round_trip = state.round_trip.filter(|_| state.connected);
    let loss = |loss: &crate::io::tunnel::Loss| TunnelLoss {
        at: loss.at,
        lasted: loss.until.map(|until| until.since(loss.at)),
        problem: Some(loss.problem.clone()),
    };
    Tunnel {
        state: match (wanted, state.connected, &state.problem) {
            (false, _, _) => LinkState::Off,
            (true, true, _) => LinkState::Connected,
            (true, false, Some(_)) => LinkState::Down,
            (true, false, None) => LinkState::Dialling,
        },
        since: state.since.unwrap_or(now),
        problem: state.problem.clone(),
        round_trip: round_trip.map(|time| Millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))),
        streams: count(state.streams),
        streams_max: count(streams_max),
        streams_total: state.streams_total,
        received_per_second: Bytes(rate.received),
        sent_per_second: Bytes(rate.sent),
        received_total: Bytes(state.bytes_in),
        sent_total: Bytes(state.bytes_out),
        reconnects: u32::try_from(state.connections.saturating_sub(1)).unwrap_or(u32::MAX),
        losses: state.losses.iter().map(loss).collect(),
    }
}
