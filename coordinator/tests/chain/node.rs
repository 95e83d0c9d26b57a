//! Anvil, one per test, on a port of its own.

use alloy::transports::http::reqwest;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};
use url::Url;

/// A node that dies with the test.
pub(crate) struct Node {
    pub(crate) url: Url,
    child: Child,
    client: reqwest::Client,
    ended: mpsc::Receiver<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        // The npm package's program is a wrapper: the node itself is its child, in the same group. It is asked first,
        // since only then it removes the old states that it has written to disk.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        let _ = kill_process_group(group, Signal::INT);
        let _ = self.ended.recv_timeout(Duration::from_secs(2));
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Node {
    /// `None` when anvil is not there and nobody insists on it.
    pub(crate) async fn start(more: &[&str]) -> Option<Self> {
        let anvil = anvil()?;
        let mut child = Command::new(anvil)
            .args(["--port", "0", "--hardfork", "osaka", "--enable-tx-gas-limit"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = said.find_map(|line| line.unwrap().strip_prefix("Listening on ").map(str::to_owned));
        let url = format!("http://{}", listening.expect("anvil says where it listens")).parse().unwrap();
        let (end, ended) = mpsc::channel();
        // It writes a line for each question; somebody must read them.
        std::thread::spawn(move || {
            said.for_each(drop);
            let _ = end.send(());
        });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { url, child, client, ended })
    }

    /// A call that must succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, params).await.unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    pub(crate) async fn try_call(&self, method: &str, params: Value) -> Result<Value, String> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let asked = self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        let answer = asked.send().await.map_err(|error| error.to_string())?;
        let text = answer.text().await.map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if answer.get("error").is_some() {
            Err(answer["error"].to_string())
        } else {
            Ok(answer["result"].take())
        }
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.call("anvil_mine", json!([format!("{blocks:#x}")])).await;
    }

    /// Whether a transaction makes its own block.
    pub(crate) async fn automine(&self, on: bool) {
        self.call("evm_setAutomine", json!([on])).await;
    }
}

#[allow(clippy::disallowed_methods, reason = "where tests look for their tools")]
fn anvil() -> Option<PathBuf> {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    let path = std::env::var_os("TTALKAK_ANVIL").map_or(installed, PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("TTALKAK_REQUIRE_ENGINE").is_none(), "{} is not there", path.display());
    eprintln!("SKIPPED: no anvil at {}; `npm ci` in contracts/ installs it", path.display());
    None
}
