use super::*;
use crate::link::{FromAgent, FromCoordinator, Proof, Unsupported};
use proptest::prelude::*;

fn proof() -> FromAgent {
    FromAgent::Proof(Proof { signature: "ab".into() })
}

fn read(frame: &[u8]) -> Result<Numbered<FromAgent>, CodecError> {
    decode(frame, FromAgent::KINDS)
}

#[test]
fn a_frame_survives_the_wire() {
    let numbered = read(&encode(3, &proof())).unwrap();
    assert_eq!(numbered, Numbered { n: 3, message: proof() });
}

#[test]
fn every_flipped_bit_is_seen() {
    let frame = encode(3, &proof());
    for bit in 0..frame.len() * 8 {
        let mut damaged = frame.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(read(&damaged), Err(CodecError::Damaged)), "bit {bit}");
    }
}

#[test]
fn cut_and_oversized_frames_are_refused() {
    let frame = encode(3, &proof());
    for len in 0..frame.len() {
        assert!(matches!(read(&frame[..len]), Err(CodecError::Damaged)), "{len} bytes");
    }
    assert!(matches!(read(&vec![0; FRAME_BYTES_MAX + 1]), Err(CodecError::TooLarge(_))));
}

#[test]
fn a_kind_from_the_future_is_answered_and_a_nonsense_body_is_not() {
    let frame = encode(9, &serde_json::json!({"kind": "teleport", "where": 1}));
    assert!(matches!(read(&frame), Err(CodecError::UnknownKind { n: 9, kind }) if kind == "teleport"));
    let frame = encode(9, &serde_json::json!({"kind": "proof"}));
    assert!(matches!(read(&frame), Err(CodecError::Shape(_))));
}

#[test]
fn an_answer_to_an_unknown_kind_keeps_both_numbers() {
    let answer = FromAgent::Unsupported(Unsupported { n: 7, of: "teleport".into() });
    assert_eq!(read(&encode(3, &answer)).unwrap(), Numbered { n: 3, message: answer });
}

#[test]
fn unknown_fields_are_ignored() {
    let frame = encode(9, &serde_json::json!({"kind": "proof", "signature": "ab", "new": true}));
    assert_eq!(read(&frame).unwrap().message, proof());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..512), deep in 0usize..4096) {
        let _ = read(&bytes);
        let mut body = vec![b'['; deep];
        body.extend(&bytes);
        let mut frame = crc32fast::hash(&body).to_be_bytes().to_vec();
        frame.extend(&body);
        let _ = decode::<FromCoordinator>(&frame, FromCoordinator::KINDS);
    }
}
