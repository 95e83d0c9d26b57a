//! A JSON-RPC proxy that makes faults: what a bad network and a bad provider of nodes do to an honest client.

use alloy::transports::http::reqwest;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::Response,
    routing::post,
};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use url::Url;

/// What happens to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing bad.
    Pass,
    /// The connection breaks before the node hears of it.
    Broken,
    /// The node acts, and its answer is lost.
    AnswerLost,
    /// Half of the answer comes.
    Truncated,
    /// The node hears it twice; the second answer counts.
    Twice,
    /// An HTTP error of the provider.
    Status(u16),
    /// No answer ever, before the node hears of it.
    HangBefore,
    /// No answer ever, after the node has acted.
    HangAfter,
}

type Plan = Box<dyn FnMut(&str) -> Fault + Send>;

/// Stands before a node.
pub(crate) struct Proxy {
    pub(crate) url: Url,
    inner: Arc<Inner>,
    _server: JoinSet<()>,
}

struct Inner {
    node: Mutex<Url>,
    client: reqwest::Client,
    plan: Mutex<Plan>,
    hung: Notify,
}

impl Proxy {
    pub(crate) async fn start(node: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let plan: Plan = Box::new(|_| Fault::Pass);
        let inner = Arc::new(Inner {
            node: Mutex::new(node.clone()),
            client,
            plan: Mutex::new(plan),
            hung: Notify::new(),
        });
        let app = Router::new().route("/", post(answer)).with_state(inner.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, _server: server }
    }

    /// Decides from now on, by the name of each method.
    pub(crate) fn plan(&self, plan: impl FnMut(&str) -> Fault + Send + 'static) {
        *self.inner.plan.lock().unwrap() = Box::new(plan);
    }

    /// Another machine answers from now on.
    pub(crate) fn forward_to(&self, node: &Url) {
        *self.inner.node.lock().unwrap() = node.clone();
    }

    /// Ends when a question hangs.
    pub(crate) async fn hung(&self) {
        self.inner.hung.notified().await;
    }
}

async fn answer(State(inner): State<Arc<Inner>>, body: Bytes) -> Response {
    let question: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let fault = (inner.plan.lock().unwrap())(question["method"].as_str().unwrap());
    match fault {
        Fault::Pass => whole(forward(&inner, body).await),
        Fault::Broken => broken(),
        Fault::AnswerLost => {
            forward(&inner, body).await;
            broken()
        }
        Fault::Truncated => {
            let answer = forward(&inner, body).await;
            whole(answer.slice(..answer.len() / 2))
        }
        Fault::Twice => {
            forward(&inner, body.clone()).await;
            whole(forward(&inner, body).await)
        }
        Fault::Status(status) => Response::builder().status(status).body(Body::from("busy")).unwrap(),
        Fault::HangBefore => hang(&inner).await,
        Fault::HangAfter => {
            forward(&inner, body).await;
            hang(&inner).await
        }
    }
}

async fn forward(inner: &Inner, body: Bytes) -> Bytes {
    let node = inner.node.lock().unwrap().clone();
    let asked = inner.client.post(node).header("content-type", "application/json").body(body);
    asked.send().await.unwrap().bytes().await.unwrap()
}

fn whole(answer: Bytes) -> Response {
    Response::builder().header("content-type", "application/json").body(Body::from(answer)).unwrap()
}

fn broken() -> Response {
    let cut = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
    Response::new(Body::from_stream(cut))
}

async fn hang(inner: &Inner) -> Response {
    inner.hung.notify_one();
    std::future::pending().await
}
