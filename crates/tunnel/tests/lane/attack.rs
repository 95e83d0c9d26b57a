//! A peer that means harm: each case ends the session with its code, and what it holds stays bounded.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use ttalkak_tunnel::frame::{Frame, StreamId};
use ttalkak_tunnel::{AgentHandle, CloseCode, CloseReason, Limits, ResetCode, Tunnel};

use crate::world::{sockets, target, within};

async fn attacked_agent() -> (TcpStream, AgentHandle, JoinSet<CloseReason>) {
    let (attacker, ours) = sockets().await;
    let (agent, driver) = Tunnel::agent(ours, Limits::default(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(driver);
    (attacker, agent, tasks)
}

fn wire(frames: impl IntoIterator<Item = Frame>) -> Vec<u8> {
    let mut out = BytesMut::new();
    frames.into_iter().for_each(|frame| frame.encode(&mut out));
    out.to_vec()
}

fn open(id: u32) -> Frame {
    Frame::Open { stream: StreamId(id), open: target("x").encode() }
}

fn data(id: u32, len: usize) -> Frame {
    Frame::Data { stream: StreamId(id), data: Bytes::from(vec![1; len]) }
}

/// Sends `bytes` while reading all answers; returns the answers' frames.
async fn answers_to(attacker: TcpStream, bytes: &[u8]) -> Vec<Frame> {
    let (mut read, mut write) = attacker.into_split();
    let mut said = Vec::new();
    let send = async {
        // The agent may hang up in the middle; what it said is judged, not this.
        write.write_all(bytes).await.ok();
    };
    within(async { tokio::join!(send, read.read_to_end(&mut said)) }).await.1.ok();
    let mut said = BytesMut::from(&said[..]);
    std::iter::from_fn(|| Frame::decode(&mut said).unwrap()).collect()
}

async fn ends_with(bytes: Vec<u8>, code: CloseCode) -> Vec<Frame> {
    let (attacker, agent, _tasks) = attacked_agent().await;
    let said = answers_to(attacker, &bytes).await;
    assert_eq!(said.last(), Some(&Frame::GoAway { code }), "{said:?}");
    let reason = within(agent.closed()).await;
    assert!(matches!(&reason, CloseReason::Violation(v) if v.code() == code), "{reason:?}");
    assert_eq!(agent.stats().streams, 0);
    said
}

#[tokio::test]
async fn each_broken_rule_closes_the_session_with_its_code() {
    let s = StreamId(1);
    let cases = [
        ("garbage", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), CloseCode::UnknownFrame),
        ("oversized", vec![0, 0, 0, 1, 2, 0xff, 0xff, 0xff], CloseCode::FrameTooLarge),
        ("unknown type", vec![0, 0, 0, 1, 0x70, 0, 0, 0], CloseCode::UnknownFrame),
        ("ping of three bytes", vec![0, 0, 0, 0, 6, 0, 0, 3, 1, 2, 3], CloseCode::Protocol),
        ("data on no stream", vec![0, 0, 0, 0, 2, 0, 0, 0], CloseCode::Protocol),
        ("data before open", wire([data(5, 1)]), CloseCode::Protocol),
        ("the same open twice", wire([open(1), open(1)]), CloseCode::StreamReused),
        ("an older open", wire([open(7), open(6)]), CloseCode::StreamReused),
        (
            "reuse after a reset",
            wire([open(1), Frame::Reset { stream: s, code: ResetCode::Cancelled }, open(1)]),
            CloseCode::StreamReused,
        ),
        (
            "more data than credit",
            wire(std::iter::once(open(1)).chain((0..9).map(|_| data(1, 16_384)))),
            CloseCode::FlowControl,
        ),
        (
            "more credit than there is",
            wire([open(1), Frame::Credit { stream: s, bytes: u32::MAX }]),
            CloseCode::FlowControl,
        ),
    ];
    for (name, bytes, code) in cases {
        println!("{name}");
        ends_with(bytes, code).await;
    }
}

#[tokio::test]
async fn a_hundred_thousand_opens_end_as_a_flood() {
    let said = ends_with(wire((1..=100_000).map(open)), CloseCode::Flood).await;
    assert!(said.len() <= 1024 + 2, "the refusals are bounded, got {}", said.len());
}

#[tokio::test]
async fn pings_from_a_peer_that_never_reads_end_as_a_flood() {
    let (mut attacker, agent, _tasks) = attacked_agent().await;
    let pings = wire((0..1000).map(|nonce| Frame::Ping { nonce }));
    within(async { while attacker.write_all(&pings).await.is_ok() {} }).await;
    let reason = within(agent.closed()).await;
    assert!(matches!(&reason, CloseReason::Violation(v) if v.code() == CloseCode::Flood), "{reason:?}");
}

#[tokio::test]
async fn frames_that_a_stream_forbids_cost_only_that_stream() {
    let (mut attacker, mut agent, _tasks) = attacked_agent().await;
    let fin = Frame::Fin { stream: StreamId(1) };
    attacker.write_all(&wire([open(1), fin.clone(), fin, open(2), data(2, 5)])).await.unwrap();
    let (_, mut second) = within(agent.accept()).await.unwrap();
    assert_eq!(second.id(), StreamId(2), "the first was withdrawn before anybody accepted it");
    within(second.read_exact(&mut [0; 5])).await.unwrap();
    assert!(agent.is_alive());
}

#[tokio::test]
async fn a_frame_that_is_cut_short_ends_with_the_connection() {
    let whole = wire([open(1), data(1, 100)]);
    for cut in [1, 7, 8, 20, whole.len() - 1] {
        let (mut attacker, agent, _tasks) = attacked_agent().await;
        attacker.write_all(&whole[..cut]).await.unwrap();
        drop(attacker);
        assert_eq!(within(agent.closed()).await, CloseReason::PeerVanished);
    }
}

#[tokio::test]
async fn an_agent_that_opens_is_refused_by_the_edge() {
    let (mut attacker, ours) = sockets().await;
    let (edge, driver) = Tunnel::edge(ours, Limits::default(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(driver);
    attacker.write_all(&wire([open(1)])).await.unwrap();
    let reason = within(edge.closed()).await;
    assert!(matches!(&reason, CloseReason::Violation(v) if v.code() == CloseCode::Protocol), "{reason:?}");
}
