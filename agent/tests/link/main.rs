//! The link against a coordinator that behaves, and against ones that do not.
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects, and all else is a failure")]

mod fake;

use fake::{Fake, SOON, report};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use ttalkak_agent::link_event::{LinkCommand, LinkEvent, Session};
use ttalkak_protocol::{
    ErrorCode, codec,
    id::LeaseId,
    link::{
        Assignment, FromAgent, FromCoordinator, LogBatch, LogLine, LogMark, LogStream, LogsStored, Refused,
        Renewed, VoucherNews, Vouchers,
    },
    money::{Amount, ChainHash, EvmSignature, SignedVoucher, Voucher},
    unit::UnixMillis,
};
use uuid::Uuid;

fn assignment(generation: u64) -> FromCoordinator {
    FromCoordinator::Assignment(Assignment { generation, leases: vec![], pinned: vec![] })
}

fn line(seq: u64) -> LogLine {
    let (lease, text) = (LeaseId::new(Uuid::from_u128(1)), format!("line {seq}"));
    LogLine { lease, seq, stream: LogStream::Stdout, at: UnixMillis(0), engine_nanos: 0, text }
}

fn logs(session: Session, seqs: impl IntoIterator<Item = u64>) -> LinkCommand {
    LinkCommand::Logs { session, batch: LogBatch { lines: seqs.into_iter().map(line).collect() } }
}

#[tokio::test]
async fn a_link_stands_after_the_handshake_and_carries_both_ways() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut peer = fake.welcomed().await;
    let session = link.connected().await;
    assert_eq!(link.token.borrow_and_update().as_ref().unwrap().reveal(), "tunnel-token");

    peer.say(&assignment(4)).await;
    assert!(matches!(link.event().await, LinkEvent::Assignment(got) if got.generation == 4));

    let before = Instant::now();
    link.handle.send(LinkCommand::Report(report(4))).unwrap();
    let (n, FromAgent::Report(got)) = peer.hear().await else { panic!("a report comes") };
    assert_eq!(got, report(4));
    peer.say(&FromCoordinator::Renewed(Renewed { report: n })).await;
    let LinkEvent::Renewed { report: renewed, sent } = link.event().await else { panic!("it is renewed") };
    assert_eq!(renewed, n);
    assert!(sent >= before && sent <= Instant::now());

    link.handle.send(logs(session, 1..=3)).unwrap();
    let (_, FromAgent::Logs(batch)) = peer.hear().await else { panic!("logs come") };
    assert_eq!(batch.lines, (1..=3).map(line).collect::<Vec<_>>());
    let marks = vec![LogMark { lease: line(1).lease, seq: 3, engine_nanos: 0 }];
    peer.say(&FromCoordinator::LogsStored(LogsStored { marks: marks.clone() })).await;
    assert_eq!(link.event().await, LinkEvent::LogsStored(marks));

    let voucher = Voucher { agreement: ChainHash([1; 32]), cumulative: Amount(12) };
    let signed = SignedVoucher { voucher, signature: EvmSignature([2; 65]) };
    let items = vec![VoucherNews { signed, seq: 4, countersigned: vec![], ending: true }];
    peer.say(&FromCoordinator::Vouchers(Vouchers { items: items.clone() })).await;
    assert_eq!(link.event().await, LinkEvent::Vouchers(items));
}

#[tokio::test]
async fn an_agent_of_an_old_version_is_refused_and_does_not_hurry_back() {
    let fake = Fake::start().await;
    let mut link = fake.link(|times| times.refused = Duration::from_millis(300));
    let mut peer = fake.accept().await;
    peer.hello().await;
    let refused = Refused::new(ErrorCode::VersionUnsupported, "This agent is too old.");
    peer.say(&FromCoordinator::Refused(refused.clone())).await;
    let at = Instant::now();
    assert_eq!(link.event().await, LinkEvent::Refused(refused));
    assert!(link.token.borrow().is_none());
    fake.accept().await;
    assert!(at.elapsed() >= Duration::from_millis(250), "came back after {:?}", at.elapsed());
}

#[tokio::test]
async fn an_agent_that_is_revoked_in_the_middle_hears_why() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut peer = fake.welcomed().await;
    link.connected().await;
    let refused = Refused::new(ErrorCode::AgentRevoked, "This agent was revoked.");
    peer.say(&FromCoordinator::Refused(refused.clone())).await;
    assert_eq!(link.event().await, LinkEvent::Refused(refused));
    assert!(link.token.borrow().is_none());
}

#[tokio::test]
async fn a_frame_that_cannot_be_trusted_ends_the_connection_and_the_next_one_is_fresh() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut damaged = codec::encode(9, &assignment(1));
    damaged[10] ^= 1;
    let shapeless = codec::encode(9, &serde_json::json!({"kind": "assignment", "generation": "many"}));
    let huge = vec![b'x'; codec::FRAME_BYTES_MAX + 1];
    for (frame, code) in [(damaged, 1007), (shapeless, 1007), (vec![], 1007), (huge, 1009)] {
        let mut peer = fake.welcomed().await;
        link.connected().await;
        let bytes = frame.len();
        // A huge frame is refused before it is read, so the fake may fail to send all of it.
        let _ = futures_util::SinkExt::send(
            &mut peer.socket,
            tokio_tungstenite::tungstenite::Message::binary(frame),
        )
        .await;
        if bytes < codec::FRAME_BYTES_MAX {
            assert_eq!(peer.closed().await, (code, "frame_refused".into()));
        }
        let lost = link.lost().await;
        assert!(lost.starts_with("frame_refused: "), "{lost}");
    }
    let mut peer = fake.welcomed().await;
    link.connected().await;
    peer.say(&assignment(1)).await;
    assert!(matches!(link.event().await, LinkEvent::Assignment(_)));
}

