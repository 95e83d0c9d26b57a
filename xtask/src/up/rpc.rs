//! One question to the local chain. Enough for a development node on this machine; absent on purpose: TLS and retries.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the node at `port`. Errors: no answer, or one that is an error.
pub(super) fn ask(port: u16, method: &str, params: Value) -> Result<Value> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "POST / HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without an end of its head")?;
    let answer: Value = serde_json::from_str(body).with_context(|| format!("read the answer to {method}"))?;
    if !answer["error"].is_null() {
        bail!("the local chain refused {method}: {}", answer["error"]);
    }
    Ok(answer["result"].clone())
}
