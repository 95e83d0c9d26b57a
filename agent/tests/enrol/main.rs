//! Enrolment against a coordinator over real HTTP, and every way in which it can fail.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failure in the rig is a failed test, and its tasks end with it"
)]

use std::{fs, path::Path, sync::Mutex};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use ttalkak_agent::{
    address::Coordinator,
    enrol::{EnrolError, Enrolment, Wish, enrol, pair},
    identity::{self, Identity},
    io::api::ApiError,
};
use ttalkak_protocol::{ErrorCode, Secret, api::provider::EnrolAgent};

const AGENT: &str = r#"{"agent":"agt_00000000000000000000000000000007"}"#;

/// Answers one request after the other with the given statuses and bodies; returns its address and what it was asked.
async fn coordinator(answers: Vec<(u16, String)>) -> (Coordinator, std::sync::Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let asked = std::sync::Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    tokio::task::spawn(async move {
        for (status, body) in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                request.push(socket.read_u8().await.unwrap());
            }
            seen.lock().unwrap().push(String::from_utf8(request).unwrap());
            let answer = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

fn wish(coordinator: &Coordinator, force: bool) -> Enrolment {
    let code = Secret::new("7F3K-9QWD".to_owned());
    Enrolment { coordinator: coordinator.clone(), code, name: "attic".into(), force }
}

fn error_body(code: ErrorCode, message: &str) -> String {
    let next = code.next_move();
    serde_json::json!({"error": {"code": code, "message": message, "next": next}}).to_string()
}

/// All files of a folder, by name.
fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn enrolment_sends_the_public_key_and_keeps_the_private_one() {
    let (url, asked) = coordinator(vec![(201, AGENT.into())]).await;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("new/data");
    let identity = enrol(&data, wish(&url, false)).await.unwrap();
    assert_eq!(identity.record.agent.to_string(), "agt_00000000000000000000000000000007");
    assert_eq!(Identity::open(&data).unwrap().record, identity.record);
    let request = asked.lock().unwrap().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/agents HTTP/1.1\r\n"), "{head}");
    let body: EnrolAgent = serde_json::from_str(body).unwrap();
    assert_eq!((body.code.reveal().as_str(), body.name.as_str()), ("7F3K-9QWD", "attic"));
    assert_eq!(body.public_key, identity::public_key_or_new(&data).unwrap());
    let private = fs::read_to_string(data.join("identity.key")).unwrap();
    assert!(!request.contains(&private));
}

#[tokio::test]
async fn a_machine_is_enrolled_once_unless_forced_and_the_old_key_is_kept() {
    let (url, _) = coordinator(vec![(201, AGENT.into()), (201, AGENT.replace('7', "8"))]).await;
    let data = tempfile::tempdir().unwrap();
    enrol(data.path(), wish(&url, false)).await.unwrap();
    let key = identity::public_key_or_new(data.path()).unwrap();
    let again = enrol(data.path(), wish(&url, false)).await.unwrap_err();
    assert!(matches!(&again, EnrolError::Already(record) if record.name == "attic"), "{again}");
    assert!(again.to_string().contains("--force"));
    let anew = enrol(data.path(), wish(&url, true)).await.unwrap();
    assert!(anew.record.agent.to_string().ends_with('8'));
    assert_ne!(identity::public_key_or_new(data.path()).unwrap(), key);
    assert_eq!(files(data.path()), ["agent.json", "agent.json.old-1", "identity.key", "identity.key.old-1"]);
}

#[tokio::test]
async fn a_wrong_code_leaves_the_machine_not_enrolled_and_a_second_try_uses_the_same_key() {
    let refused = error_body(ErrorCode::EnrolCodeInvalid, "This code is wrong, used or too old.");
    let (url, asked) = coordinator(vec![(403, refused), (201, AGENT.into())]).await;
    let data = tempfile::tempdir().unwrap();
    let error = enrol(data.path(), wish(&url, false)).await.unwrap_err();
    let EnrolError::Api(ApiError::Refused(problem)) = &error else { panic!("{error:?}") };
    assert_eq!(problem.code, ErrorCode::EnrolCodeInvalid);
    assert_eq!(files(data.path()), ["identity.key"]);
    enrol(data.path(), wish(&url, false)).await.unwrap();
    let keys: Vec<_> = asked
        .lock()
        .unwrap()
        .iter()
        .map(|request| request.split("public_key").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(keys[0], keys[1]);
}

fn pairing(every_ms: u32) -> String {
    serde_json::json!({
        "code": "ACDE-3467", "poll": "ttp_secret", "every": every_ms, "expires_at": "2099-01-01T00:00:00Z",
    })
    .to_string()
}

#[tokio::test]
async fn without_a_code_one_is_shown_and_the_machine_is_in_when_its_owner_says_so() {
    let waiting = r#"{"state":"waiting"}"#.to_owned();
    let approved = r#"{"state":"approved","agent":"agt_00000000000000000000000000000007"}"#.to_owned();
    let (url, asked) = coordinator(vec![(201, pairing(1)), (200, waiting), (200, approved)]).await;
    let data = tempfile::tempdir().unwrap();
    let mut shown = None;
    let wish = Wish { coordinator: url, name: "attic".into(), force: false };
    let identity = pair(data.path(), wish, |pairing| shown = Some(pairing.code.clone())).await.unwrap();
    assert_eq!(shown.as_deref(), Some("ACDE-3467"));
    assert_eq!(Identity::open(data.path()).unwrap().record, identity.record);
    let asked = asked.lock().unwrap();
    let key = identity::public_key_or_new(data.path()).unwrap();
    assert!(asked[0].starts_with("POST /v1/agents/pairings HTTP") && asked[0].contains(&key), "{}", asked[0]);
    assert!(asked[1].starts_with("POST /v1/agents/pairings/poll HTTP") && asked[1].contains("ttp_secret"));
}

#[tokio::test]
async fn a_pairing_that_nobody_approves_leaves_the_machine_not_enrolled() {
    let over = error_body(ErrorCode::EnrolCodeInvalid, "The pairing is over or never was.");
    let (coordinator, _) = coordinator(vec![(201, pairing(1)), (403, over)]).await;
    let data = tempfile::tempdir().unwrap();
    let wish = Wish { coordinator, name: "attic".into(), force: false };
    let error = pair(data.path(), wish, |_| {}).await.unwrap_err();
    assert!(
        matches!(&error, EnrolError::Api(ApiError::Refused(problem)) if problem.code == ErrorCode::EnrolCodeInvalid)
    );
    assert_eq!(files(data.path()), ["identity.key"]);
}

#[tokio::test]
async fn what_is_not_a_coordinator_or_not_there_is_told_apart() {
    let data = tempfile::tempdir().unwrap();
    for (status, body) in [(404, "<html>"), (200, "<html>"), (302, ""), (201, "{\"agent\":\"dep_1\"}")] {
        let (url, _) = coordinator(vec![(status, body.into())]).await;
        let error = enrol(data.path(), wish(&url, false)).await.unwrap_err();
        assert!(
            matches!(error, EnrolError::Api(ApiError::NotCoordinator { status: seen, .. }) if seen == status),
            "{error:?}"
        );
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}").parse().unwrap();
    let error = enrol(data.path(), wish(&url, false)).await.unwrap_err();
    assert!(matches!(error, EnrolError::Api(ApiError::Unreachable { .. })), "{error:?}");
}
