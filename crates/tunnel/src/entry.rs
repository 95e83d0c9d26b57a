//! All that a session holds for one stream: its state, credit both ways and waiting bytes.
//! Deliberately absent: other streams and the order among them (session.rs).

use bytes::{Buf, Bytes, BytesMut};

use crate::code::ResetCode;
use crate::credit::{ReceiveWindow, SendCredit};
use crate::frame::{Frame, MAX_DATA_BYTES, StreamId, encode_data};
use crate::queue::ReceiveQueue;
use crate::stream::State;

/// Bytes that a stream's writer may run ahead of the wire. Four frames, so that a busy stream always has one
/// ready; a writer beyond it waits, which is how backpressure reaches the backend's socket.
pub(crate) const SEND_BUFFER_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    /// The agent has said, in words or bytes, that it serves this stream.
    pub(crate) confirmed: bool,
    /// An Open that was not sent yet.
    pub(crate) open: Option<Bytes>,
    pub(crate) send: BytesMut,
    pub(crate) credit: SendCredit,
    /// The writer has finished; the Fin follows the last byte of `send`.
    pub(crate) fin_waiting: bool,
    /// Credit to be sent; `Some(0)` is a bare confirmation.
    pub(crate) grant: Option<u32>,
    pub(crate) received: ReceiveQueue,
    pub(crate) window: ReceiveWindow,
    /// The peer has finished: `received` is all there will be.
    pub(crate) peer_finished: bool,
    pub(crate) reset: Option<ResetCode>,
    /// The entry stands in the session's ring of streams with something to send.
    pub(crate) in_ring: bool,
    /// A writer was turned away and wants to hear of room.
    pub(crate) writer_waits: bool,
    /// The owner has gone; what is left is to send `send` and the Fin.
    pub(crate) orphan: bool,
    /// When an orphan was first seen by the clock.
    pub(crate) orphan_since: Option<std::time::Duration>,
}

/// What one turn of sending left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Data bytes put on the wire.
    pub(crate) bytes: usize,
    /// More could be sent at once.
    pub(crate) more: bool,
    /// A waiting writer has room again.
    pub(crate) room: bool,
}

impl Entry {
    pub(crate) fn new(open: Option<Bytes>) -> Self {
        Self {
            state: State::Opening,
            confirmed: false,
            open,
            send: BytesMut::new(),
            credit: SendCredit::default(),
            fin_waiting: false,
            grant: None,
            received: ReceiveQueue::default(),
            window: ReceiveWindow::default(),
            peer_finished: false,
            reset: None,
            in_ring: false,
            writer_waits: false,
            orphan: false,
            orphan_since: None,
        }
    }

    /// Something could go on the wire now.
    pub(crate) fn can_send(&self) -> bool {
        self.open.is_some()
            || self.grant.is_some()
            || (!self.send.is_empty() && self.credit.available() > 0)
            || (self.fin_waiting && self.send.is_empty())
    }

    /// Both directions are done and nothing waits to be sent: only the owner still holds it.
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Closed && !self.fin_waiting
    }

    /// Takes as much of `bytes` as fits; zero means that the writer must wait.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(SEND_BUFFER_BYTES - self.send.len());
        self.send.extend_from_slice(&bytes[..n]);
        self.writer_waits |= n == 0 && !bytes.is_empty();
        n
    }

    /// Puts one turn of this stream on the wire: Open, credit, at most one Data frame, Fin.
    pub(crate) fn send_turn(&mut self, stream: StreamId, out: &mut BytesMut) -> Sent {
        if let Some(open) = self.open.take() {
            Frame::Open { stream, open }.encode(out);
        }
        if let Some(bytes) = self.grant.take() {
            Frame::Credit { stream, bytes }.encode(out);
        }
        let bytes = self.send.len().min(self.credit.available()).min(MAX_DATA_BYTES);
        if bytes > 0 {
            encode_data(stream, &self.send[..bytes], out);
            self.credit.spend(bytes);
            self.send.advance(bytes);
        }
        if self.send.is_empty() {
            // An idle stream owns no buffer.
            self.send = BytesMut::new();
            if std::mem::take(&mut self.fin_waiting) {
                Frame::Fin { stream }.encode(out);
            }
        }
        // Waking at half a buffer lets the writer refill in few large steps.
        let room = self.writer_waits && self.send.len() <= SEND_BUFFER_BYTES / 2;
        self.writer_waits &= !room;
        Sent { bytes, more: self.can_send(), room }
    }

    /// Ends both directions. Bytes that the peer had finished stay readable; all others go.
    pub(crate) fn cut(&mut self) {
        self.state = State::Closed;
        self.open = None;
        self.send = BytesMut::new();
        self.fin_waiting = false;
        self.grant = None;
        if !self.peer_finished {
            self.received.clear();
        }
    }
}
