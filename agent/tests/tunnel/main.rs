//! The tunnel's agent side against an edge that behaves, and against ones that do not.
#![allow(clippy::unwrap_used, reason = "a failure in the rig is a failed test")]

mod fake;

use fake::{Edge, SOON, echo_at_end};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};
use ttalkak_protocol::{ErrorCode, Secret, id::LeaseId, unit::Bytes};
use ttalkak_tunnel::{ResetCode, StreamError};
use uuid::Uuid;

fn refused_with(result: Result<(), StreamError>) -> Option<ResetCode> {
    result.unwrap_err().reset_code()
}

#[tokio::test]
async fn a_visit_reaches_the_backend_and_half_closing_passes_both_ways() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let mut tunnel = edge.tunnel(|_| {});
    tunnel.serve("lea_1", backend);
    let accepted = edge.accept().await;
    assert!(accepted.request.contains("\r\nAuthorization: Bearer tok\r\n"));
    let mut stream = accepted.open("lea_1").await;
    // More than all windows and socket buffers together, so nothing works by luck.
    let sent: Vec<u8> = (0..4_000_000u32).map(|i| (i % 251) as u8).collect();
    stream.write_all(&sent).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut got = Vec::new();
    timeout(SOON, stream.read_to_end(&mut got)).await.unwrap().unwrap();
    assert!(got == sent, "{} bytes came back of {}", got.len(), sent.len());
    let state = tunnel.until(|state| state.bytes_out == 4_000_000).await;
    assert_eq!((state.connected, state.bytes_in, state.connections), (true, 4_000_000, 1));
}

#[tokio::test]
async fn what_visitors_are_sent_counts_for_the_leases_that_are_paid_and_for_no_other() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let tunnel = edge.tunnel(|_| {});
    let [paid, unpaid] = [1, 2].map(|n| LeaseId::new(Uuid::from_u128(n)));
    tunnel.egress.keep([paid].into_iter());
    let accepted = edge.accept().await;
    for lease in [paid, unpaid] {
        tunnel.serve(&lease.to_string(), backend);
        let mut stream = accepted.open(&lease.to_string()).await;
        stream.write_all(&[7; 100_000]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut got = Vec::new();
        timeout(SOON, stream.read_to_end(&mut got)).await.unwrap().unwrap();
        assert_eq!(got.len(), 100_000);
    }
    assert_eq!(tunnel.egress.read(), Some([(paid, 100_000)].into()));
}

#[tokio::test]
async fn a_limit_of_the_line_holds_for_all_streams_together_and_can_be_lifted() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let tunnel = edge.tunnel(|_| {});
    tunnel.serve("lea_1", backend);
    let accepted = edge.accept().await;
    let visit = async || {
        let mut stream = accepted.open("lea_1").await;
        stream.write_all(&[7; 500_000]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut got = Vec::new();
        timeout(SOON, stream.read_to_end(&mut got)).await.unwrap().unwrap();
        assert_eq!(got.len(), 500_000);
    };
    tunnel.throttle.set(None, Some(Bytes(1_000_000)));
    let began = Instant::now();
    tokio::join!(visit(), visit());
    // A bound from below cannot fail on a slow machine: a million bytes last a second, but for what an idle line is ahead
    // and the last pieces, which are charged when they are gone.
    assert!(began.elapsed() > Duration::from_millis(600), "{:?}", began.elapsed());
    tunnel.throttle.set(None, None);
    visit().await;
}

#[tokio::test]
async fn each_way_in_which_a_backend_is_not_there_has_its_own_code() {
    let edge = Edge::start().await;
    let tunnel = edge.tunnel(|_| {});
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    tunnel.serve("gone", nobody);
    // A multicast address is a place to which no connection can be made.
    tunnel.serve("nowhere", "224.0.0.1:80".parse().unwrap());
    let accepted = edge.accept().await;
    for (target, code) in [
        ("unknown", ResetCode::NoSuchTarget),
        ("gone", ResetCode::BackendRefused),
        ("nowhere", ResetCode::BackendUnreachable),
    ] {
        let stream = accepted.open(target).await;
        assert_eq!(refused_with(stream.confirmed().await), Some(code), "{target}");
    }
}

#[tokio::test]
async fn a_backend_that_comes_later_is_served_and_one_that_goes_is_not() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let tunnel = edge.tunnel(|_| {});
    let accepted = edge.accept().await;
    assert_eq!(refused_with(accepted.open("lea_1").await.confirmed().await), Some(ResetCode::NoSuchTarget));
    tunnel.serve("lea_1", backend);
    accepted.open("lea_1").await.confirmed().await.unwrap();
    tunnel.backends.send_replace(Default::default());
    assert_eq!(refused_with(accepted.open("lea_1").await.confirmed().await), Some(ResetCode::NoSuchTarget));
}

