//! One session, without I/O: bytes in, events out; calls in, bytes out.
//! Deliberately absent: sockets, wakers and clocks (driver.rs, lane.rs). Times are durations since the session
//! began.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::code::ResetCode;
use crate::credit::GrowthBudget;
use crate::entry::Entry;
use crate::error::{CloseReason, OpenError, StreamError, Violation};
use crate::frame::{Frame, StreamId};
use crate::limits::{Limits, MAX_WAITING_CONTROLS};
use crate::liveness::Liveness;
use crate::stream::{Event as StreamEvent, Illegal, State};
use crate::target::OpenTarget;

mod ending;
mod inbound;
mod outbound;

/// Which end of the tunnel a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Accepts the connection and opens streams.
    Edge,
    /// Dials the connection and accepts streams.
    Agent,
}

/// What the owner of a session should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A stream waits in `accept`.
    Incoming,
    /// Bytes, the end, or an error can be read.
    Readable(StreamId),
    /// There is room to write again.
    Writable(StreamId),
    /// The agent confirmed that the target is there.
    Confirmed(StreamId),
    /// The stream was reset: readers, writers and those who wait for confirmation should all look.
    Reset(StreamId),
    /// The session is over; everybody should look.
    Closed,
}

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// This many bytes.
    Bytes(usize),
    /// The peer has finished and everything was read.
    End,
    /// Nothing yet; an event will tell.
    Blocked,
}

/// Counters of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Streams that exist now.
    pub streams: usize,
    /// Visitors' bytes received, without framing.
    pub bytes_in: u64,
    /// Visitors' bytes sent, without framing.
    pub bytes_out: u64,
    /// The last round trip measured.
    pub round_trip: Option<Duration>,
}

/// One session. See the module's words.
#[derive(Debug)]
pub struct Session {
    role: Role,
    limits: Limits,
    streams: BTreeMap<StreamId, Entry>,
    /// The highest id ever opened, by us or by the peer.
    last_id: u32,
    /// Streams with something to send, each at most once, served in turn.
    ring: VecDeque<StreamId>,
    /// Frames that belong to no living stream; they go first. Bounded by `MAX_WAITING_CONTROLS`.
    controls: VecDeque<Frame>,
    /// Streams the agent has not accepted yet. Bounded by the limit of streams, as each has an entry.
    incoming: VecDeque<(StreamId, OpenTarget)>,
    events: VecDeque<Event>,
    growth: GrowthBudget,
    liveness: Liveness,
    /// Opens refused for lack of room since one was last admitted.
    refused_in_a_row: u32,
    orphans: usize,
    draining_since: Option<Duration>,
    /// The peer has read our wish to drain, so no Open is on its way any more.
    drain_heard: bool,
    peer_drains: bool,
    closed: Option<CloseReason>,
    bytes_in: u64,
    bytes_out: u64,
}

