//! The program itself: `ttalkak-agent tunnel` and `run` as processes, against a coordinator on loopback.
#![allow(clippy::unwrap_used, reason = "a failure in the rig is a failed test")]

use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use ttalkak_tunnel::{Limits, OpenTarget, TargetKind, Tunnel};

const SOON: Duration = Duration::from_secs(20);
const TUNNEL: &str = "tun_00000000000000000000000000000007";

/// One HTTP request: its head, and its body by content-length.
async fn request(listener: &TcpListener) -> (TcpStream, String, String) {
    let (mut socket, _) = timeout(SOON, listener.accept()).await.expect("the agent asks").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    (socket, head, String::from_utf8(body).unwrap())
}

async fn answer(mut socket: TcpStream, status: u16, body: &str) {
    let text =
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(text.as_bytes()).await.unwrap();
}

fn agent(home: &std::path::Path, args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ttalkak-agent"))
        .args(args)
        .env_clear()
        .env("HOME", home)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn terminate(child: &Child) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
}

#[tokio::test]
async fn a_local_service_is_exposed_until_sigterm_and_then_withdrawn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, to) =
        (format!("http://{}", listener.local_addr().unwrap()), service.local_addr().unwrap().to_string());
    let home = tempfile::tempdir().unwrap();
    let args = ["tunnel", "--to", &to, "--name", "shop", "--coordinator", &url, "--token", "ttk_x", "--json"];
    let mut child = agent(home.path(), &args);

    let (socket, head, body) = request(&listener).await;
    assert!(head.starts_with("post /v1/tunnels http/1.1") && head.contains("idempotency-key: "), "{head}");
    assert!(head.contains("authorization: bearer ttk_x"));
    assert_eq!(body, r#"{"name":"shop","exposure":"http"}"#);
    let created = format!(
        r#"{{"tunnel":{{"id":"{TUNNEL}","name":"shop","url":"http://shop.localhost:1","exposure":"http","connected":false,"created_at":"2026-01-01T00:00:00Z"}},"connect_token":"ct"}}"#
    );
    answer(socket, 201, &created).await;

    let (mut socket, head, _) = request(&listener).await;
    assert!(
        head.starts_with("get /v1/tunnel http/1.1") && head.contains("authorization: bearer ct"),
        "{head}"
    );
    let switch = b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: ttalkak-tunnel\r\n\r\n";
    socket.write_all(switch).await.unwrap();
    let (edge, driver) = Tunnel::edge(socket, Limits::default(), CancellationToken::new());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(driver);

    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(SOON, lines.next_line()).await.unwrap().unwrap().unwrap();
    let up: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((up["url"].as_str(), up["id"].as_str()), (Some("http://shop.localhost:1"), Some(TUNNEL)));

    let mut stream = edge.open(&OpenTarget::new(TUNNEL, TargetKind::Http).unwrap()).await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let (mut visited, _) = service.accept().await.unwrap();
    let mut got = [0; 4];
    visited.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"ping");
    drop((stream, visited));

    terminate(&child).await;
    let deleted = async {
        let (socket, head, _) = request(&listener).await;
        assert!(head.starts_with(&format!("delete /v1/tunnels/{TUNNEL} ")), "{head}");
        answer(socket, 204, "").await;
    };
    timeout(SOON, deleted).await.unwrap();
    assert!(timeout(SOON, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_taken_name_is_told_with_its_next_move() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();
    let args = ["tunnel", "--to", "3000", "--name", "shop", "--coordinator", &url, "--token", "t"];
    let child = agent(home.path(), &args);
    let (socket, ..) = request(&listener).await;
    let error = r#"{"error":{"code":"name_taken","message":"The name shop is taken.","next":"Choose another name."}}"#;
    answer(socket, 409, error).await;
    let output = timeout(SOON, child.wait_with_output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("error: The name shop is taken. Choose another name."), "{told}");
}

#[tokio::test]
async fn an_agent_enrols_at_its_first_start_dials_the_link_and_ends_cleanly() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();
    let args = [
        "run",
        "--coordinator",
        &url,
        "--enrol-code",
        "C0DE",
        "--name",
        "attic",
        "--engine",
        "unix:///nowhere",
    ];
    let mut child = agent(home.path(), &args);
    let (socket, head, body) = request(&listener).await;
    assert!(head.starts_with("post /v1/agents ") && body.contains("C0DE"), "{head}{body}");
    answer(socket, 201, r#"{"agent":"agt_00000000000000000000000000000007"}"#).await;
    // The doctor asks for the coordinator's health beside the link, in either order.
    let (_link, head) = loop {
        let (socket, head, _) = request(&listener).await;
        if !head.starts_with("get /v1/health ") {
            break (socket, head);
        }
        answer(socket, 503, "").await;
    };
    assert!(head.starts_with("get /v1/link ") && head.contains("upgrade: websocket"), "{head}");

    // A second agent of the same folder would throw the first one off its link.
    let second = agent(home.path(), &["run"]);
    let output = timeout(SOON, second.wait_with_output()).await.unwrap().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("another agent") && told.contains("runs in"), "{told}");
    assert_eq!(output.status.code(), Some(1));

    terminate(&child).await;
    let ended = timeout(SOON, child.wait()).await.unwrap().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
    assert!(ended.success(), "{log}");
    assert!(!log.contains("C0DE"), "{log}");
}

#[tokio::test]
async fn a_machine_that_is_not_enrolled_or_set_wrongly_is_told_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    for (args, told) in [
        (&["run"][..], "ttalkak providers enrol"),
        (&["run", "--memory", "lots", "--port-range", "1-2"][..], "an example is 20000-29999"),
        (&["run", "--memory", "lots", "--port-range", "1-2"][..], "an example is 2GiB"),
        (&["tunnel", "--to", "3000", "--name", "shop"][..], "ttalkak login"),
    ] {
        let output = timeout(SOON, agent(home.path(), args).wait_with_output()).await.unwrap().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
        assert!(said.contains(told), "{args:?}: {said}");
    }
}
