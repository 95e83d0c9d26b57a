//! The few calls of WebDriver that the tests need, over HTTP.

use crate::session::{Session, until};
use serde_json::{Value, json};
use std::{net::TcpListener, process::Stdio};

pub(crate) struct Driver {
    http: reqwest::Client,
    url: String,
    session: String,
}

impl Driver {
    /// Starts WebKit's driver in this session, and the window through it.
    pub(crate) async fn open(session: &mut Session, arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut driver = session.command("WebKitWebDriver");
        driver.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        session.keep(driver.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        // The client wants one though nothing here is encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let mut driver = Self { http, url: format!("http://127.0.0.1:{port}"), session: String::new() };
        until("WebKit's driver listens", async || driver.get("/status").await.is_some()).await;
        let options = json!({ "binary": env!("CARGO_BIN_EXE_ttalkak-window"), "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "webkitgtk:browserOptions": options } } });
        let made = driver.post("/session", &wanted).await;
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}")).to_owned();
        driver.session = format!("/session/{id}");
        driver
    }

    /// What a script in the page returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.post(&format!("{}/execute/sync", self.session), &json!({ "script": script, "args": [] })).await
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.ok()?;
        answer.json::<Value>().await.ok()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let sent = self.http.post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        sent.json::<Value>().await.unwrap()["value"].clone()
    }
}