#[tokio::test]
async fn text_and_messages_out_of_order_end_the_connection() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut peer = fake.welcomed().await;
    link.connected().await;
    futures_util::SinkExt::send(&mut peer.socket, "hello".into()).await.unwrap();
    assert_eq!(peer.closed().await.0, 1003);
    assert!(link.lost().await.starts_with("frame_refused: "));

    let mut peer = fake.accept().await;
    peer.hello().await;
    peer.say(&assignment(1)).await;
    assert_eq!(peer.closed().await, (1002, "unexpected_message".into()));
    assert!(link.lost().await.starts_with("unexpected_message: "));
}

#[tokio::test]
async fn a_repeated_frame_is_dropped_and_an_unknown_kind_is_answered() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut peer = fake.welcomed().await;
    link.connected().await;
    // Challenge and Welcome had 1 and 2.
    for n in [3, 3, 2, 1] {
        peer.send(codec::encode(n, &assignment(n))).await;
    }
    peer.send(codec::encode(4, &serde_json::json!({"kind": "teleport"}))).await;
    peer.send(codec::encode(5, &assignment(5))).await;
    assert!(matches!(link.event().await, LinkEvent::Assignment(got) if got.generation == 3));
    assert!(matches!(link.event().await, LinkEvent::Assignment(got) if got.generation == 5));
    // Read as text: what matters here is that the answer names the stranger, whatever else it carries.
    let answer = peer.raw().await;
    assert!(answer.contains(r#""kind":"unsupported""#) && answer.contains(r#""of":"teleport""#), "{answer}");
}

#[tokio::test]
async fn a_silent_peer_is_given_up_and_a_quiet_one_that_answers_pings_is_not() {
    let fake = Fake::start().await;
    let mut link = fake.link(|times| {
        times.ping_after = Duration::from_millis(60);
        times.dead_after = Duration::from_millis(300);
    });
    let mut peer = fake.welcomed().await;
    link.connected().await;
    // Reading answers pings by itself, and nothing else is said for several times the deadline.
    let quiet = timeout(Duration::from_millis(1500), peer.hear()).await;
    assert!(quiet.is_err());
    assert!(link.events.try_recv().is_err());
    // From here on nobody reads, so no ping is answered.
    assert!(link.lost().await.contains("nothing was heard"));
    fake.welcomed().await;
    link.connected().await;
}

#[tokio::test]
async fn a_handshake_that_hangs_is_given_up() {
    let fake = Fake::start().await;
    let mut link = fake.link(|times| times.handshake = Duration::from_millis(200));
    let mut peer = fake.accept().await;
    peer.hello().await;
    assert!(link.lost().await.contains("handshake"));
}

#[tokio::test]
async fn a_link_that_flaps_comes_back_each_time_with_a_new_session() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    for n in 1..=20 {
        let peer = fake.welcomed().await;
        assert_eq!(link.connected().await, Session(n));
        drop(peer);
        link.lost().await;
    }
    assert!(link.token.borrow().is_none());
}

#[tokio::test]
async fn lines_of_an_older_connection_do_not_overtake_those_sent_again() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let peer = fake.welcomed().await;
    let old = link.connected().await;
    drop(peer);
    link.lost().await;
    // The driver has not heard of the next connection yet and goes on with the old one.
    link.handle.send(logs(old, 11..=20)).unwrap();
    link.handle.send(LinkCommand::Report(report(1))).unwrap();
    let mut peer = fake.welcomed().await;
    let new = link.connected().await;
    link.handle.send(logs(old, 21..=30)).unwrap();
    link.handle.send(logs(new, 1..=30)).unwrap();
    loop {
        match peer.hear().await.1 {
            FromAgent::Logs(batch) => break assert_eq!(batch.lines, (1..=30).map(line).collect::<Vec<_>>()),
            FromAgent::Report(_) => {}
            other => panic!("expected logs, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn only_the_newest_report_is_sent_when_the_line_is_busy() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut peer = fake.welcomed().await;
    link.connected().await;
    // No await between them, so the link sees only the last one.
    for generation in 1..=100 {
        link.handle.send(LinkCommand::Report(report(generation))).unwrap();
    }
    let (_, FromAgent::Report(got)) = peer.hear().await else { panic!("a report comes") };
    assert_eq!(got.generation, 100);
}

#[tokio::test]
async fn the_last_words_of_the_driver_reach_the_coordinator_before_goodbye() {
    let fake = Fake::start().await;
    let mut link = fake.link(|_| {});
    let mut peer = fake.welcomed().await;
    let session = link.connected().await;
    link.handle.send(LinkCommand::Report(report(9))).unwrap();
    link.handle.send(logs(session, 1..=2)).unwrap();
    link.shutdown.cancel();
    let mut said = [peer.hear().await.1, peer.hear().await.1];
    said.sort_by_key(|message| matches!(message, FromAgent::Logs(_)));
    assert_eq!(said[0], FromAgent::Report(report(9)));
    assert!(matches!(&said[1], FromAgent::Logs(batch) if batch.lines.len() == 2));
    assert_eq!(peer.closed().await, (1001, "the agent stops".into()));
    drop(peer);
    timeout(SOON, link.task).await.expect("the link ends").unwrap();
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_coordinator_that_is_away() {
    let nobody = Fake::start().await;
    let mut link = nobody.link(|times| {
        times.pace.first = Duration::from_secs(3600);
        times.pace.most = Duration::from_secs(3600);
    });
    drop(nobody);
    assert!(link.lost().await.starts_with("unavailable: "));
    link.shutdown.cancel();
    timeout(SOON, link.task).await.expect("the link ends").unwrap();
}
