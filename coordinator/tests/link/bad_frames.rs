//! Frames that an honest agent does not send.

use crate::world::*;
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use ttalkak_protocol::{
    codec,
    id::LeaseId,
    link::{FromAgent, FromCoordinator, LogBatch, LogLine, LogStream},
    unit::UnixMillis,
};

fn line(seq: u64, text: String) -> LogLine {
    let lease = LeaseId::new(uuid::Uuid::from_u128(5));
    LogLine { lease, seq, stream: LogStream::Stdout, at: UnixMillis(1), engine_nanos: 0, text }
}

#[tokio::test]
async fn damaged_frames_end_the_link_with_a_code() {
    let world = World::new().await;
    let good = codec::encode(9, &FromAgent::Report(report(1)));
    let mut flipped = good.clone();
    flipped[10] ^= 1;
    let cut = good[..good.len() - 1].to_vec();
    for frame in [flipped, cut, vec![], vec![0; 3], codec::encode(9, &serde_json::json!({"kind": "report"}))]
    {
        let (mut agent, ..) = world.welcomed().await;
        agent.raw(frame).await;
        assert_eq!(agent.end().await, (Some("frame_refused".to_owned()), Some(1002)));
    }
    let (mut agent, ..) = world.welcomed().await;
    agent.ws.send(Message::Text("{\"kind\":\"report\"}".into())).await.unwrap();
    assert_eq!(agent.end().await, (Some("frame_refused".to_owned()), Some(1002)), "text");
    assert!(world.memory.reports.lock().unwrap().is_empty(), "nothing was stored");
    world.until_offline().await;
}

#[tokio::test]
async fn a_claim_of_a_gibibyte_is_refused_at_its_head() {
    let world = World::new().await;
    for opcode in [0x82, 0x02] {
        let (mut agent, ..) = world.welcomed().await;
        let mut head = vec![opcode, 0xff];
        head.extend((1_u64 << 30).to_be_bytes());
        head.extend([0; 4]);
        agent.ws.get_mut().write_all(&head).await.unwrap();
        assert_eq!(agent.end().await, (Some("frame_refused".to_owned()), Some(1009)), "{opcode:#x}");
    }
}

#[tokio::test]
async fn a_stranger_may_not_send_much() {
    let world = World::new().await;
    let mut agent = world.dial().await;
    let large = FromAgent::Logs(LogBatch { lines: vec![line(1, "x".repeat(200 * 1024))] });
    let _ = agent.ws.send(Message::Binary(codec::encode(1, &large).into())).await;
    let (refused, _) = agent.end().await;
    assert_eq!(refused, None, "the connection is simply dropped");
    assert_eq!(world.online.count(), 0);
}

#[tokio::test]
async fn a_repeated_frame_is_dropped() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    agent.send(FromAgent::Report(report(1))).await;
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(renewed) if renewed.report == 3));
    for n in [3, 2, 1, 0] {
        agent.raw(codec::encode(n, &FromAgent::Report(report(9)))).await;
    }
    agent.send(FromAgent::Report(report(2))).await;
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(renewed) if renewed.report == 4));
    let generations: Vec<_> =
        world.memory.reports.lock().unwrap().iter().map(|report| report.generation).collect();
    assert_eq!(generations, [1, 2]);
}

#[tokio::test]
async fn an_unknown_kind_is_answered_and_the_link_goes_on() {
    let world = World::new().await;
    let (mut agent, ..) = world.welcomed().await;
    agent.raw(codec::encode(3, &serde_json::json!({"kind": "telepathy", "x": 1}))).await;
    let answer = agent.ws.next().await.unwrap().unwrap().into_data();
    let answer = String::from_utf8_lossy(&answer[4..]);
    assert!(answer.contains("\"unsupported\"") && answer.contains("\"telepathy\""), "{answer}");
    agent.n = 3;
    agent.send(FromAgent::Report(report(1))).await;
    assert!(matches!(agent.next().await, FromCoordinator::Renewed(_)));
}

#[tokio::test]
async fn a_log_batch_beyond_its_limits_is_refused() {
    let world = World::new().await;
    let many = (1..=501).map(|seq| line(seq, String::new())).collect();
    let long = vec![line(1, "x".repeat(codec::LOG_LINE_BYTES_MAX + 1))];
    for lines in [many, long] {
        let (mut agent, ..) = world.welcomed().await;
        agent.send(FromAgent::Logs(LogBatch { lines })).await;
        assert_eq!(agent.end().await.0.as_deref(), Some("frame_refused"));
    }
    let (mut agent, ..) = world.welcomed().await;
    agent.send(FromAgent::Logs(LogBatch { lines: vec![line(4, "hello".to_owned())] })).await;
    let FromCoordinator::LogsStored(stored) = agent.next().await else { panic!("no marks") };
    assert_eq!(stored.marks[0].seq, 4);
}
