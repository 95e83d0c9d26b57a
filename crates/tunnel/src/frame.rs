//! Frames of the multiplexed lane: eight bytes of header, then a payload whose limit depends on its type.
//! Header: stream id (u32, big endian), type (u8), payload length (u24, big endian).
//! Deliberately absent: what a frame means for a stream (stream.rs, session.rs) and any reading from sockets.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::code::{CloseCode, ResetCode};
use crate::error::FrameError;

/// Bytes of every frame's header.
pub const HEADER_BYTES: usize = 8;
/// Most payload of a Data frame. Small, so that no stream makes the others wait for long.
pub const MAX_DATA_BYTES: usize = 16 * 1024;
/// Most payload of an Open frame.
pub const MAX_OPEN_BYTES: usize = 4 * 1024;
/// Most payload of an optional frame that is skipped. The same as Data, so that buffers need not grow for it.
pub const MAX_SKIPPED_BYTES: usize = MAX_DATA_BYTES;
/// A type with this bit may be skipped by a reader who does not know it.
pub const OPTIONAL_BIT: u8 = 0x80;

const OPEN: u8 = 0x01;
const DATA: u8 = 0x02;
const FIN: u8 = 0x03;
const RESET: u8 = 0x04;
const CREDIT: u8 = 0x05;
const PING: u8 = 0x06;
const PONG: u8 = 0x07;
const GO_AWAY: u8 = 0x08;

/// Names one stream in one session. Never zero, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(pub u32);

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One frame, decoded as far as its shape goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The edge opens a stream. `open` is an encoded `OpenTarget`, read later so that a target nobody
    /// understands costs one stream and not the session.
    Open {
        /// The new stream.
        stream: StreamId,
        /// Encoded target, at most `MAX_OPEN_BYTES`.
        open: Bytes,
    },
    /// A piece of a stream's bytes, at most `MAX_DATA_BYTES`.
    Data {
        /// The stream it belongs to.
        stream: StreamId,
        /// The bytes, sharing the buffer they were read into.
        data: Bytes,
    },
    /// The sender has no more bytes for this stream; the other direction goes on.
    Fin {
        /// The stream that is half closed.
        stream: StreamId,
    },
    /// The stream ends at once in both directions.
    Reset {
        /// The stream that ends.
        stream: StreamId,
        /// Why.
        code: ResetCode,
    },
    /// The receiver may be sent this many bytes more. Zero bytes are the agent's word that the backend is there.
    Credit {
        /// The stream that may go on.
        stream: StreamId,
        /// Bytes granted on top of what was granted before.
        bytes: u32,
    },
    /// Are you there?
    Ping {
        /// Repeated in the answer.
        nonce: u64,
    },
    /// Yes.
    Pong {
        /// Taken from the question.
        nonce: u64,
    },
    /// No new streams (`Drain`), or the end of the session (every other code).
    GoAway {
        /// Why.
        code: CloseCode,
    },
}

impl Frame {
    /// Appends the frame to `out`. Payload limits are the caller's duty for Open and Data.
    pub fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Open { stream, open } => put(out, stream.0, OPEN, open),
            Self::Data { stream, data } => put(out, stream.0, DATA, data),
            Self::Fin { stream } => put(out, stream.0, FIN, &[]),
            Self::Reset { stream, code } => put(out, stream.0, RESET, &code.to_wire().to_be_bytes()),
            Self::Credit { stream, bytes } => put(out, stream.0, CREDIT, &bytes.to_be_bytes()),
            Self::Ping { nonce } => put(out, 0, PING, &nonce.to_be_bytes()),
            Self::Pong { nonce } => put(out, 0, PONG, &nonce.to_be_bytes()),
            Self::GoAway { code } => put(out, 0, GO_AWAY, &code.to_wire().to_be_bytes()),
        }
    }

    /// Takes the next whole frame off the front of `input`; `None` when more bytes are needed.
    /// Unknown optional frames are skipped. A frame that is too large is refused from its header alone, before
    /// its payload is waited for, so `input` never needs to hold more than `MAX_DATA_BYTES` plus a header.
    ///
    /// Errors: `FrameError`; the input is then of no further use.
    pub fn decode(input: &mut BytesMut) -> Result<Option<Self>, FrameError> {
        loop {
            let Some(header) = Header::peek(input) else { return Ok(None) };
            header.check()?;
            if input.len() < HEADER_BYTES + header.len {
                return Ok(None);
            }
            input.advance(HEADER_BYTES);
            // Small pieces are shared, not copied: the stream decides what to keep (see queue.rs).
            let payload = input.split_to(header.len).freeze();
            if let Some(frame) = header.with(payload) {
                return Ok(Some(frame));
            }
        }
    }
}

