//! Frames of the link: a CRC-32 over a JSON message. Decoding never panics and allocates nothing before the size is
//! known to be in bounds. Limits of the wire stand here together.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The largest link frame. An assignment of 200 leases with 64 KiB of environment each fits; a 1 GiB claim does not.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest log line that is carried; the rest is cut with a mark.
pub const LOG_LINE_BYTES_MAX: usize = 8 * 1024;
/// Log lines in one batch.
pub const LOG_BATCH_LINES_MAX: usize = 500;
/// All environment of a deployment together, keys and values.
pub const ENV_BYTES_MAX: usize = 64 * 1024;
/// Environment variables of a deployment.
pub const ENV_KEYS_MAX: usize = 256;
/// The longest key of an environment variable.
pub const ENV_KEY_BYTES_MAX: usize = 128;

const CRC_BYTES: usize = 4;

/// A message with the number its sender gave it: growing within a connection, so that a repeated frame is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbered<M> {
    /// Counts from 1 within a connection and direction.
    pub n: u64,
    /// What is said.
    #[serde(flatten)]
    pub message: M,
}

/// Why a frame is refused. All but `UnknownKind` end the connection.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Longer than [`FRAME_BYTES_MAX`].
    #[error("the frame has {0} bytes; {FRAME_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// Shorter than its checksum, or the checksum is not that of the body.
    #[error("the frame is damaged")]
    Damaged,
    /// The checksum holds, but the body is not a message of this protocol.
    #[error("the frame is not a message of this protocol")]
    Shape(#[source] serde_json::Error),
    /// A message of a kind that this side does not know; it is answered, not fatal.
    #[error("messages of kind {kind} are not known here")]
    UnknownKind {
        /// The number of the unknown message.
        n: u64,
        /// What it called itself, cut to 64 characters.
        kind: String,
    },
}

/// Writes one frame.
pub fn encode<M: Serialize>(n: u64, message: &M) -> Vec<u8> {
    let mut frame = vec![0; CRC_BYTES];
    serde_json::to_writer(&mut frame, &Numbered { n, message })
        .expect("messages have string keys and no failing writers");
    let crc = crc32fast::hash(&frame[CRC_BYTES..]);
    frame[..CRC_BYTES].copy_from_slice(&crc.to_be_bytes());
    frame
}

/// Reads one frame. `kinds` lists the kinds that `M` knows, so that a stranger is told apart from damage.
pub fn decode<M: DeserializeOwned>(frame: &[u8], kinds: &[&str]) -> Result<Numbered<M>, CodecError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(CodecError::TooLarge(frame.len()));
    }
    let (crc, body) = frame.split_at_checked(CRC_BYTES).ok_or(CodecError::Damaged)?;
    if crc != crc32fast::hash(body).to_be_bytes() {
        return Err(CodecError::Damaged);
    }
    match serde_json::from_slice(body) {
        Ok(numbered) => Ok(numbered),
        Err(error) => Err(unknown_kind(body, kinds).unwrap_or(CodecError::Shape(error))),
    }
}

fn unknown_kind(body: &[u8], kinds: &[&str]) -> Option<CodecError> {
    #[derive(Deserialize)]
    struct Head {
        n: u64,
        kind: String,
    }
    let head: Head = serde_json::from_slice(body).ok()?;
    let known = kinds.contains(&head.kind.as_str());
    (!known).then(|| CodecError::UnknownKind { n: head.n, kind: head.kind.chars().take(64).collect() })
}

#[cfg(test)]
mod tests;
