//! The sending half of a session: which stream goes next, and filling one buffer with all that is ready.
//! Deliberately absent: writing that buffer anywhere.

use bytes::BytesMut;

use super::{Event, Session};
use crate::code::ResetCode;
use crate::frame::{Frame, StreamId};
use crate::stream::State;

impl Session {
    /// Appends ready frames to `out` until it holds `fill_bytes` or nothing is ready; the last turn may cross
    /// the mark by one Data frame and its companions. All of it is meant for one write.
    pub fn transmit(&mut self, out: &mut BytesMut, fill_bytes: usize) {
        while out.len() < fill_bytes {
            if let Some(frame) = self.controls.pop_front() {
                frame.encode(out);
            } else if let Some(id) = self.ring.pop_front() {
                self.send_turn(id, out);
            } else {
                break;
            }
        }
        self.close_when_drained();
    }

    /// Whether `transmit` would append anything.
    pub fn wants_transmit(&self) -> bool {
        !self.controls.is_empty() || !self.ring.is_empty()
    }

    fn send_turn(&mut self, id: StreamId, out: &mut BytesMut) {
        let entry = self.streams.get_mut(&id).expect("a stream leaves the ring before it is forgotten");
        let sent = entry.send_turn(id, out);
        entry.in_ring = sent.more;
        let orphan_done = entry.orphan && !entry.fin_waiting;
        let peer_goes_on = entry.state != State::Closed;
        self.bytes_out += sent.bytes as u64;
        if sent.more {
            self.ring.push_back(id);
        }
        if sent.room {
            self.events.push_back(Event::Writable(id));
        }
        if orphan_done {
            if peer_goes_on {
                // The owner left after its Fin: the peer need not go on talking to nobody.
                self.control(Frame::Reset { stream: id, code: ResetCode::Cancelled });
            }
            self.forget(id);
        }
    }

    /// Puts a stream at the end of the ring if it has something to send and is not there yet.
    pub(super) fn enqueue(&mut self, id: StreamId) {
        let Some(entry) = self.streams.get_mut(&id) else { return };
        if !entry.in_ring && entry.can_send() {
            entry.in_ring = true;
            self.ring.push_back(id);
        }
    }

    pub(super) fn leave_ring(&mut self, id: StreamId) {
        let Some(entry) = self.streams.get_mut(&id) else { return };
        if std::mem::take(&mut entry.in_ring) {
            self.ring.retain(|other| *other != id);
        }
    }
}