/// Appends a Data frame without an intermediate `Bytes`. `data` is at most `MAX_DATA_BYTES`.
pub(crate) fn encode_data(stream: StreamId, data: &[u8], out: &mut BytesMut) {
    put(out, stream.0, DATA, data);
}

fn put(out: &mut BytesMut, stream: u32, kind: u8, payload: &[u8]) {
    debug_assert!(payload.len() <= MAX_DATA_BYTES, "payload limits are checked where payloads are made");
    out.reserve(HEADER_BYTES + payload.len());
    out.put_u32(stream);
    out.put_u8(kind);
    out.put_uint(payload.len() as u64, 3);
    out.put_slice(payload);
}

struct Header {
    stream: u32,
    kind: u8,
    len: usize,
}

impl Header {
    fn peek(input: &BytesMut) -> Option<Self> {
        let bytes: [u8; HEADER_BYTES] = *input.first_chunk()?;
        let [a, b, c, d, kind, e, f, g] = bytes;
        Some(Self {
            stream: u32::from_be_bytes([a, b, c, d]),
            kind,
            len: u32::from_be_bytes([0, e, f, g]) as usize,
        })
    }

    /// Everything that can be judged before the payload is there.
    fn check(&self) -> Result<(), FrameError> {
        let Self { stream, kind, len } = *self;
        let (limit, exact, about_stream) = match kind {
            OPEN => (MAX_OPEN_BYTES, None, true),
            DATA => (MAX_DATA_BYTES, None, true),
            FIN => (0, Some(0), true),
            RESET => (2, Some(2), true),
            CREDIT => (4, Some(4), true),
            PING | PONG => (8, Some(8), false),
            GO_AWAY => (2, Some(2), false),
            _ if kind & OPTIONAL_BIT != 0 => (MAX_SKIPPED_BYTES, None, stream != 0),
            _ => return Err(FrameError::UnknownType { kind }),
        };
        if len > limit {
            return Err(FrameError::TooLarge { kind, len, limit });
        }
        if exact.is_some_and(|exact| exact != len) {
            return Err(FrameError::WrongLength { kind, len });
        }
        if about_stream != (stream != 0) {
            return Err(FrameError::WrongStream { kind, stream });
        }
        Ok(())
    }

    /// Joins the header with its payload, whose length `check` has already compared; `None` for an optional
    /// frame that is skipped.
    fn with(&self, mut payload: Bytes) -> Option<Frame> {
        let stream = StreamId(self.stream);
        Some(match self.kind {
            OPEN => Frame::Open { stream, open: payload },
            DATA => Frame::Data { stream, data: payload },
            FIN => Frame::Fin { stream },
            RESET => Frame::Reset { stream, code: ResetCode::from_wire(payload.get_u16()) },
            CREDIT => Frame::Credit { stream, bytes: payload.get_u32() },
            PING => Frame::Ping { nonce: payload.get_u64() },
            PONG => Frame::Pong { nonce: payload.get_u64() },
            GO_AWAY => Frame::GoAway { code: CloseCode::from_wire(payload.get_u16()) },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
