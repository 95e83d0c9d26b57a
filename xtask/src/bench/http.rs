//! One GET over a socket. Enough to wait for an answer and to read a page; absent on purpose: chunked bodies are not
//! joined, as nobody here parses one.

use anyhow::{Context, Result};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

/// An app that begins to answer and stops in the middle is as good as one that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks. Short against what is measured, long enough to leave the processor to the measured.
const LOOK: Duration = Duration::from_millis(20);

/// Status and body. `token`: empty for none.
pub(crate) fn get(port: u16, host: &str, path: &str, token: &str) -> Result<(u16, String)> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{bearer}Connection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without an end of its head")?;
    let status =
        head.split(' ').nth(1).and_then(|word| word.parse().ok()).context("an answer without a status")?;
    Ok((status, body.to_owned()))
}

/// Looks until the answer is 200 and holds `mark`. `alive` ends the wait early with its error.
/// Errors: not within `patience`.
pub(crate) fn await_mark(
    (port, host): (u16, &str),
    mark: &str,
    patience: Duration,
    mut alive: impl FnMut() -> Result<()>,
) -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < patience {
        if get(port, host, "/", "").is_ok_and(|(status, body)| status == 200 && body.contains(mark)) {
            return Ok(());
        }
        super::go_on()?;
        alive()?;
        std::thread::sleep(LOOK);
    }
    anyhow::bail!("{host} did not answer with {mark:?} within {} s", patience.as_secs())
}

/// A port that nobody holds now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
