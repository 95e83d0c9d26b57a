//! A secp256k1 key: made, read, and used to sign. It is wiped when dropped and never prints itself.

use crate::signature::message_digest;
use alloy_primitives::B256;
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use std::fmt;
use ttalkak_protocol::{
    Secret,
    money::{ChainHash, EvmAddress, EvmSignature},
};
use zeroize::{Zeroize as _, Zeroizing};

/// A text that is not a key. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a private key: 64 hex digits, with or without 0x, within the curve's order")]
pub struct KeyError;

/// A private key with its address. Clones are wiped on their own.
#[derive(Clone)]
pub struct Key {
    // Holds the scalar (wiped on drop) and the address, so that signing derives nothing anew.
    signer: PrivateKeySigner,
}

impl Key {
    /// A new key from the system's randomness.
    pub fn random() -> Self {
        Self { signer: PrivateKeySigner::random() }
    }

    /// Reads 64 hex digits, with or without `0x`; space around them is ignored.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let mut bytes = [0; 32];
        let read = hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut bytes);
        let key = read.map_err(|_| KeyError).and_then(|()| Self::from_bytes(bytes));
        bytes.zeroize();
        key
    }

    /// Reads the 32 bytes of a scalar. Errors: zero, or not below the curve's order.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Result<Self, KeyError> {
        let signer = PrivateKeySigner::from_slice(&bytes);
        bytes.zeroize();
        signer.map(|signer| Self { signer }).map_err(|_| KeyError)
    }

    /// `0x` and 64 hex digits, for export and the system's key store.
    pub fn to_hex(&self) -> Secret<String> {
        Secret::new(format!("0x{}", hex::encode(*self.scalar())))
    }

    /// Whose money it moves.
    pub fn address(&self) -> EvmAddress {
        EvmAddress(self.signer.address().into_array())
    }

    /// Signs a digest. The same digest gives the same bytes (RFC 6979).
    pub fn sign(&self, digest: ChainHash) -> EvmSignature {
        let signature = self.signer.sign_hash_sync(&B256::from(digest.0));
        EvmSignature(signature.expect("a local key signs any 32 bytes").as_bytes())
    }

    /// Signs a message as wallets do (EIP-191, `personal_sign`).
    pub fn sign_message(&self, message: &[u8]) -> EvmSignature {
        self.sign(message_digest(message))
    }

    /// The scalar itself; wiped when the caller lets it go.
    pub(crate) fn scalar(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signer.to_field_bytes().into())
    }

    pub(crate) fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, [redacted])", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

    #[test]
    fn a_key_is_read_with_and_without_its_prefix_and_written_again() {
        let key = Key::from_hex(HEX).unwrap();
        assert_eq!(crate::checksum(&key.address()), "0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
        assert_eq!(key.to_hex().reveal(), HEX);
        assert_eq!(Key::from_hex(&format!(" {}\n", &HEX[2..])).unwrap().address(), key.address());
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        for text in ["", "0x", "hunter2", &HEX[..64], &format!("{HEX}00"), order, &"0".repeat(64)] {
            let error = Key::from_hex(text).unwrap_err();
            assert!(text.len() < 3 || !error.to_string().contains(text));
        }
    }

    #[test]
    fn a_key_never_prints_itself() {
        let key = Key::from_hex(HEX).unwrap();
        let shown = format!("{key:?} {:?}", key.to_hex());
        assert!(!shown.contains("59c6995e") && shown.contains("[redacted]"), "{shown}");
    }

    #[test]
    fn random_keys_differ_and_the_same_digest_gives_the_same_signature() {
        let key = Key::random();
        let digest = crate::keccak(b"once");
        assert_ne!(key.address(), Key::random().address());
        assert_eq!(key.sign(digest), key.clone().sign(digest));
    }
}
