use super::*;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixListener,
};

/// A daemon that says what the test wants it to.
struct Daemon(BufReader<UnixStream>);

impl Daemon {
    async fn accept(listener: &UnixListener) -> Self {
        Self(BufReader::new(listener.accept().await.unwrap().0))
    }

    async fn hear(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn say(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
}

async fn with_desk<F: Future<Output = ()>>(test: impl FnOnce(PathBuf, Desk, mpsc::Receiver<Heard>) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("desk.sock");
    let (desk, heard, connection) = at(&socket);
    tokio::select! {
        () = connection.run(CancellationToken::new()) => panic!("it runs while somebody listens"),
        () = test(socket, desk, heard) => {}
    }
}

fn gone(answer: &Answer) -> bool {
    answer.as_ref().is_err_and(|refusal| refusal.problem.code == ErrorCode::DaemonGone)
}

#[tokio::test]
async fn answers_find_their_asks_in_whatever_order_they_come() {
    with_desk(|socket, desk, mut heard| async move {
        let listener = UnixListener::bind(socket).unwrap();
        let mut daemon = Daemon::accept(&listener).await;
        // The first try may have come before the daemon.
        while !matches!(heard.recv().await, Some(Heard::Connected)) {}
        let talk = async {
            let (first, second) = (daemon.hear().await, daemon.hear().await);
            assert_eq!((&first["call"], &second["call"]), (&"resume".into(), &"run_doctor".into()));
            daemon.say("not JSON").await;
            daemon.say(r#"{"told":"from_the_future"}"#).await;
            daemon.say(r#"{"told":"answer","n":999,"reply":{"reply":"done"}}"#).await;
            let problem = r#"{"code":"engine_down","message":"It is away.","next":"Start it."}"#;
            let (n, m) = (&second["n"], &first["n"]);
            daemon.say(&format!(r#"{{"told":"refused","n":{n},"problem":{problem},"faults":[]}}"#)).await;
            daemon.say(&format!(r#"{{"told":"answer","n":{m},"reply":{{"reply":"done"}}}}"#)).await;
        };
        let (first, second, ()) = tokio::join!(desk.ask(Call::Resume), desk.ask(Call::RunDoctor), talk);
        assert_eq!(first, Ok(Reply::Done));
        assert_eq!(second.unwrap_err().problem.message, "It is away.");
    })
    .await;
}

#[tokio::test]
async fn a_killed_daemon_is_told_apart_from_one_that_ended_and_is_found_again() {
    with_desk(|socket, desk, mut heard| async move {
        assert!(matches!(heard.recv().await, Some(Heard::Lost { crashed: false })));
        assert!(gone(&desk.ask(Call::Resume).await));
        let listener = UnixListener::bind(&socket).unwrap();
        let mut daemon = Daemon::accept(&listener).await;
        assert!(matches!(heard.recv().await, Some(Heard::Connected)));
        let dying = async {
            daemon.hear().await;
            drop((daemon, listener));
        };
        let (answer, ()) = tokio::join!(desk.ask(Call::Resume), dying);
        assert!(gone(&answer), "an ask that was under way is not left hanging");
        assert!(matches!(heard.recv().await, Some(Heard::Lost { crashed: true })), "its socket lies there");
        std::fs::remove_file(&socket).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let _daemon = Daemon::accept(&listener).await;
        assert!(matches!(heard.recv().await, Some(Heard::Connected)));
    })
    .await;
}
