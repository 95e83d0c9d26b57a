//! The numbers that end a stream or a session, and the reasons behind them.
//! Deliberately absent: sentences for people. The edge chooses a page from the code alone.

use std::fmt;

/// Why one stream ended before both sides had finished. Travels in a Reset frame as a `u16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResetCode {
    /// The sender lost interest: a visitor left, or the stream's owner dropped it unfinished.
    Cancelled,
    /// The backend's port answered with a refusal.
    BackendRefused,
    /// The backend's address could not be reached at all.
    BackendUnreachable,
    /// The backend did not answer the connection attempt in time.
    BackendTimeout,
    /// The agent does not serve the target named in Open.
    NoSuchTarget,
    /// The receiver has as many streams as it is willing to carry.
    Overloaded,
    /// The receiver is draining; another tunnel may serve this visitor.
    GoingAway,
    /// The other side sent a frame that the stream's state does not allow.
    Protocol,
    /// The other side asked for something this version does not know, such as a new kind of target.
    Unsupported,
    /// The sender failed for a reason of its own.
    Internal,
    /// A code of a newer version, kept as it came.
    Other(u16),
}

impl ResetCode {
    /// The number on the wire.
    pub const fn to_wire(self) -> u16 {
        match self {
            Self::Cancelled => 1,
            Self::BackendRefused => 2,
            Self::BackendUnreachable => 3,
            Self::BackendTimeout => 4,
            Self::NoSuchTarget => 5,
            Self::Overloaded => 6,
            Self::GoingAway => 7,
            Self::Protocol => 8,
            Self::Unsupported => 9,
            Self::Internal => 10,
            Self::Other(number) => number,
        }
    }

    /// Reads the number on the wire; one that is not known here becomes [`ResetCode::Other`].
    pub const fn from_wire(number: u16) -> Self {
        match number {
            1 => Self::Cancelled,
            2 => Self::BackendRefused,
            3 => Self::BackendUnreachable,
            4 => Self::BackendTimeout,
            5 => Self::NoSuchTarget,
            6 => Self::Overloaded,
            7 => Self::GoingAway,
            8 => Self::Protocol,
            9 => Self::Unsupported,
            10 => Self::Internal,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for ResetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Cancelled => "cancelled",
            Self::BackendRefused => "backend_refused",
            Self::BackendUnreachable => "backend_unreachable",
            Self::BackendTimeout => "backend_timeout",
            Self::NoSuchTarget => "no_such_target",
            Self::Overloaded => "overloaded",
            Self::GoingAway => "going_away",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
            Self::Other(number) => return write!(f, "code_{number}"),
        };
        f.write_str(name)
    }
}

/// Why a whole session ends. Travels in a GoAway frame as a `u16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseCode {
    /// No new streams; those that exist may finish. The only code that does not end the session at once.
    Drain,
    /// A frame whose shape, stream or moment is not allowed.
    Protocol,
    /// A frame announced more payload than its type may carry.
    FrameTooLarge,
    /// A frame type that is not known and not marked as optional.
    UnknownFrame,
    /// An Open named a stream id that was used before.
    StreamReused,
    /// More data than the receiver had granted, or more credit than a stream may hold.
    FlowControl,
    /// More opens or control frames than an honest peer would send.
    Flood,
    /// Nothing was heard for too long.
    Timeout,
    /// A code of a newer version, kept as it came.
    Other(u16),
}

impl CloseCode {
    /// The number on the wire.
    pub const fn to_wire(self) -> u16 {
        match self {
            Self::Drain => 0,
            Self::Protocol => 1,
            Self::FrameTooLarge => 2,
            Self::UnknownFrame => 3,
            Self::StreamReused => 4,
            Self::FlowControl => 5,
            Self::Flood => 6,
            Self::Timeout => 7,
            Self::Other(number) => number,
        }
    }

    /// Reads the number on the wire; one that is not known here becomes [`CloseCode::Other`].
    pub const fn from_wire(number: u16) -> Self {
        match number {
            0 => Self::Drain,
            1 => Self::Protocol,
            2 => Self::FrameTooLarge,
            3 => Self::UnknownFrame,
            4 => Self::StreamReused,
            5 => Self::FlowControl,
            6 => Self::Flood,
            7 => Self::Timeout,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Drain => "drain",
            Self::Protocol => "protocol",
            Self::FrameTooLarge => "frame_too_large",
            Self::UnknownFrame => "unknown_frame",
            Self::StreamReused => "stream_reused",
            Self::FlowControl => "flow_control",
            Self::Flood => "flood",
            Self::Timeout => "timeout",
            Self::Other(number) => return write!(f, "code_{number}"),
        };
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_trip_through_a_code() {
        for number in 0..=u16::MAX {
            assert_eq!(ResetCode::from_wire(number).to_wire(), number);
            assert_eq!(CloseCode::from_wire(number).to_wire(), number);
        }
    }
}
