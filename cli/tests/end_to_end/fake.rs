//! A coordinator of canned answers, on a real socket: for each route a row of replies, the last of which repeats. Its
//! `/rpc` is a chain: the route there is `RPC` and the method.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Response, Uri},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::sync::oneshot;

/// One answer.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    kind: &'static str,
    body: String,
    broken: bool,
}

impl Reply {
    pub(crate) fn json(body: Value) -> Self {
        Self { status: 200, kind: "application/json", body: body.to_string(), broken: false }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let error =
            json!({ "code": code, "message": message, "next": "Do something else.", "request_id": "req_1" });
        Self { status, ..Self::json(json!({ "error": error })) }
    }

    /// An error as it is written out.
    pub(crate) fn refusal(status: u16, body: Value) -> Self {
        Self { status, ..Self::json(body) }
    }

    /// A chain's answer.
    pub(crate) fn rpc(result: Value) -> Self {
        Self::json(json!({ "jsonrpc": "2.0", "id": 1, "result": result }))
    }

    /// A chain's refusal.
    pub(crate) fn rpc_error(code: i64, message: &str) -> Self {
        Self::json(json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message } }))
    }

    /// An event stream that simply ends.
    pub(crate) fn events(body: &str) -> Self {
        Self { status: 200, kind: "text/event-stream", body: body.to_owned(), broken: false }
    }

    /// The same, with its connection torn in the middle.
    pub(crate) fn torn(body: &str) -> Self {
        Self { broken: true, ..Self::events(body) }
    }
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) route: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Script {
    replies: BTreeMap<String, VecDeque<Reply>>,
    seen: Vec<Seen>,
}

/// A running fake; ends when dropped.
pub(crate) struct Fake {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Fake {
    pub(crate) fn new() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let state = script.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let app = Router::new().fallback(answer).with_state(state);
                tokio::select! {
                    served = axum::serve(listener, app) => served.unwrap(),
                    _ = stopped => {}
                }
            });
        });
        Self { address, script, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers `route` (`GET /v1/health`) with these, one after the other; the last one repeats.
    pub(crate) fn on(&self, route: &str, replies: impl IntoIterator<Item = Reply>) -> &Self {
        self.script.lock().unwrap().replies.insert(route.to_owned(), replies.into_iter().collect());
        self
    }

    /// Every request, in order.
    pub(crate) fn all_seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }

    /// The requests to `route`, in order.
    pub(crate) fn seen(&self, route: &str) -> Vec<Seen> {
        self.script.lock().unwrap().seen.iter().filter(|seen| seen.route == route).cloned().collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut route = format!("{method} {}", uri.path());
    if uri.path() == "/rpc" {
        let question: Value = serde_json::from_slice(&body).unwrap();
        route = format!("RPC {}", question["method"].as_str().unwrap());
    }
    let query = uri.query().unwrap_or_default().to_owned();
    let reply = {
        let mut script = script.lock().unwrap();
        script.seen.push(Seen { route: route.clone(), query, headers, body });
        match script.replies.get_mut(&route) {
            Some(replies) if replies.len() > 1 => replies.pop_front().unwrap(),
            Some(replies) => replies[0].clone(),
            None => Reply::error(404, "not_found", &format!("Nothing is at {route}.")),
        }
    };
    let body = if reply.broken {
        // The torn end comes after the bytes had their own moment to leave.
        let parts = futures_util::stream::unfold(Some(reply.body), async |left| match left {
            Some(text) if !text.is_empty() => Some((Ok(Bytes::from(text)), Some(String::new()))),
            Some(_) => {
                tokio::task::yield_now().await;
                Some((Err(io::Error::other("torn")), None))
            }
            None => None,
        });
        Body::from_stream(parts)
    } else {
        Body::from(reply.body)
    };
    Response::builder().status(reply.status).header("content-type", reply.kind).body(body).unwrap()
}

const TIME: &str = "2026-11-18T11:06:40.123Z";

/// A deployment called shop in a state, with more fields on top.
pub(crate) fn deployment(state: &str, more: Value) -> Value {
    let mut view = json!({
        "id": "dep_00000000000000000000000000000001", "name": "shop",
        "project": "prj_00000000000000000000000000000002", "project_name": "shop",
        "url": "http://shop.localhost:7780", "exposure": "http", "memory_bytes": 536_870_912, "milli_cpu": 1000,
        "state": state, "since": TIME, "created_at": TIME, "updated_at": TIME,
    });
    merge(&mut view, more);
    view
}

/// Release `number` in a state, with more fields on top.
pub(crate) fn release(number: u32, state: &str, more: Value) -> Value {
    let mut view = json!({
        "id": "rel_00000000000000000000000000000003", "number": number, "state": state, "created_at": TIME,
    });
    merge(&mut view, more);
    view
}

/// A rollout of release `number` at a step.
pub(crate) fn rolling(number: u32, state: &str, step: &str, progress: Option<&str>) -> Value {
    let mut rollout = json!({ "release": number, "step": step, "since": TIME });
    if let Some(progress) = progress {
        rollout["progress"] = progress.into();
    }
    deployment(state, json!({ "rollout": rollout }))
}

/// A log line as an event.
pub(crate) fn line(id: i64, text: &str) -> String {
    let data = json!({ "id": id, "release": 1, "stream": "stdout", "at": TIME, "text": text });
    format!("id: {id}\nevent: line\ndata: {data}\n\n")
}

fn merge(view: &mut Value, more: Value) {
    if let Value::Object(fields) = more {
        for (key, value) in fields {
            view[key] = value;
        }
    }
}
