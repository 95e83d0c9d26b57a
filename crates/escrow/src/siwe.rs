//! "Sign in with Ethereum" (EIP-4361): a text that a wallet shows and signs, so that an account can be sure whose wallet
//! it is. Only the very text that [`Message::to_text`] writes is accepted: what cannot be written cannot be smuggled in.
//! Deliberately absent: nonces (the caller makes them and lets each count once), smart-contract wallets.

use crate::{SignatureError, checksum, parse_address, recover_message};
use ttalkak_protocol::{
    money::{EvmAddress, EvmSignature},
    unit::{Millis, UnixMillis},
};

/// How far a message may be issued in the future: clocks differ.
const SKEW: Millis = Millis(60_000);
/// No message of ours comes near it.
const TEXT_MAX: usize = 2_000;

/// What a sign-in says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Host, with port where it has one, that asks.
    pub domain: String,
    /// Who signs.
    pub address: EvmAddress,
    /// What the signature is for, one line for people.
    pub statement: String,
    /// What is signed in to.
    pub uri: String,
    /// EIP-155 id.
    pub chain_id: u64,
    /// Good once; at least eight letters and digits.
    pub nonce: String,
    /// When it was made.
    pub issued_at: UnixMillis,
    /// After this it is void.
    pub expires_at: UnixMillis,
}

/// What a message must say to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected<'a> {
    /// Host that asked.
    pub domain: &'a str,
    /// What is signed in to.
    pub uri: &'a str,
    /// EIP-155 id.
    pub chain_id: u64,
    /// The one that was given out, still unused.
    pub nonce: &'a str,
}

/// Why a sign-in does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiweError {
    /// Not a text as we write it.
    #[error("not the sign-in message that was given out")]
    Shape,
    /// Made for another site, purpose or chain.
    #[error("the message is for another {0}")]
    Other(&'static str),
    /// Its time is over.
    #[error("the message has expired")]
    Expired,
    /// It was issued in the future.
    #[error("the message is not valid yet")]
    NotYet,
    /// The signature is not in the one form that counts.
    #[error("the signature is malformed")]
    Signature(#[source] SignatureError),
    /// Signed by another key, or another text was signed.
    #[error("the signature is not that of the wallet in the message")]
    Signer,
}

impl Message {
    /// The text to sign. Fields must be single lines; [`Message::parse`] refuses what is not.
    pub fn to_text(&self) -> String {
        let Self { domain, address, statement, uri, chain_id, nonce, issued_at, expires_at } = self;
        let address = checksum(address);
        format!(
            "{domain} wants you to sign in with your Ethereum account:\n{address}\n\n{statement}\n\nURI: {uri}\nVersion: 1\n\
             Chain ID: {chain_id}\nNonce: {nonce}\nIssued At: {issued_at}\nExpiration Time: {expires_at}"
        )
    }

    /// Reads a text of [`Message::to_text`]. Errors: any other text, even one that means the same.
    pub fn parse(text: &str) -> Result<Self, SiweError> {
        let message = if text.len() > TEXT_MAX { None } else { read(text) };
        message.filter(|message| message.sound() && message.to_text() == text).ok_or(SiweError::Shape)
    }

    fn sound(&self) -> bool {
        let nonce = self.nonce.len() >= 8 && self.nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let solid =
            |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
        let line = !self.statement.trim().is_empty() && !self.statement.contains(char::is_control);
        nonce && line && solid(&self.domain) && solid(&self.uri)
    }
}

/// The wallet that signed in. Errors: the text is not what `expected` says, not within its time, or not signed by the
/// wallet that it names. The caller then lets the nonce never count again.
pub fn verify(
    text: &str,
    signature: &EvmSignature,
    expected: &Expected<'_>,
    now: UnixMillis,
) -> Result<EvmAddress, SiweError> {
    let message = Message::parse(text)?;
    let said = [
        ("site", message.domain == expected.domain),
        ("purpose", message.uri == expected.uri),
        ("chain", message.chain_id == expected.chain_id),
        ("request", message.nonce == expected.nonce),
    ];
    if let Some((what, _)) = said.iter().find(|(_, equal)| !equal) {
        return Err(SiweError::Other(what));
    }
    if now >= message.expires_at {
        return Err(SiweError::Expired);
    }
    if message.issued_at > now.after(SKEW) {
        return Err(SiweError::NotYet);
    }
    let signer = recover_message(text.as_bytes(), signature).map_err(SiweError::Signature)?;
    if signer == message.address { Ok(signer) } else { Err(SiweError::Signer) }
}

fn read(text: &str) -> Option<Message> {
    let mut lines = text.split('\n');
    let mut next = |prefix: &str| lines.next()?.strip_prefix(prefix);
    let domain = next("")?.strip_suffix(" wants you to sign in with your Ethereum account:")?.to_owned();
    let address = parse_address(next("")?).ok()?;
    next("")?;
    let statement = next("")?.to_owned();
    next("")?;
    let uri = next("URI: ")?.to_owned();
    next("Version: ")?;
    let chain_id = next("Chain ID: ")?.parse().ok()?;
    let nonce = next("Nonce: ")?.to_owned();
    let issued_at = next("Issued At: ")?.parse().ok()?;
    let expires_at = next("Expiration Time: ")?.parse().ok()?;
    Some(Message { domain, address, statement, uri, chain_id, nonce, issued_at, expires_at })
}

#[cfg(test)]
mod tests;
