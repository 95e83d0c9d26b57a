//! The daemon within the tray: its own program is not installed, or somebody wants it so.

use crate::{
    session::{Session, WITHIN, possible, until},
    unseen::signal,
};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, UnixStream, unix::OwnedReadHalf, unix::OwnedWriteHalf},
};
use ttalkak_agent::daemon::DataLock;

const AGENT: &str = "ttalkak-agent";

/// A desk that a test holds.
struct Desk {
    lines: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
}

impl Desk {
    async fn open(session: &Session) -> Self {
        let socket = session.run_folder().join("agent.sock");
        let mut stream = None;
        until("a daemon listens", async || {
            stream = UnixStream::connect(&socket).await.ok();
            stream.is_some()
        })
        .await;
        let (read, write) = stream.unwrap().into_split();
        Self { lines: BufReader::new(read).lines(), write }
    }

    /// The first message of which this holds.
    async fn hear(&mut self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let heard = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect(what);
                let told: Value = serde_json::from_str(&line).unwrap();
                if holds(&told) {
                    return told;
                }
            }
        };
        tokio::time::timeout(WITHIN, heard).await.unwrap_or_else(|_| panic!("never heard: {what}"))
    }

    async fn hello(&mut self) -> Value {
        self.hear("hello", |told| told["section"] == "hello").await["now"].take()
    }

    async fn ask(&mut self, call: Value) -> Value {
        self.write.write_all(format!("{call}\n").as_bytes()).await.unwrap();
        self.hear("an answer", |told| told["n"] == call["n"]).await
    }
}

/// A coordinator that enrols whoever comes, and does nothing else.
async fn coordinator() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let enrols = head[..read].starts_with(b"POST /v1/agents ");
            let (status, body) = if enrols {
                ("201 Created", json!({ "agent": "agt_0198c0de00007000800000000000abcd" }).to_string())
            } else {
                ("404 Not Found", "{}".to_owned())
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}")
}

fn free(data: &Path) -> bool {
    DataLock::take(data).is_ok()
}

#[tokio::test]
async fn without_a_program_of_its_own_the_daemon_lives_in_the_tray_and_one_that_is_installed_takes_over() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    session.install_tray_alone();
    let tray = session.start(&["--hidden"]);
    let mut desk = Desk::open(&session).await;
    let hello = desk.hello().await;
    assert_eq!((&hello["hosted"], &hello["pid"]), (&json!("in_process"), &json!(tray)));
    assert!(!free(&session.data()) && session.processes(AGENT).is_empty());
    let enrol = json!({
        "n": 1, "call": "enrol", "coordinator": coordinator().await, "code": "one-time", "name": "den",
        "force": false
    });
    let answer = desk.ask(enrol).await;
    assert_eq!(answer["told"], "answer", "{answer}");
    let quit = session.start(&["--quit"]);
    until("both end", async || session.ended(tray) == Some(Some(0)) && session.ended(quit) == Some(Some(0)))
        .await;
    assert!(free(&session.data()), "the daemon ended with it");

    // A file that may not be run is no program.
    let program = session.programs().join(AGENT);
    let built = Path::new(env!("CARGO_BIN_EXE_ttalkak-desktop")).with_file_name(AGENT);
    fs::copy(built, &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
    let tray = session.start(&["--hidden"]);
    let hello = Desk::open(&session).await.hello().await;
    assert_eq!((&hello["hosted"], &hello["pid"]), (&json!("in_process"), &json!(tray)));
    signal(tray, "TERM");
    until("it ends", async || session.ended(tray) == Some(Some(0))).await;
    assert!(free(&session.data()), "nobody else would end it");

    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let tray = session.start(&["--hidden"]);
    let mut desk = Desk::open(&session).await;
    let hello = desk.hello().await;
    assert_eq!(hello["hosted"], "daemon");
    assert_ne!(hello["pid"], json!(tray));
    let status = desk.hear("status", |told| told["section"] == "status").await;
    assert_eq!(status["now"]["setup"]["enrolled"]["name"], "den", "it is the same machine");
    let quit = session.start(&["--quit"]);
    until("all end", async || session.ended(tray) == Some(Some(0)) && session.ended(quit) == Some(Some(0)))
        .await;
}

#[tokio::test]
async fn whoever_wants_it_inside_has_it_inside_and_a_daemon_that_runs_is_used_as_it_is() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let tray = session.start(&["--hidden", "--inside"]);
    assert_eq!(Desk::open(&session).await.hello().await["pid"], json!(tray));
    let quit = session.start(&["--quit"]);
    until("both end", async || session.ended(tray) == Some(Some(0)) && session.ended(quit) == Some(Some(0)))
        .await;
    let daemon = session.daemon().await;
    let tray = session.start(&["--hidden", "--inside"]);
    until("it listens", async || session.run_folder().join("tray.sock").exists()).await;
    let quit = session.start(&["--quit"]);
    until("all end", async || session.ended(tray) == Some(Some(0)) && session.ended(quit) == Some(Some(0)))
        .await;
    assert_eq!(daemon.asked("shutdown").len(), 1, "it was the one that ran");
}
