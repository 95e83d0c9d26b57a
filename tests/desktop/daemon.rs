//! A stand-in for the daemon at its socket: tells sections, obeys pause, resume and shutdown, and remembers what it was
//! asked. The shell's own behaviour is under test here; flows with the real daemon are elsewhere.

use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinHandle,
};

const AT: &str = "2026-11-26T14:00:00Z";

#[derive(Clone)]
pub(crate) struct Sections(Arc<watch::Sender<Vec<(String, Value)>>>);

pub(crate) struct Daemon {
    socket: PathBuf,
    pub(crate) sections: Sections,
    asked: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

pub(crate) fn lending(state: Value) -> Value {
    json!({
        "setup": { "consent": 1, "enrolled": null, "limits_chosen": true, "payee_known": true, "done": true },
        "link": { "state": "connected", "since": AT, "problem": null },
        "engine": { "state": "up", "since": AT, "name": "docker 29", "address": null, "problem": null },
        "lending": {
            "state": state, "since": AT, "accepting": true, "running": { "treatment": "keep" },
            "stops_at": null, "next": null,
            "senses": { "idle": { "sense": "unknown", "why": "" }, "fullscreen": null, "battery": null }
        },
        "counts": { "live": 1, "coming": 0, "troubled": 0, "stopping": 0 },
        "at": AT
    })
}

impl Sections {
    pub(crate) fn tell(&self, section: &str, now: Value) {
        self.0.send_modify(|sections| {
            sections.retain(|(name, _)| name != section);
            sections.push((section.to_owned(), now));
        });
    }
}

impl Daemon {
    pub(crate) async fn start(socket: PathBuf) -> Self {
        let sections = Sections(Arc::new(watch::channel(Vec::new()).0));
        sections.tell("status", lending(json!({ "state": "lending" })));
        let mut daemon = Self { socket, sections, asked: Arc::default(), task: tokio::task::spawn(async {}) };
        daemon.again();
        daemon
    }

    /// Listens at the socket, also after [`Daemon::die`].
    pub(crate) fn again(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        let listener = UnixListener::bind(&self.socket).unwrap();
        let (sections, asked, socket) = (self.sections.clone(), self.asked.clone(), self.socket.clone());
        self.task = tokio::task::spawn(async move {
            let mut desks = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    stream = listener.accept() => {
                        desks.spawn(serve(stream.unwrap().0, sections.clone(), asked.clone()));
                    }
                    Some(Ok(true)) = desks.join_next() => break,
                }
            }
            // The orderly end: desks are closed and the socket is gone.
            let _ = std::fs::remove_file(socket);
        });
    }

    /// Killed: its socket file stays.
    pub(crate) fn die(&self) {
        self.task.abort();
    }

    pub(crate) fn ended(&self) -> bool {
        self.task.is_finished()
    }

    /// All calls of this name so far.
    pub(crate) fn asked(&self, call: &str) -> Vec<Value> {
        self.asked.lock().unwrap().iter().filter(|ask| ask["call"] == call).cloned().collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Returns whether the daemon was asked to end.
async fn serve(stream: UnixStream, sections: Sections, asked: Arc<Mutex<Vec<Value>>>) -> bool {
    let mut changes = sections.0.subscribe();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut told: Vec<(String, Value)> = Vec::new();
    loop {
        let now = changes.borrow_and_update().clone();
        for (section, now) in now.iter().filter(|section| !told.contains(section)) {
            let line = json!({ "told": "news", "section": section, "now": now });
            if write.write_all(format!("{line}\n").as_bytes()).await.is_err() {
                return false;
            }
        }
        told = now;
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return false },
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { return false };
                let ask: Value = serde_json::from_str(&line).unwrap();
                asked.lock().unwrap().push(ask.clone());
                let reply = obey(&ask, &sections);
                let line = json!({ "told": "answer", "n": ask["n"], "reply": reply });
                let _ = write.write_all(format!("{line}\n").as_bytes()).await;
                if ask["call"] == "shutdown" {
                    return true;
                }
            }
        }
    }
}

fn obey(ask: &Value, sections: &Sections) -> Value {
    match ask["call"].as_str().unwrap() {
        "pause" => {
            let paused = json!({ "state": "paused", "until": ask["until"] });
            sections.tell("status", lending(paused));
        }
        "resume" => sections.tell("status", lending(json!({ "state": "lending" }))),
        "quit_cost" => {
            return json!({
                "reply": "quit_cost", "stops_workloads": true, "workloads": [], "per_hour": "0",
                "unvouched": "0", "streams": 0, "takes": 0
            });
        }
        _ => {}
    }
    json!({ "reply": "done" })
}
