//! The first four messages of a connection as a state machine: Hello, Challenge, Proof, Welcome or Refused. Pure.
//! Deliberately absent: deadlines and sockets (session.rs, link.rs).

use crate::identity::Identity;
use ttalkak_protocol::{
    link::{Challenge, FromCoordinator, Hello, Proof, Refused, Welcome},
    version::{Version, VersionRange},
};

/// The longest id that a coordinator may give itself in a challenge.
const AUDIENCE_CHARS_MAX: usize = 200;
/// 32 bytes as hex.
const NONCE_CHARS: usize = 64;

/// Where a handshake stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    /// Hello is sent.
    AwaitChallenge {
        /// What the hello offered.
        offered: VersionRange,
    },
    /// Proof is sent.
    AwaitAnswer {
        /// What the challenge chose.
        version: Version,
    },
}

/// What follows from a message.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Say this and go on.
    Send(Handshake, Proof),
    /// The connection stands.
    Stands(Box<Welcome>),
    /// The coordinator does not want this agent as it is.
    Refused(Refused),
}

/// A coordinator that breaks the rules of the handshake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// A message that does not belong here.
    #[error("the coordinator sent {0} in the middle of the handshake")]
    OutOfOrder(&'static str),
    /// A version that was not offered, or another one than the challenge named.
    #[error("the coordinator chose version {}, which was not offered", .0.0)]
    Version(Version),
    /// A nonce or audience out of shape; signing just anything would be a gift.
    #[error("the coordinator's challenge is out of shape")]
    Challenge,
}

impl Handshake {
    /// The state after `hello` was sent.
    pub(super) fn begin(hello: &Hello) -> Self {
        Self::AwaitChallenge { offered: hello.versions }
    }

    /// What follows from the next message.
    pub(super) fn on(self, message: FromCoordinator, identity: &Identity) -> Result<Step, HandshakeError> {
        match (self, message) {
            (_, FromCoordinator::Refused(refused)) => Ok(Step::Refused(refused)),
            (Self::AwaitChallenge { offered }, FromCoordinator::Challenge(challenge)) => {
                let proof = prove(&challenge, offered, identity)?;
                Ok(Step::Send(Self::AwaitAnswer { version: challenge.version }, proof))
            }
            (Self::AwaitAnswer { version }, FromCoordinator::Welcome(welcome)) => match welcome.version {
                chosen if chosen == version => Ok(Step::Stands(Box::new(welcome))),
                other => Err(HandshakeError::Version(other)),
            },
            (Self::AwaitAnswer { .. }, message @ FromCoordinator::Challenge(_))
            | (Self::AwaitChallenge { .. }, message @ FromCoordinator::Welcome(_))
            | (
                _,
                message @ (FromCoordinator::Assignment(_)
                | FromCoordinator::Renewed(_)
                | FromCoordinator::LogsStored(_)
                | FromCoordinator::Vouchers(_)
                | FromCoordinator::Drain(_)
                | FromCoordinator::Unsupported(_)),
            ) => Err(HandshakeError::OutOfOrder(kind(&message))),
        }
    }
}

fn prove(challenge: &Challenge, offered: VersionRange, identity: &Identity) -> Result<Proof, HandshakeError> {
    if challenge.version < offered.min || challenge.version > offered.max {
        return Err(HandshakeError::Version(challenge.version));
    }
    let nonce =
        challenge.nonce.len() == NONCE_CHARS && challenge.nonce.bytes().all(|b| b.is_ascii_hexdigit());
    let audience = (1..=AUDIENCE_CHARS_MAX).contains(&challenge.audience.len())
        && challenge.audience.bytes().all(|b| b.is_ascii_graphic());
    if !nonce || !audience {
        return Err(HandshakeError::Challenge);
    }
    Ok(Proof { signature: identity.sign_challenge(&challenge.audience, &challenge.nonce) })
}

/// The name of a message's kind, for errors.
pub(super) fn kind(message: &FromCoordinator) -> &'static str {
    match message {
        FromCoordinator::Challenge(_) => "a challenge",
        FromCoordinator::Welcome(_) => "a welcome",
        FromCoordinator::Refused(_) => "a refusal",
        FromCoordinator::Assignment(_) => "an assignment",
        FromCoordinator::Renewed(_) => "a renewal",
        FromCoordinator::LogsStored(_) => "a log mark",
        FromCoordinator::Vouchers(_) => "vouchers",
        FromCoordinator::Drain(_) => "a drain plan",
        FromCoordinator::Unsupported(_) => "an answer to an unknown kind",
    }
}

#[cfg(test)]
mod tests;