#[tokio::test]
async fn a_backend_that_dies_in_the_middle_is_told_apart_from_one_that_ends() {
    let edge = Edge::start().await;
    let tunnel = edge.tunnel(|_| {});
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    tunnel.serve("lea_1", backend.local_addr().unwrap());
    let accepted = edge.accept().await;
    let mut stream = accepted.open("lea_1").await;
    stream.write_all(b"x").await.unwrap();
    let (socket, _) = backend.accept().await.unwrap();
    // A socket that is dropped with unread bytes ends with a reset, not with an orderly end.
    socket.peek(&mut [0]).await.unwrap();
    drop(socket);
    let error = timeout(SOON, stream.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(ttalkak_tunnel::reset_code(&error), Some(ResetCode::Internal), "{error:?}");
}

#[tokio::test]
async fn a_visitor_who_leaves_is_felt_by_the_backend() {
    let edge = Edge::start().await;
    let tunnel = edge.tunnel(|_| {});
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    tunnel.serve("lea_1", backend.local_addr().unwrap());
    let accepted = edge.accept().await;
    let stream = accepted.open("lea_1").await;
    let (mut socket, _) = backend.accept().await.unwrap();
    stream.confirmed().await.unwrap();
    drop(stream);
    let mut rest = Vec::new();
    // Either an end or a reset; what matters is that it comes.
    let _ = timeout(SOON, socket.read_to_end(&mut rest)).await.expect("the backend hears of it");
}

#[tokio::test]
async fn a_tunnel_that_is_cut_comes_back_and_serves_again() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let mut tunnel = edge.tunnel(|_| {});
    tunnel.serve("lea_1", backend);
    for n in 1..=5 {
        let accepted = edge.accept().await;
        tunnel.until(|state| state.connected && state.connections == n).await;
        accepted.open("lea_1").await.confirmed().await.unwrap();
        accepted.cut().await;
        let state = tunnel.until(|state| !state.connected || state.connections > n).await;
        assert!(state.connections > n || state.problem.is_some());
    }
}

#[tokio::test]
async fn a_refusal_is_told_and_a_new_token_is_tried_at_once() {
    let edge = Edge::start().await;
    let mut tunnel = edge.tunnel(|times| {
        times.pace.first = Duration::from_secs(3600);
        times.pace.most = Duration::from_secs(3600);
    });
    let (mut tcp, _) = edge.dialled().await;
    let body = r#"{"error":{"code":"unauthorized","message":"Unknown token.","next":"Link again."}}"#;
    let answer = format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    tcp.write_all(answer.as_bytes()).await.unwrap();
    let state = tunnel.until(|state| state.problem.is_some()).await;
    assert_eq!(state.problem.unwrap().code, ErrorCode::Unauthorized);
    tunnel.token.send_replace(Some(Secret::new("fresh".into())));
    let accepted = edge.accept().await;
    assert!(accepted.request.contains("Bearer fresh\r\n"));
    tunnel.until(|state| state.connected && state.problem.is_none()).await;
}

#[tokio::test]
async fn without_a_token_nobody_dials_and_an_open_tunnel_stays() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let mut tunnel = edge.tunnel(|_| {});
    tunnel.serve("lea_1", backend);
    let accepted = edge.accept().await;
    tunnel.until(|state| state.connected).await;
    tunnel.token.send_replace(None);
    accepted.open("lea_1").await.confirmed().await.unwrap();
    accepted.cut().await;
    tunnel.until(|state| !state.connected).await;
    assert!(timeout(Duration::from_millis(200), edge.dialled()).await.is_err());
    tunnel.token.send_replace(Some(Secret::new("tok".into())));
    edge.accept().await;
}

#[tokio::test]
async fn an_edge_that_never_answers_is_given_up() {
    let edge = Edge::start().await;
    let mut tunnel = edge.tunnel(|times| times.connect = Duration::from_millis(200));
    let _silent = edge.dialled().await;
    let problem = tunnel.until(|state| state.problem.is_some()).await.problem.unwrap();
    assert!(problem.message.contains("did not answer"), "{}", problem.message);
    edge.dialled().await;
}

#[tokio::test]
async fn shutdown_lets_a_running_visit_finish_and_takes_no_new_one() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let mut tunnel = edge.tunnel(|_| {});
    tunnel.serve("lea_1", backend);
    let accepted = edge.accept().await;
    let mut stream = accepted.open("lea_1").await;
    stream.confirmed().await.unwrap();
    tunnel.shutdown.cancel();
    timeout(SOON, async {
        while accepted.handle.is_alive() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the edge hears of the drain");
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut got = Vec::new();
    timeout(SOON, stream.read_to_end(&mut got)).await.unwrap().unwrap();
    assert_eq!(got, b"last words");
    drop(stream);
    timeout(SOON, tunnel.task).await.expect("the tunnel ends").unwrap();
    assert!(!tunnel.state.borrow_and_update().connected);
}

#[tokio::test]
async fn shutdown_cuts_a_visit_that_does_not_end() {
    let (edge, backend) = (Edge::start().await, echo_at_end().await);
    let tunnel = edge.tunnel(|times| times.drain = Duration::from_millis(100));
    tunnel.serve("lea_1", backend);
    let accepted = edge.accept().await;
    let mut stream = accepted.open("lea_1").await;
    stream.confirmed().await.unwrap();
    tunnel.shutdown.cancel();
    timeout(SOON, tunnel.task).await.expect("the tunnel ends").unwrap();
    assert!(timeout(SOON, stream.read_u8()).await.unwrap().is_err());
}
