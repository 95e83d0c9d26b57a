//! The receiving half of a session: what each frame of the peer does.
//! Deliberately absent: trust. A frame that no honest peer sends ends the stream or the session, with a code.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::ending::DRAIN_NONCE;
use super::{Event, Role, Session};
use crate::code::{CloseCode, ResetCode};
use crate::entry::Entry;
use crate::error::{CloseReason, Violation};
use crate::frame::{Frame, StreamId};
use crate::limits::MAX_REFUSED_OPENS;
use crate::stream::Event as StreamEvent;
use crate::target::{OpenTarget, TargetError};

impl Session {
    /// Takes all whole frames off the front of `input`, into which bytes have just come. A rest of at most one
    /// frame stays. When the peer breaks a rule the session closes; see `closed`.
    pub fn receive(&mut self, input: &mut BytesMut, now: Duration) {
        self.liveness.heard(now);
        while self.closed.is_none() {
            let taken = match Frame::decode(input) {
                Ok(Some(frame)) => self.on_frame(frame, now),
                Ok(None) => return,
                Err(error) => Err(Violation::Frame(error)),
            };
            if let Err(violation) = taken {
                self.close(CloseReason::Violation(violation));
            }
        }
        input.clear();
    }

    fn on_frame(&mut self, frame: Frame, now: Duration) -> Result<(), Violation> {
        match frame {
            Frame::Open { stream, open } => return self.on_open(stream, open),
            Frame::Data { stream, data } => return self.on_data(stream, data),
            Frame::Fin { stream } => return self.on_fin(stream),
            Frame::Reset { stream, code } => return self.on_reset(stream, code),
            Frame::Credit { stream, bytes } => return self.on_credit(stream, bytes),
            Frame::Ping { nonce } => self.control(Frame::Pong { nonce }),
            Frame::Pong { nonce: DRAIN_NONCE } => self.drain_heard = self.draining_since.is_some(),
            Frame::Pong { nonce } => self.liveness.answered(nonce, now),
            Frame::GoAway { code: CloseCode::Drain } => self.peer_drains = true,
            Frame::GoAway { code } => self.close(CloseReason::PeerRefused(code)),
        }
        Ok(())
    }

    fn on_open(&mut self, id: StreamId, open: Bytes) -> Result<(), Violation> {
        if self.role == Role::Edge {
            return Err(Violation::OpenFromAgent(id));
        }
        if id.0 <= self.last_id {
            return Err(Violation::StreamReused(id));
        }
        self.last_id = id.0;
        if self.draining_since.is_some() {
            return self.refuse(id, ResetCode::GoingAway);
        }
        if self.streams.len() >= self.limits.max_streams {
            return self.refuse(id, ResetCode::Overloaded);
        }
        match OpenTarget::decode(open) {
            Ok(target) => {
                self.refused_in_a_row = 0;
                self.streams.insert(id, Entry::new(None));
                self.incoming.push_back((id, target));
                self.events.push_back(Event::Incoming);
                Ok(())
            }
            Err(TargetError::UnknownKind(_)) => self.refuse(id, ResetCode::Unsupported),
            Err(TargetError::BadTarget | TargetError::BadPeer | TargetError::Truncated) => {
                self.refuse(id, ResetCode::Protocol)
            }
        }
    }

    fn refuse(&mut self, id: StreamId, code: ResetCode) -> Result<(), Violation> {
        self.refused_in_a_row += 1;
        if self.refused_in_a_row > MAX_REFUSED_OPENS {
            return Err(Violation::OpenFlood(self.refused_in_a_row));
        }
        self.control(Frame::Reset { stream: id, code });
        Ok(())
    }

    fn on_data(&mut self, id: StreamId, data: Bytes) -> Result<(), Violation> {
        self.note_confirmation(id);
        let Some(entry) = self.stream_after(id, StreamEvent::ReceiveData)? else { return Ok(()) };
        entry.window.received(data.len()).map_err(|_| Violation::CreditOverrun(id))?;
        let len = data.len() as u64;
        // Nobody will read an orphan's bytes; as they are granted no credit, at most a window of them comes.
        if len > 0 && !entry.orphan {
            entry.received.push(data);
            self.events.push_back(Event::Readable(id));
        }
        self.bytes_in += len;
        Ok(())
    }

    fn on_fin(&mut self, id: StreamId) -> Result<(), Violation> {
        self.note_confirmation(id);
        let Some(entry) = self.stream_after(id, StreamEvent::ReceiveFin)? else { return Ok(()) };
        entry.peer_finished = true;
        // Credit for a peer that has nothing more to send would be noise.
        entry.grant = None;
        let orphan_over = entry.orphan && entry.is_over();
        self.events.push_back(Event::Readable(id));
        if orphan_over {
            self.forget(id);
        }
        Ok(())
    }

    fn on_credit(&mut self, id: StreamId, bytes: u32) -> Result<(), Violation> {
        self.note_confirmation(id);
        let Some(entry) = self.stream_after(id, StreamEvent::ReceiveCredit)? else { return Ok(()) };
        entry.credit.grant(bytes).map_err(|_| Violation::CreditOverflow(id))?;
        self.enqueue(id);
        Ok(())
    }

    fn on_reset(&mut self, id: StreamId, code: ResetCode) -> Result<(), Violation> {
        if self.stream_after(id, StreamEvent::ReceiveReset)?.is_some() {
            self.end_stream(id, code);
        }
        Ok(())
    }

    /// Takes a stream through an event of the peer. `None` for a stream that has ended: its frames were on
    /// their way. An event that the state forbids costs the stream.
    fn stream_after(&mut self, id: StreamId, event: StreamEvent) -> Result<Option<&mut Entry>, Violation> {
        if id.0 > self.last_id {
            return Err(Violation::NeverOpened(id));
        }
        let Some(entry) = self.streams.get_mut(&id) else { return Ok(None) };
        if entry.reset.is_some() {
            return Ok(None);
        }
        let Ok(next) = entry.state.after(event) else {
            self.control(Frame::Reset { stream: id, code: ResetCode::Protocol });
            self.end_stream(id, ResetCode::Protocol);
            return Ok(None);
        };
        entry.state = next;
        Ok(self.streams.get_mut(&id))
    }

    /// Marks a stream as reset, for its owner to see; one without an owner is forgotten.
    fn end_stream(&mut self, id: StreamId, code: ResetCode) {
        let Some(entry) = self.streams.get_mut(&id) else { return };
        entry.cut();
        entry.reset = Some(code);
        let mut owned = !entry.orphan;
        self.leave_ring(id);
        if self.role == Role::Agent {
            let waiting = self.incoming.len();
            self.incoming.retain(|(other, _)| *other != id);
            owned &= self.incoming.len() == waiting;
        }
        self.events.push_back(Event::Reset(id));
        if !owned {
            self.forget(id);
        }
    }

    /// Whatever the agent says about a stream, except Reset, says that the target is there.
    fn note_confirmation(&mut self, id: StreamId) {
        // An error here means that the stream has ended, of which its owner hears by another event.
        if self.role == Role::Edge && self.confirm_silently(id).unwrap_or(false) {
            self.events.push_back(Event::Confirmed(id));
        }
    }
}
