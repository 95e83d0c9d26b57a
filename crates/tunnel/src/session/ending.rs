//! How a session ends: drained, closed for a reason, or given up as time passes.
//! Deliberately absent: the transport's end, which the driver sees and tells.

use std::time::Duration;

use super::{Event, Session};
use crate::code::{CloseCode, ResetCode};
use crate::error::CloseReason;
use crate::frame::Frame;
use crate::liveness::Tick;

/// The Ping that follows our wish to drain. Its answer says that every Open sent before the wish was read has
/// arrived, and was refused with a code, before we close.
pub(super) const DRAIN_NONCE: u64 = u64::MAX;

impl Session {
    /// Stops new streams and lets the existing ones finish; the session closes after the last one, or when the
    /// drain deadline has passed.
    pub fn drain(&mut self, now: Duration) {
        if self.draining_since.is_none() && self.closed.is_none() {
            self.draining_since = Some(now);
            self.control(Frame::GoAway { code: CloseCode::Drain });
            self.control(Frame::Ping { nonce: DRAIN_NONCE });
        }
    }

    /// Ends the session. Only the first reason counts.
    pub fn close(&mut self, reason: CloseReason) {
        if self.closed.is_some() {
            return;
        }
        self.controls.clear();
        self.ring.clear();
        // Streams without an owner have nobody to release them.
        for (id, _) in self.incoming.drain(..) {
            self.streams.remove(&id);
        }
        self.streams.retain(|_, entry| !entry.orphan);
        self.orphans = 0;
        for entry in self.streams.values_mut() {
            entry.in_ring = false;
            entry.cut();
        }
        let farewell = match &reason {
            CloseReason::Violation(violation) => Some(violation.code()),
            CloseReason::Dead => Some(CloseCode::Timeout),
            CloseReason::Shutdown
            | CloseReason::PeerDrained
            | CloseReason::PeerVanished
            | CloseReason::PeerRefused(_)
            | CloseReason::Transport(_)
            | CloseReason::DriverDropped => None,
        };
        self.controls.extend(farewell.map(|code| Frame::GoAway { code }));
        self.closed = Some(reason);
        self.events.push_back(Event::Closed);
    }

    /// The peer's bytes have ended. What that means depends on what was said before.
    pub fn end_of_input(&mut self) {
        let reason = match (self.peer_drains, self.draining_since) {
            (_, Some(_)) if self.streams.is_empty() => CloseReason::Shutdown,
            (true, _) => CloseReason::PeerDrained,
            (false, _) => CloseReason::PeerVanished,
        };
        self.close(reason);
    }

    /// Lets time pass: pings, the death of a silent peer, deadlines. Call about once a second.
    pub fn on_tick(&mut self, now: Duration) {
        if self.closed.is_some() {
            return;
        }
        match self.liveness.tick(now) {
            Tick::Fine => {}
            Tick::Ping(nonce) => self.control(Frame::Ping { nonce }),
            Tick::Dead => return self.close(CloseReason::Dead),
        }
        if self.draining_since.is_some_and(|since| now.saturating_sub(since) >= self.limits.drain) {
            return self.close(CloseReason::Shutdown);
        }
        if self.orphans > 0 {
            self.end_old_orphans(now);
        }
    }

    /// An orphan whose peer grants nothing for as long as a drain may last is given up.
    fn end_old_orphans(&mut self, now: Duration) {
        let patience = self.limits.drain;
        let mut old = Vec::new();
        for (id, entry) in self.streams.iter_mut().filter(|(_, entry)| entry.orphan) {
            let since = *entry.orphan_since.get_or_insert(now);
            if now.saturating_sub(since) >= patience {
                old.push(*id);
            }
        }
        for id in old {
            self.reset(id, ResetCode::Cancelled);
            self.forget(id);
        }
    }

    pub(super) fn close_when_drained(&mut self) {
        if self.drain_heard && self.streams.is_empty() && self.controls.is_empty() {
            self.close(CloseReason::Shutdown);
        }
    }
}
