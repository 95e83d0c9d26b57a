use super::*;
use crate::Key;
use alloy_primitives::{U256, uint};

/// The order of the curve's group.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

fn signed() -> (Key, ChainHash, EvmSignature) {
    let key = Key::from_bytes([7; 32]).unwrap();
    let digest = keccak(b"a voucher");
    let signature = key.sign(digest);
    (key, digest, signature)
}

fn with_v(signature: EvmSignature, v: u8) -> EvmSignature {
    let mut bytes = signature.0;
    bytes[64] = v;
    EvmSignature(bytes)
}

fn with_words(r: U256, s: U256, v: u8) -> EvmSignature {
    let mut bytes = [v; 65];
    bytes[..32].copy_from_slice(&r.to_be_bytes::<32>());
    bytes[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    EvmSignature(bytes)
}

#[test]
fn the_signer_is_recovered_and_nobody_else() {
    let (key, digest, signature) = signed();
    assert_eq!(recover(digest, &signature), Ok(key.address()));
    assert_ne!(recover(keccak(b"another"), &signature), Ok(key.address()));
    assert_eq!(recover_message(b"hello", &key.sign_message(b"hello")), Ok(key.address()));
    assert_ne!(recover_message(b"hello!", &key.sign_message(b"hello")), Ok(key.address()));
}

#[test]
fn the_malleable_twin_is_refused() {
    let (_, digest, signature) = signed();
    let r = U256::from_be_slice(&signature.0[..32]);
    let s = U256::from_be_slice(&signature.0[32..64]);
    let twin = with_words(r, ORDER - s, 55 - signature.0[64]);
    assert_eq!(recover(digest, &twin), Err(SignatureError::HighS));
}

#[test]
fn only_27_and_28_are_recovery_bytes() {
    let (key, digest, signature) = signed();
    for v in (0..=255).filter(|v| !matches!(v, 27 | 28)) {
        assert_eq!(recover(digest, &with_v(signature, v)), Err(SignatureError::Recovery(v)));
    }
    let other = with_v(signature, 55 - signature.0[64]);
    assert_ne!(recover(digest, &other), Ok(key.address()));
}

#[test]
fn scalars_out_of_range_name_nobody() {
    let (_, digest, signature) = signed();
    let s = U256::from_be_slice(&signature.0[32..64]);
    let one = U256::from(1);
    for (r, s) in [(U256::ZERO, s), (one, U256::ZERO), (ORDER, s), (U256::MAX, s), (U256::ZERO, U256::ZERO)] {
        assert_eq!(recover(digest, &with_words(r, s, 27)), Err(SignatureError::Nobody), "{r} {s}");
    }
    assert!(recover(digest, &with_words(one, U256::MAX, 27)).is_err());
}

#[test]
fn the_short_form_of_64_bytes_is_no_signature() {
    let (_, _, signature) = signed();
    let text = signature.to_string();
    assert!(text.parse::<EvmSignature>().is_ok());
    assert!(text[..130].parse::<EvmSignature>().is_err());
    assert!(format!("{text}00").parse::<EvmSignature>().is_err());
}
