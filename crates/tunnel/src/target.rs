//! What an Open frame asks for: which target, spoken how, on behalf of which visitor.
//! Layout: kind (u8), target length (u8), target, peer length (u8, zero for none), peer. Bytes that follow
//! belong to a newer version and are ignored.
//! Deliberately absent: what the target id stands for. The agent looks it up in its leases.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest target id, in bytes.
pub const MAX_TARGET_BYTES: usize = 64;
/// Longest visitor's address as text, in bytes; an IPv6 address with zone and port fits.
pub const MAX_PEER_BYTES: usize = 96;

/// How the bytes of a stream are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// HTTP/1.1, one or more requests.
    Http,
    /// Raw bytes of one TCP connection.
    Tcp,
}

impl TargetKind {
    const fn to_wire(self) -> u8 {
        match self {
            Self::Http => 1,
            Self::Tcp => 2,
        }
    }
}

/// The wish inside an Open frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTarget {
    target: String,
    kind: TargetKind,
    peer: Option<String>,
}

/// Why a target could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Empty, too long, or not printable text.
    #[error("a target id is 1 to {MAX_TARGET_BYTES} bytes of printable text")]
    BadTarget,
    /// Too long, or not printable text.
    #[error("a visitor's address is at most {MAX_PEER_BYTES} bytes of printable text")]
    BadPeer,
    /// A kind of a newer version.
    #[error("unknown kind of target {0}")]
    UnknownKind(u8),
    /// The payload ends too early.
    #[error("the target is cut short")]
    Truncated,
}

impl OpenTarget {
    /// A wish for `target` (a lease's or a named local service's id, 1 to 64 bytes of printable text).
    ///
    /// Errors: `BadTarget`.
    pub fn new(target: impl Into<String>, kind: TargetKind) -> Result<Self, TargetError> {
        let target = target.into();
        if target.is_empty() || target.len() > MAX_TARGET_BYTES || !printable(&target) {
            return Err(TargetError::BadTarget);
        }
        Ok(Self { target, kind, peer: None })
    }

    /// Adds the visitor's address as text, at most 96 bytes.
    ///
    /// Errors: `BadPeer`.
    pub fn with_peer(mut self, peer: impl Into<String>) -> Result<Self, TargetError> {
        let peer = peer.into();
        if peer.is_empty() || peer.len() > MAX_PEER_BYTES || !printable(&peer) {
            return Err(TargetError::BadPeer);
        }
        self.peer = Some(peer);
        Ok(self)
    }

    /// The id asked for.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// How the bytes are to be understood.
    pub const fn kind(&self) -> TargetKind {
        self.kind
    }

    /// The visitor's address, when the edge tells it.
    pub fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    /// The payload of an Open frame.
    pub fn encode(&self) -> Bytes {
        let peer = self.peer.as_deref().unwrap_or_default();
        let mut out = BytesMut::with_capacity(3 + self.target.len() + peer.len());
        out.put_u8(self.kind.to_wire());
        for text in [self.target.as_str(), peer] {
            out.put_u8(u8::try_from(text.len()).expect("both texts are limited to fewer than 256 bytes"));
            out.put_slice(text.as_bytes());
        }
        out.freeze()
    }

    /// Reads the payload of an Open frame.
    ///
    /// Errors: every variant of `TargetError`; the stream is then refused, the session goes on.
    pub fn decode(mut payload: Bytes) -> Result<Self, TargetError> {
        let kind = match payload.try_get_u8().map_err(|_| TargetError::Truncated)? {
            1 => TargetKind::Http,
            2 => TargetKind::Tcp,
            other => return Err(TargetError::UnknownKind(other)),
        };
        let target = take_text(&mut payload, TargetError::BadTarget)?;
        let peer = take_text(&mut payload, TargetError::BadPeer)?;
        let wish = Self::new(target, kind)?;
        if peer.is_empty() { Ok(wish) } else { wish.with_peer(peer) }
    }
}

fn take_text(payload: &mut Bytes, bad: TargetError) -> Result<String, TargetError> {
    let len = usize::from(payload.try_get_u8().map_err(|_| TargetError::Truncated)?);
    if payload.remaining() < len {
        return Err(TargetError::Truncated);
    }
    let text = payload.split_to(len);
    Ok(std::str::from_utf8(&text).map_err(|_| bad)?.to_owned())
}

/// Control characters would otherwise reach logs and headers.
fn printable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_survives_the_trip() {
        let bare = OpenTarget::new("lease-1", TargetKind::Tcp).unwrap();
        let full = OpenTarget::new("a".repeat(64), TargetKind::Http).unwrap().with_peer("[::1]:80").unwrap();
        for wish in [bare, full] {
            assert_eq!(OpenTarget::decode(wish.encode()), Ok(wish));
        }
    }

    #[test]
    fn a_target_of_a_newer_version_is_read_without_its_new_fields() {
        let mut payload = BytesMut::from(&OpenTarget::new("x", TargetKind::Tcp).unwrap().encode()[..]);
        payload.extend_from_slice(b"future");
        assert_eq!(OpenTarget::decode(payload.freeze()).unwrap().target(), "x");
    }

    #[test]
    fn a_bad_target_is_refused_with_its_reason() {
        let cases: [(&[u8], TargetError); 7] = [
            (b"", TargetError::Truncated),
            (b"\x09\x01x\x00", TargetError::UnknownKind(9)),
            (b"\x01\x05abc", TargetError::Truncated),
            (b"\x01\x01a", TargetError::Truncated),
            (b"\x01\x00\x00", TargetError::BadTarget),
            (b"\x01\x02\xff\xfe\x00", TargetError::BadTarget),
            (b"\x01\x01a\x01\n", TargetError::BadPeer),
        ];
        for (payload, error) in cases {
            assert_eq!(OpenTarget::decode(Bytes::copy_from_slice(payload)), Err(error), "{payload:?}");
        }
        assert_eq!(OpenTarget::new("a".repeat(65), TargetKind::Tcp), Err(TargetError::BadTarget));
    }
}
