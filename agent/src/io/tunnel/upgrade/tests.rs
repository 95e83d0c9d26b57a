use super::*;
use tokio::io::duplex;

/// What becomes of a request that is met by `answer`, and what is left unread behind it.
async fn met_by(answer: &[u8]) -> (Result<(), UpgradeError>, Vec<u8>) {
    let (mut ours, mut theirs) = duplex(64 * 1024);
    theirs.write_all(answer).await.unwrap();
    theirs.shutdown().await.unwrap();
    let result = upgrade(&mut ours, "127.0.0.1:7780", &Secret::new("tok".into())).await;
    let mut rest = Vec::new();
    ours.read_to_end(&mut rest).await.unwrap();
    (result, rest)
}

#[tokio::test]
async fn the_request_names_protocol_and_token_and_nothing_of_the_tunnel_is_swallowed() {
    let (mut ours, mut theirs) = duplex(64 * 1024);
    theirs
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, upgrade\r\nUpgrade: TTALKAK-tunnel\r\n\r\n\x01frame")
        .await
        .unwrap();
    upgrade(&mut ours, "127.0.0.1:7780", &Secret::new("tok".into())).await.unwrap();
    let mut frame = [0; 6];
    ours.read_exact(&mut frame).await.unwrap();
    assert_eq!(&frame, b"\x01frame");
    drop(ours);
    let mut request = String::new();
    theirs.read_to_string(&mut request).await.unwrap();
    assert!(request.starts_with("GET /v1/tunnel HTTP/1.1\r\nHost: 127.0.0.1:7780\r\n"), "{request}");
    assert!(request.contains("\r\nUpgrade: ttalkak-tunnel\r\n"));
    assert!(request.contains("\r\nAuthorization: Bearer tok\r\n"));
}

#[tokio::test]
async fn a_refusal_keeps_the_coordinators_words() {
    let body =
        r#"{"error":{"code":"unauthorized","message":"The token is not known.","next":"Dial again."}}"#;
    let answer = format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (Err(UpgradeError::Refused { status, problem }), _) = met_by(answer.as_bytes()).await else {
        panic!("it is refused")
    };
    assert_eq!((status, problem.code), (401, ErrorCode::Unauthorized));
    assert_eq!(problem.next, "Dial again.");
}

#[tokio::test]
async fn an_answer_without_a_readable_body_is_told_by_its_status() {
    for (answer, code) in [
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops", ErrorCode::Unavailable),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", ErrorCode::Unauthorized),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n", ErrorCode::Unavailable),
    ] {
        let (Err(UpgradeError::Refused { problem, .. }), _) = met_by(answer.as_bytes()).await else {
            panic!("{answer} is refused")
        };
        assert_eq!(problem.code, code, "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_a_coordinator_is_told_apart() {
    let endless = format!("HTTP/1.1 101 X\r\nx: {}", "y".repeat(HEAD_BYTES_MAX));
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.0 101 X\r\n\r\n",
        "HTTP/1.1 1x1 X\r\n\r\n",
        "HTTP/1.1 101 X\r\nno colon\r\n\r\n",
        endless.as_str(),
    ] {
        let (result, _) = met_by(answer.as_bytes()).await;
        assert!(matches!(result, Err(UpgradeError::NotHttp)), "{answer:.40}: {result:?}");
    }
    let websocket = "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert!(matches!(met_by(websocket.as_bytes()).await.0, Err(UpgradeError::OtherProtocol)));
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_an_error_of_the_connection() {
    let (result, _) = met_by(b"HTTP/1.1 101 X\r\nUp").await;
    assert!(matches!(result, Err(UpgradeError::Io(_))), "{result:?}");
}

#[tokio::test]
async fn a_token_that_would_add_a_header_is_not_sent() {
    let (mut ours, mut theirs) = duplex(1024);
    let result = upgrade(&mut ours, "a", &Secret::new("x\r\nevil: 1".into())).await;
    assert!(matches!(result, Err(UpgradeError::Token)));
    drop(ours);
    let mut sent = Vec::new();
    theirs.read_to_end(&mut sent).await.unwrap();
    assert!(sent.is_empty());
}