impl Session {
    /// A session that begins at `now`.
    pub fn new(role: Role, limits: Limits, now: Duration) -> Self {
        Self {
            role,
            limits,
            streams: BTreeMap::new(),
            last_id: 0,
            ring: VecDeque::new(),
            controls: VecDeque::new(),
            incoming: VecDeque::new(),
            events: VecDeque::new(),
            growth: GrowthBudget::new(limits.growth_bytes),
            liveness: Liveness::new(now),
            refused_in_a_row: 0,
            orphans: 0,
            draining_since: None,
            drain_heard: false,
            peer_drains: false,
            closed: None,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Opens a stream for `target`; the Open goes out with the next bytes.
    ///
    /// Errors: `OpenError`; nothing was queued then.
    pub fn open(&mut self, target: &OpenTarget) -> Result<StreamId, OpenError> {
        if let Some(reason) = &self.closed {
            return Err(OpenError::Closed(reason.clone()));
        }
        if self.role == Role::Agent {
            return Err(OpenError::WrongSide);
        }
        if self.draining_since.is_some() || self.peer_drains {
            return Err(OpenError::Draining);
        }
        if self.streams.len() >= self.limits.max_streams {
            return Err(OpenError::Full(self.streams.len()));
        }
        self.last_id = self.last_id.checked_add(1).ok_or(OpenError::Exhausted)?;
        let id = StreamId(self.last_id);
        self.streams.insert(id, Entry::new(Some(target.encode())));
        self.enqueue(id);
        Ok(id)
    }

    /// The next stream that the edge opened and nobody accepted yet.
    pub fn accept(&mut self) -> Option<(StreamId, OpenTarget)> {
        self.incoming.pop_front()
    }

    /// Writes as much of `bytes` as there is room for; zero means blocked until `Event::Writable`.
    ///
    /// Errors: reset, tunnel closed, or written after `finish`.
    pub fn write(&mut self, id: StreamId, bytes: &[u8]) -> Result<usize, StreamError> {
        if self.role == Role::Agent {
            self.confirm_silently(id)?;
        }
        let entry = self.living(id)?;
        step(entry, StreamEvent::SendData)?;
        let written = entry.write(bytes);
        self.enqueue(id);
        Ok(written)
    }

    /// Reads what is there into `out`, which is not empty.
    ///
    /// Errors: reset, or tunnel closed, before the peer had finished.
    pub fn read(&mut self, id: StreamId, out: &mut [u8]) -> Result<Read, StreamError> {
        let Some(entry) = self.streams.get_mut(&id) else { return Err(forgotten(StreamEvent::ReceiveData)) };
        let taken = entry.received.read(out);
        if taken == 0 {
            return match (entry.peer_finished, entry.reset, &self.closed) {
                (true, _, _) => Ok(Read::End),
                (false, Some(code), _) => Err(StreamError::Reset(code)),
                (false, None, Some(reason)) => Err(StreamError::TunnelClosed(reason.clone())),
                (false, None, None) => Ok(Read::Blocked),
            };
        }
        let grant = entry.window.consumed(taken, entry.received.len(), &mut self.growth);
        if grant > 0 && !entry.peer_finished && entry.state != State::Closed {
            entry.grant = Some(entry.grant.unwrap_or(0) + grant);
            self.enqueue(id);
        }
        Ok(Read::Bytes(taken))
    }

    /// Half closes: what was written still goes out, then a Fin. Doing it twice is harmless.
    ///
    /// Errors: reset, or tunnel closed.
    pub fn finish(&mut self, id: StreamId) -> Result<(), StreamError> {
        let entry = self.living(id)?;
        if matches!(entry.state, State::HalfClosedLocal | State::Closed) {
            return Ok(());
        }
        step(entry, StreamEvent::SendFin)?;
        entry.fin_waiting = true;
        self.enqueue(id);
        Ok(())
    }

    /// Tells the edge that the target is there. Writing says the same.
    ///
    /// Errors: reset, or tunnel closed.
    pub fn confirm(&mut self, id: StreamId) -> Result<(), StreamError> {
        if self.confirm_silently(id)? {
            let entry = self.living(id)?;
            entry.grant.get_or_insert(0);
            self.enqueue(id);
        }
        Ok(())
    }

    /// Whether the agent has confirmed the stream, or a later fact makes the question moot.
    ///
    /// Errors: reset, or tunnel closed.
    pub fn is_confirmed(&mut self, id: StreamId) -> Result<bool, StreamError> {
        match self.streams.get(&id) {
            Some(entry) if entry.confirmed => Ok(true),
            Some(_) | None => self.living(id).map(|entry| entry.confirmed),
        }
    }

    /// Ends a stream at once in both directions and tells the peer why. Harmless on one that is over.
    pub fn reset(&mut self, id: StreamId, code: ResetCode) {
        if self.closed.is_some() {
            return;
        }
        let Some(entry) = self.streams.get_mut(&id) else { return };
        if entry.is_over() {
            return;
        }
        // The peer has never heard of a stream whose Open did not leave.
        let known = entry.open.is_none();
        entry.cut();
        entry.reset = Some(code);
        self.events.push_back(Event::Reset(id));
        if known {
            self.control(Frame::Reset { stream: id, code });
        }
        self.leave_ring(id);
    }

    /// The owner lets go of a stream. What it finished is still sent; what it did not finish is cancelled.
    pub fn release(&mut self, id: StreamId) {
        let Some(entry) = self.streams.get_mut(&id) else { return };
        if entry.fin_waiting && self.closed.is_none() {
            entry.received.clear();
            entry.orphan = true;
            self.orphans += 1;
            return;
        }
        self.reset(id, ResetCode::Cancelled);
        self.forget(id);
    }

    /// The next thing to look at. Drain it after every call that takes bytes, time or a reset.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Why the session is over, once it is.
    pub const fn closed(&self) -> Option<&CloseReason> {
        self.closed.as_ref()
    }

    /// Whether either side has asked for no more streams.
    pub const fn is_draining(&self) -> bool {
        self.draining_since.is_some() || self.peer_drains
    }

    /// The counters now.
    pub fn stats(&self) -> Stats {
        Stats {
            streams: self.streams.len(),
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            round_trip: self.liveness.round_trip(),
        }
    }

    /// The entry of a stream that was neither reset nor lost with the session.
    fn living(&mut self, id: StreamId) -> Result<&mut Entry, StreamError> {
        let Some(entry) = self.streams.get_mut(&id) else { return Err(forgotten(StreamEvent::SendData)) };
        match (entry.reset, &self.closed) {
            (Some(code), _) => Err(StreamError::Reset(code)),
            (None, Some(reason)) => Err(StreamError::TunnelClosed(reason.clone())),
            (None, None) => Ok(entry),
        }
    }

    /// Confirms without a frame of its own; true when that is news.
    fn confirm_silently(&mut self, id: StreamId) -> Result<bool, StreamError> {
        let entry = self.living(id)?;
        if entry.confirmed {
            return Ok(false);
        }
        step(entry, StreamEvent::Confirm)?;
        entry.confirmed = true;
        Ok(true)
    }

    /// Drops a stream's entry; from here on its id is only "not above `last_id`".
    fn forget(&mut self, id: StreamId) {
        self.leave_ring(id);
        let Some(mut entry) = self.streams.remove(&id) else { return };
        entry.window.close(&mut self.growth);
        self.orphans -= usize::from(entry.orphan);
        self.close_when_drained();
    }

    /// Queues a frame that goes out ahead of the streams.
    fn control(&mut self, frame: Frame) {
        if self.controls.len() >= MAX_WAITING_CONTROLS {
            return self.close(CloseReason::Violation(Violation::ControlFlood(MAX_WAITING_CONTROLS)));
        }
        self.controls.push_back(frame);
    }
}

fn step(entry: &mut Entry, event: StreamEvent) -> Result<(), StreamError> {
    entry.state = entry.state.after(event).map_err(StreamError::Illegal)?;
    Ok(())
}

const fn forgotten(event: StreamEvent) -> StreamError {
    StreamError::Illegal(Illegal { state: State::Closed, event })
}

#[cfg(test)]
mod tests;
