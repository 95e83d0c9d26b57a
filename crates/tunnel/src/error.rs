//! What can go wrong in a tunnel, as values: refused frames, lost streams, ended sessions.
//! Deliberately absent: retry decisions. Whoever opened the stream knows whether it may be tried again.

use std::io;

use crate::code::{CloseCode, ResetCode};
use crate::frame::StreamId;
use crate::stream::Illegal;

/// A frame that was refused while it was decoded. All of them end the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The header announces more payload than this type may carry.
    #[error("frame type {kind:#04x} announces {len} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Type byte of the header.
        kind: u8,
        /// Announced payload length in bytes.
        len: usize,
        /// The limit that was broken, in bytes.
        limit: usize,
    },
    /// The payload of a fixed-size type has another size.
    #[error("frame type {kind:#04x} has {len} bytes of payload, which is not its size")]
    WrongLength {
        /// Type byte of the header.
        kind: u8,
        /// Announced payload length in bytes.
        len: usize,
    },
    /// A frame about a stream names none, or a frame about the session names one.
    #[error("frame type {kind:#04x} on stream {stream}")]
    WrongStream {
        /// Type byte of the header.
        kind: u8,
        /// The stream id found.
        stream: u32,
    },
    /// A type nobody here knows, without the optional bit.
    #[error("unknown frame type {kind:#04x}")]
    UnknownType {
        /// Type byte of the header.
        kind: u8,
    },
}

/// What the other side did to make us end the session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A frame could not be decoded.
    #[error("decode a frame")]
    Frame(#[source] FrameError),
    /// An Open came from the side that only accepts.
    #[error("the agent tried to open stream {0}")]
    OpenFromAgent(StreamId),
    /// An Open used an id that is not above every earlier one.
    #[error("stream {0} was used before")]
    StreamReused(StreamId),
    /// A frame other than Open for a stream that never existed.
    #[error("frame for stream {0}, which was never opened")]
    NeverOpened(StreamId),
    /// More data than was granted.
    #[error("stream {0} sent more than its credit")]
    CreditOverrun(StreamId),
    /// More credit than a stream may ever hold.
    #[error("stream {0} was granted more credit than the limit")]
    CreditOverflow(StreamId),
    /// The peer kept opening streams although each was refused.
    #[error("{0} opens in a row beyond the limit of streams")]
    OpenFlood(u32),
    /// The peer asks for answers and does not read them.
    #[error("more than {0} answers are waiting for a peer that does not read")]
    ControlFlood(usize),
}

impl Violation {
    /// The code that tells the peer about it.
    pub const fn code(&self) -> CloseCode {
        match self {
            Self::Frame(FrameError::TooLarge { .. }) => CloseCode::FrameTooLarge,
            Self::Frame(FrameError::UnknownType { .. }) => CloseCode::UnknownFrame,
            Self::Frame(FrameError::WrongLength { .. } | FrameError::WrongStream { .. }) => {
                CloseCode::Protocol
            }
            Self::OpenFromAgent(_) | Self::NeverOpened(_) => CloseCode::Protocol,
            Self::StreamReused(_) => CloseCode::StreamReused,
            Self::CreditOverrun(_) | Self::CreditOverflow(_) => CloseCode::FlowControl,
            Self::OpenFlood(_) | Self::ControlFlood(_) => CloseCode::Flood,
        }
    }
}

/// Why a session is over. Cloned into everything that hung on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// We drained and closed on our own wish.
    #[error("closed after draining")]
    Shutdown,
    /// The peer drained, then closed.
    #[error("the peer drained and closed")]
    PeerDrained,
    /// The peer closed, or vanished, without a word.
    #[error("the peer closed the connection")]
    PeerVanished,
    /// The peer told us that we broke a rule.
    #[error("the peer ended the session: {0}")]
    PeerRefused(CloseCode),
    /// The peer broke a rule.
    #[error("the peer broke the protocol")]
    Violation(#[source] Violation),
    /// Nothing was heard for too long.
    #[error("nothing heard from the peer for too long")]
    Dead,
    /// The transport failed.
    #[error("the transport failed: {0:?}")]
    Transport(io::ErrorKind),
    /// The task that moves the bytes was dropped.
    #[error("the tunnel's driver was dropped")]
    DriverDropped,
}

/// Why a stream could not be opened. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// As many streams are open as a session may carry.
    #[error("the tunnel already carries {0} streams")]
    Full(usize),
    /// One of the two sides is draining.
    #[error("the tunnel is draining")]
    Draining,
    /// All stream ids were used; a new session is needed.
    #[error("the tunnel has used all its stream ids")]
    Exhausted,
    /// The session is over.
    #[error("the tunnel is closed")]
    Closed(#[source] CloseReason),
    /// Only the edge opens streams.
    #[error("only the edge opens streams")]
    WrongSide,
}

/// Why reading from or writing to a stream failed. Found inside the `io::Error` of a `TunnelStream`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The stream was reset, by the peer or by a rule that the peer broke.
    #[error("the stream was reset: {0}")]
    Reset(ResetCode),
    /// The session ended under the stream.
    #[error("the tunnel closed under the stream")]
    TunnelClosed(#[source] CloseReason),
    /// Something was asked of a stream that its state does not allow, such as writing after shutdown.
    #[error("use the stream")]
    Illegal(#[source] Illegal),
}

impl StreamError {
    /// The reset code, when the stream itself was reset.
    pub const fn reset_code(&self) -> Option<ResetCode> {
        match self {
            Self::Reset(code) => Some(*code),
            Self::TunnelClosed(_) | Self::Illegal(_) => None,
        }
    }

    const fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Reset(ResetCode::BackendRefused) => io::ErrorKind::ConnectionRefused,
            Self::Reset(ResetCode::BackendUnreachable) => io::ErrorKind::HostUnreachable,
            Self::Reset(ResetCode::BackendTimeout) => io::ErrorKind::TimedOut,
            Self::Reset(ResetCode::NoSuchTarget) => io::ErrorKind::NotFound,
            Self::Reset(ResetCode::Unsupported) => io::ErrorKind::Unsupported,
            Self::Reset(ResetCode::Overloaded | ResetCode::GoingAway) => io::ErrorKind::ConnectionAborted,
            Self::Reset(
                ResetCode::Cancelled | ResetCode::Protocol | ResetCode::Internal | ResetCode::Other(_),
            ) => io::ErrorKind::ConnectionReset,
            Self::TunnelClosed(_) => io::ErrorKind::ConnectionAborted,
            Self::Illegal(_) => io::ErrorKind::BrokenPipe,
        }
    }
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        Self::new(error.kind(), error)
    }
}

/// Finds the stream's own error inside an `io::Error` that a `TunnelStream` returned.
pub fn stream_error(error: &io::Error) -> Option<&StreamError> {
    error.get_ref()?.downcast_ref()
}

/// Finds the reset code inside an `io::Error` that a `TunnelStream` returned.
pub fn reset_code(error: &io::Error) -> Option<ResetCode> {
    stream_error(error)?.reset_code()
}
