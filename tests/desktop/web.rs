//! The few calls of WebDriver that the tests need, over HTTP.

use crate::session::{Session, WITHIN, until};
use serde_json::{Value, json};
use std::{net::TcpListener, process::Stdio, time::Duration};

/// How WebDriver calls an element's id (W3C WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

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

    /// All that a reader would see of the page.
    pub(crate) async fn text(&self) -> String {
        self.script("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says something.
    pub(crate) async fn reads(&self, words: &str) {
        let said = format!("the page says “{words}”");
        self.until(&said, async || self.text().await.contains(words)).await;
    }

    /// Clicks a button as a person would, once it can be: by its label or its words.
    pub(crate) async fn press(&self, name: &str) {
        let has = format!("normalize-space(.)='{name}' or @aria-label='{name}'");
        self.click(&format!(
            "//button[({has}) and not(@disabled)] | //a[{has}] | //*[@role='menuitem' and ({has})]"
        ))
        .await;
    }

    /// Clicks what an XPath finds first, once it is there.
    pub(crate) async fn click(&self, path: &str) {
        self.until(&format!("a click on {path}"), async || {
            let Some(element) = self.find(path).await else { return false };
            // It may be gone again, or something may lie over it that is just leaving.
            self.on(&element, "click", &json!({})).await.is_null()
        })
        .await;
    }

    /// Waits until there is something of this XPath.
    pub(crate) async fn has(&self, path: &str) {
        self.until(path, async || self.find(path).await.is_some()).await;
    }

    /// Writes into a field by its label, in place of what is there.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let path = format!("//*[@id=//label[normalize-space(.)='{label}']/@for]");
        self.until(&format!("a field called {label}"), async || {
            let Some(element) = self.find(&path).await else { return false };
            let cleared = self.on(&element, "clear", &json!({})).await.is_null();
            cleared && self.on(&element, "value", &json!({ "text": text })).await.is_null()
        })
        .await;
    }

    /// Presses keys on what an XPath finds first.
    pub(crate) async fn keys(&self, path: &str, keys: &str) {
        self.until(&format!("keys for {path}"), async || {
            let Some(element) = self.find(path).await else { return false };
            self.on(&element, "value", &json!({ "text": keys })).await.is_null()
        })
        .await;
    }

    /// [`until`], with the page's words when it does not come.
    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let looks = async {
            let mut looks = tokio::time::interval(Duration::from_millis(50));
            while !holds().await {
                looks.tick().await;
            }
        };
        if tokio::time::timeout(WITHIN, looks).await.is_err() {
            panic!("not within {} s: {what}; the page says:\n{}", WITHIN.as_secs(), self.text().await);
        }
    }

    async fn find(&self, path: &str) -> Option<String> {
        let wish = json!({ "using": "xpath", "value": path });
        let found = self.post(&format!("{}/element", self.session), &wish).await;
        found.as_object()?.get(ELEMENT)?.as_str().map(str::to_owned)
    }

    /// `null` when it was done.
    async fn on(&self, element: &str, what: &str, body: &Value) -> Value {
        self.post(&format!("{}/element/{element}/{what}", self.session), body).await
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
