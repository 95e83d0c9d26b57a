use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::code::CloseCode;
use crate::credit::INITIAL_WINDOW_BYTES;
use crate::entry::SEND_BUFFER_BYTES;
use crate::frame::MAX_DATA_BYTES;
use crate::target::TargetKind;

const NOW: Duration = Duration::ZERO;

fn edge() -> Session {
    Session::new(Role::Edge, Limits::default(), NOW)
}

fn agent() -> Session {
    Session::new(Role::Agent, Limits::default(), NOW)
}

fn wish() -> OpenTarget {
    OpenTarget::new("x", TargetKind::Tcp).unwrap()
}

/// Carries all that is ready from one session to the other.
fn carry(from: &mut Session, to: &mut Session) -> BytesMut {
    let mut wire = BytesMut::new();
    from.transmit(&mut wire, usize::MAX);
    let copy = wire.clone();
    to.receive(&mut wire, NOW);
    copy
}

fn frames(mut wire: BytesMut) -> Vec<Frame> {
    std::iter::from_fn(|| Frame::decode(&mut wire).unwrap()).collect()
}

fn accept(session: &mut Session) -> StreamId {
    session.accept().expect("an Open has arrived").0
}

#[test]
fn busy_streams_take_turns_of_one_frame() {
    let (mut edge, mut agent) = (edge(), agent());
    let streams = [(); 3].map(|()| edge.open(&wish()).unwrap());
    for id in streams {
        assert_eq!(edge.write(id, &[0; 2 * MAX_DATA_BYTES]), Ok(2 * MAX_DATA_BYTES));
    }
    let order: Vec<u32> = frames(carry(&mut edge, &mut agent))
        .into_iter()
        .filter_map(|frame| if let Frame::Data { stream, .. } = frame { Some(stream.0) } else { None })
        .collect();
    assert_eq!(order, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_batch_stops_at_its_size_and_goes_on_later() {
    let mut edge = edge();
    let id = edge.open(&wish()).unwrap();
    edge.write(id, &[0; SEND_BUFFER_BYTES]).unwrap();
    let mut wire = BytesMut::new();
    edge.transmit(&mut wire, 20_000);
    assert!((20_000..20_000 + MAX_DATA_BYTES + 100).contains(&wire.len()));
    assert!(edge.wants_transmit());
}

#[test]
fn a_writer_stops_at_its_buffer_and_the_wire_at_the_credit() {
    let (mut edge, mut agent) = (edge(), agent());
    let id = edge.open(&wish()).unwrap();
    let mut taken = 0;
    for _ in 0..100 {
        taken += edge.write(id, &[0; 10_000]).unwrap();
        carry(&mut edge, &mut agent);
        carry(&mut agent, &mut edge);
    }
    assert_eq!(taken, INITIAL_WINDOW_BYTES as usize + SEND_BUFFER_BYTES);
    assert_eq!(agent.stats().bytes_in, u64::from(INITIAL_WINDOW_BYTES));
    // A reader that takes half a window sets it going again.
    let served = accept(&mut agent);
    let mut out = vec![0; INITIAL_WINDOW_BYTES as usize / 2];
    assert_eq!(agent.read(served, &mut out), Ok(Read::Bytes(out.len())));
    while edge.poll_event().is_some() {}
    carry(&mut agent, &mut edge);
    carry(&mut edge, &mut agent);
    assert!(std::iter::from_fn(|| edge.poll_event()).any(|event| event == Event::Writable(id)));
}

#[test]
fn a_stream_cancelled_before_its_open_left_is_never_heard_of() {
    let (mut edge, mut agent) = (edge(), agent());
    let id = edge.open(&wish()).unwrap();
    edge.write(id, b"x").unwrap();
    edge.release(id);
    let next = edge.open(&wish()).unwrap();
    assert_eq!(frames(carry(&mut edge, &mut agent)).len(), 1);
    assert_eq!(accept(&mut agent), next);
}

#[test]
fn an_answer_finished_before_its_owner_left_is_sent_and_then_cancelled() {
    let (mut edge, mut agent) = (edge(), agent());
    let id = edge.open(&wish()).unwrap();
    carry(&mut edge, &mut agent);
    let served = accept(&mut agent);
    agent.write(served, b"answer").unwrap();
    agent.finish(served).unwrap();
    agent.release(served);
    let said = frames(carry(&mut agent, &mut edge));
    assert!(matches!(said[..], [Frame::Data { .. }, Frame::Fin { .. }, Frame::Reset { .. }]), "{said:?}");
    assert_eq!(agent.stats().streams, 0);
    let mut out = [0; 16];
    assert_eq!(edge.read(id, &mut out), Ok(Read::Bytes(6)));
    assert_eq!(edge.read(id, &mut out), Ok(Read::End));
    assert_eq!(edge.write(id, b"x"), Err(StreamError::Reset(ResetCode::Cancelled)));
}

#[test]
fn an_orphan_whose_peer_grants_nothing_is_given_up() {
    let (mut edge, mut agent) = (edge(), agent());
    edge.open(&wish()).unwrap();
    carry(&mut edge, &mut agent);
    let served = accept(&mut agent);
    for _ in 0..20 {
        agent.write(served, &[0; MAX_DATA_BYTES]).unwrap();
        carry(&mut agent, &mut edge);
    }
    agent.finish(served).unwrap();
    agent.release(served);
    for second in 0..31 {
        agent.liveness.heard(Duration::from_secs(second));
        agent.on_tick(Duration::from_secs(second));
    }
    assert_eq!(agent.stats().streams, 0);
}

#[test]
fn an_open_on_its_way_during_a_drain_is_refused_with_a_code() {
    let (mut edge, mut agent) = (edge(), agent());
    let id = edge.open(&wish()).unwrap();
    agent.drain(NOW);
    carry(&mut agent, &mut edge);
    assert_eq!(agent.closed(), None, "an Open may be on its way");
    carry(&mut edge, &mut agent);
    carry(&mut agent, &mut edge);
    assert_eq!(edge.write(id, b"x"), Err(StreamError::Reset(ResetCode::GoingAway)));
    assert_eq!(agent.closed(), Some(&CloseReason::Shutdown));
}

#[test]
fn the_limit_of_streams_holds_on_both_sides() {
    let mut edge = edge();
    for _ in 0..Limits::default().max_streams {
        edge.open(&wish()).unwrap();
    }
    assert_eq!(edge.open(&wish()), Err(OpenError::Full(1024)));
    let mut agent = Session::new(Role::Agent, Limits { max_streams: 1, ..Limits::default() }, NOW);
    carry(&mut edge, &mut agent);
    carry(&mut agent, &mut edge);
    assert_eq!(agent.stats().streams, 1);
    assert_eq!(edge.write(StreamId(2), b"x"), Err(StreamError::Reset(ResetCode::Overloaded)));
}

#[test]
fn stream_ids_are_never_used_twice() {
    let mut edge = edge();
    edge.last_id = u32::MAX - 1;
    assert_eq!(edge.open(&wish()), Ok(StreamId(u32::MAX)));
    assert_eq!(edge.open(&wish()), Err(OpenError::Exhausted));
}

/// A frame about few streams, so that most of them meet something.
fn any_frame() -> impl Strategy<Value = Frame> {
    let stream = (1u32..6).prop_map(StreamId);
    prop_oneof![
        stream.clone().prop_map(|stream| Frame::Open { stream, open: wish().encode() }),
        (stream.clone(), 0..MAX_DATA_BYTES)
            .prop_map(|(stream, len)| Frame::Data { stream, data: Bytes::from(vec![0; len]) }),
        stream.clone().prop_map(|stream| Frame::Fin { stream }),
        stream.clone().prop_map(|stream| Frame::Reset { stream, code: ResetCode::Cancelled }),
        (stream, 0u32..100_000).prop_map(|(stream, bytes)| Frame::Credit { stream, bytes }),
        any::<u64>().prop_map(|nonce| Frame::Ping { nonce }),
        any::<u64>().prop_map(|nonce| Frame::Pong { nonce }),
        Just(Frame::GoAway { code: CloseCode::Drain }),
    ]
}

proptest! {
    #[test]
    fn no_order_of_frames_and_calls_breaks_the_session(
        steps in prop::collection::vec((any_frame(), 0u8..9, 1u32..6), 1..200),
        as_edge in any::<bool>(),
    ) {
        let mut session = if as_edge { edge() } else { agent() };
        let (mut wire, mut owned) = (BytesMut::new(), BTreeSet::new());
        for (frame, call, id) in steps {
            let id = StreamId(id);
            let mut input = BytesMut::new();
            frame.encode(&mut input);
            session.receive(&mut input, NOW);
            // Calls come from owners alone: a stream has one from open or accept until its release.
            match call {
                0 => owned.extend(session.accept().map(|(id, _)| id)),
                1 => owned.extend(session.open(&wish())),
                2 => session.transmit(&mut wire, 10_000),
                _ if !owned.contains(&id) => {}
                3 => drop(session.write(id, &[1; 5000])),
                4 => drop(session.read(id, &mut [0; 9000])),
                5 => drop(session.finish(id)),
                6 => session.reset(id, ResetCode::Internal),
                7 => drop(session.confirm(id)),
                _ => {
                    owned.remove(&id);
                    session.release(id);
                }
            }
            while session.poll_event().is_some() {}
            prop_assert!(session.ring.len() <= session.streams.len());
            prop_assert!(session.incoming.len() <= session.streams.len());
            prop_assert_eq!(session.orphans, session.streams.values().filter(|entry| entry.orphan).count());
            for entry in session.streams.values() {
                prop_assert!(entry.send.len() <= SEND_BUFFER_BYTES);
                prop_assert!(entry.received.len() <= entry.window.window() as usize);
            }
        }
        while Frame::decode(&mut wire).unwrap().is_some() {}
    }
}
