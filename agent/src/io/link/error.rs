//! Why a connection of the link ended, and how that is told to people and to the peer.

use super::handshake::HandshakeError;
use crate::{cause::Chain, io::dial::DialError};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{self, protocol::frame::coding::CloseCode};
use ttalkak_protocol::{
    codec::CodecError,
    error::{ErrorCode, Problem},
};

/// Why a connection ended or never stood.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The coordinator was not reached.
    #[error("reach the coordinator")]
    Dial(#[from] DialError),
    /// Something answered, and it is not a link.
    #[error("open a WebSocket; is this the address of a coordinator?")]
    Upgrade(#[source] Box<tungstenite::Error>),
    /// The handshake took too long.
    #[error("the coordinator did not finish the handshake within {0:?}")]
    Deadline(Duration),
    /// The handshake broke the rules.
    #[error("shake hands")]
    Handshake(#[source] HandshakeError),
    /// The connection broke.
    #[error("the connection broke")]
    Socket(#[source] Box<tungstenite::Error>),
    /// The coordinator closed it.
    #[error("the coordinator closed the link{}", reason(.0))]
    Closed(Option<String>),
    /// A frame that cannot be trusted.
    #[error("the coordinator sent a frame that cannot be read")]
    Frame(#[source] CodecError),
    /// A text message; the link has binary ones only.
    #[error("the coordinator sent text where a frame belongs")]
    NotBinary,
    /// A message that has no place on a standing link.
    #[error("the coordinator sent {0} on a standing link")]
    OutOfOrder(&'static str),
    /// No byte came for so long.
    #[error("nothing was heard from the coordinator for {0:?}")]
    Silent(Duration),
    /// No byte could be sent for so long.
    #[error("the coordinator took no byte for {0:?}")]
    Stuck(Duration),
    /// The driver no longer listens.
    #[error("the driver has ended")]
    DriverGone,
}

fn reason(text: &Option<String>) -> String {
    text.as_deref().map(|text| format!(": {text}")).unwrap_or_default()
}

impl LinkError {
    /// The failure as people and programs read it.
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::Frame(_) | Self::NotBinary => (ErrorCode::FrameRefused, None),
            Self::Handshake(_) | Self::OutOfOrder(_) => (ErrorCode::UnexpectedMessage, None),
            Self::Dial(_)
            | Self::Upgrade(_)
            | Self::Deadline(_)
            | Self::Socket(_)
            | Self::Closed(_)
            | Self::Silent(_)
            | Self::Stuck(_)
            | Self::DriverGone => (
                ErrorCode::Unavailable,
                Some("Check the network and that the coordinator is up; the agent keeps trying."),
            ),
        };
        let problem = Problem::new(code, Chain(self).to_string());
        match next {
            Some(next) => problem.with_next(next),
            None => problem,
        }
    }

    /// What to say in the closing frame, when there is somebody to hear it.
    pub(super) fn close_code(&self) -> Option<(CloseCode, &'static str)> {
        match self {
            Self::Frame(CodecError::TooLarge(_)) => Some((CloseCode::Size, "frame_refused")),
            Self::Frame(CodecError::Damaged | CodecError::Shape(_) | CodecError::UnknownKind { .. }) => {
                Some((CloseCode::Invalid, "frame_refused"))
            }
            Self::NotBinary => Some((CloseCode::Unsupported, "frame_refused")),
            Self::Handshake(_) | Self::OutOfOrder(_) => Some((CloseCode::Protocol, "unexpected_message")),
            Self::DriverGone => Some((CloseCode::Away, "the agent stops")),
            Self::Dial(_)
            | Self::Upgrade(_)
            | Self::Deadline(_)
            | Self::Socket(_)
            | Self::Closed(_)
            | Self::Silent(_)
            | Self::Stuck(_) => None,
        }
    }
}
