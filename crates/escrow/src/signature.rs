//! Who signed? Exactly one form of a signature counts: 65 bytes, v 27 or 28, s in the lower half. Others are refused, as
//! the contract refuses them: whoever could send two forms of one signature could make it look like two.

use alloy_primitives::{B256, Signature, eip191_hash_message, keccak256};
use ttalkak_protocol::money::{ChainHash, EvmAddress, EvmSignature};

/// Why a signature names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The last byte.
    #[error("the last byte of a signature is 27 or 28, not {0}")]
    Recovery(u8),
    /// The malleable twin of a right signature.
    #[error("s of a signature must be in the lower half")]
    HighS,
    /// r or s are out of range, or no key fits.
    #[error("no key could have made this signature")]
    Nobody,
}

/// The address whose key signed the digest. Any well-formed signature names somebody; compare with who it should be.
/// Errors: not the one form that counts.
pub fn recover(digest: ChainHash, signature: &EvmSignature) -> Result<EvmAddress, SignatureError> {
    let v = signature.0[64];
    if !matches!(v, 27 | 28) {
        return Err(SignatureError::Recovery(v));
    }
    let parsed = Signature::from_bytes_and_parity(&signature.0[..64], v == 28);
    if parsed.normalize_s().is_some() {
        return Err(SignatureError::HighS);
    }
    let signer = parsed.recover_address_from_prehash(&B256::from(digest.0));
    signer.map(|address| EvmAddress(address.into_array())).map_err(|_| SignatureError::Nobody)
}

/// The address whose key signed the message as wallets do (EIP-191, `personal_sign`). Errors as [`recover`].
pub fn recover_message(message: &[u8], signature: &EvmSignature) -> Result<EvmAddress, SignatureError> {
    recover(message_digest(message), signature)
}

/// Keccak-256.
pub fn keccak(bytes: &[u8]) -> ChainHash {
    ChainHash(keccak256(bytes).0)
}

pub(crate) fn message_digest(message: &[u8]) -> ChainHash {
    ChainHash(eip191_hash_message(message).0)
}

#[cfg(test)]
mod tests;
