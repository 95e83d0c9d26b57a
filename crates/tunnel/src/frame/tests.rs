use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check(frame: &Frame, golden: Expect) {
    let mut wire = BytesMut::new();
    frame.encode(&mut wire);
    golden.assert_eq(&hex(&wire));
    assert_eq!(Frame::decode(&mut wire), Ok(Some(frame.clone())));
    assert!(wire.is_empty());
}

/// These bytes are the protocol. A change here is a new version.
#[test]
fn every_type_has_its_golden_bytes() {
    let stream = StreamId(0x0102_0304);
    check(
        &Frame::Open { stream, open: Bytes::from_static(b"\x01\x01a\x00") },
        expect!["010203040100000401016100"],
    );
    check(&Frame::Data { stream, data: Bytes::from_static(b"hi") }, expect!["01020304020000026869"]);
    check(&Frame::Fin { stream }, expect!["0102030403000000"]);
    check(&Frame::Reset { stream, code: ResetCode::BackendRefused }, expect!["01020304040000020002"]);
    check(&Frame::Credit { stream, bytes: 0x0001_0000 }, expect!["010203040500000400010000"]);
    check(&Frame::Ping { nonce: 7 }, expect!["00000000060000080000000000000007"]);
    check(&Frame::Pong { nonce: 7 }, expect!["00000000070000080000000000000007"]);
    check(&Frame::GoAway { code: CloseCode::Flood }, expect!["00000000080000020006"]);
}

#[test]
fn a_frame_too_large_is_refused_from_its_header_alone() {
    for (kind, len, limit) in [
        (DATA, 16_385u32, MAX_DATA_BYTES),
        (OPEN, 4097, MAX_OPEN_BYTES),
        (0x99, 0xff_ffff, MAX_SKIPPED_BYTES),
    ] {
        let [_, a, b, c] = len.to_be_bytes();
        let mut input = BytesMut::from(&[0, 0, 0, 1, kind, a, b, c][..]);
        assert_eq!(Frame::decode(&mut input), Err(FrameError::TooLarge { kind, len: len as usize, limit }));
        assert!(input.capacity() < 1024, "nothing was reserved for it");
    }
}

#[test]
fn an_unknown_optional_frame_is_skipped_and_another_unknown_one_is_not() {
    let mut input = BytesMut::from(&b"\0\0\0\x01\x99\0\0\x03abc\0\0\0\0\x99\0\0\0\0\0\0\x02\x03\0\0\0"[..]);
    assert_eq!(Frame::decode(&mut input), Ok(Some(Frame::Fin { stream: StreamId(2) })));
    let mut input = BytesMut::from(&b"\0\0\0\x01\x19\0\0\0"[..]);
    assert_eq!(Frame::decode(&mut input), Err(FrameError::UnknownType { kind: 0x19 }));
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let stream = (1..=u32::MAX).prop_map(StreamId);
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max).prop_map(Bytes::from);
    prop_oneof![
        (stream.clone(), bytes(200)).prop_map(|(stream, open)| Frame::Open { stream, open }),
        (stream.clone(), bytes(2000)).prop_map(|(stream, data)| Frame::Data { stream, data }),
        stream.clone().prop_map(|stream| Frame::Fin { stream }),
        (stream.clone(), any::<u16>())
            .prop_map(|(stream, code)| Frame::Reset { stream, code: ResetCode::from_wire(code) }),
        (stream, any::<u32>()).prop_map(|(stream, bytes)| Frame::Credit { stream, bytes }),
        any::<u64>().prop_map(|nonce| Frame::Ping { nonce }),
        any::<u64>().prop_map(|nonce| Frame::Pong { nonce }),
        any::<u16>().prop_map(|code| Frame::GoAway { code: CloseCode::from_wire(code) }),
    ]
}

proptest! {
    #[test]
    fn frames_survive_any_cutting_of_their_bytes(
        frames in prop::collection::vec(any_frame(), 1..12),
        cuts in prop::collection::vec(1usize..600, 1..20),
    ) {
        let mut wire = BytesMut::new();
        frames.iter().for_each(|frame| frame.encode(&mut wire));
        let (mut input, mut got, mut cuts) = (BytesMut::new(), Vec::new(), cuts.into_iter().cycle());
        while !wire.is_empty() {
            let n = cuts.next().unwrap_or(1).min(wire.len());
            input.extend_from_slice(&wire.split_to(n));
            while let Some(frame) = Frame::decode(&mut input).unwrap() {
                got.push(frame);
            }
        }
        prop_assert_eq!(got, frames);
        prop_assert!(input.is_empty());
    }

    #[test]
    fn garbage_never_panics_and_never_grows(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        let mut input = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = Frame::decode(&mut input) {}
        prop_assert!(input.len() <= bytes.len());
    }
}
