//! The HTTP/1.1 Upgrade that turns a connection into a tunnel. One request and one answer do not need an HTTP
//! library, and reading the answer byte by byte leaves the tunnel's first bytes where they belong.
//! Deliberately absent: redirects and proxies.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ttalkak_protocol::{
    ErrorBody, ErrorCode,
    error::Problem,
    link::{TUNNEL_PATH, TUNNEL_UPGRADE},
    secret::Secret,
};

/// The longest head of an answer. Ours has some 150 bytes; proxies add theirs.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// The longest body of a refusal that is read.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The token cannot stand in a header; it was damaged on the way to us.
    #[error("the tunnel's token holds characters that no token has")]
    Token,
    /// The connection broke.
    #[error("exchange the upgrade")]
    Io(#[from] io::Error),
    /// Something else than HTTP/1.1, or an answer out of bounds.
    #[error("the answer is not one of a coordinator; is something else at this address?")]
    NotHttp,
    /// `101`, and to another protocol.
    #[error("the answer switches to another protocol than the tunnel's")]
    OtherProtocol,
    /// Any other answer.
    #[error("{}", problem.message)]
    Refused {
        /// Its HTTP status.
        status: u16,
        /// What the coordinator said, or what the status says.
        problem: Problem,
    },
}

/// Asks for a tunnel; when this returns, the stream carries tunnel frames. Not cancel-safe.
pub(super) async fn upgrade<S>(
    stream: &mut S,
    authority: &str,
    token: &Secret<String>,
) -> Result<(), UpgradeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !token.reveal().bytes().all(|b| b.is_ascii_graphic()) {
        return Err(UpgradeError::Token);
    }
    let request = format!(
        "GET {TUNNEL_PATH} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: {TUNNEL_UPGRADE}\r\n\
         Authorization: Bearer {}\r\nUser-Agent: ttalkak-agent/{}\r\n\r\n",
        token.reveal(),
        env!("CARGO_PKG_VERSION"),
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let head = Head::parse(&read_head(stream).await?).ok_or(UpgradeError::NotHttp)?;
    match head.status {
        101 if head.switches_to_tunnel() => Ok(()),
        101 => Err(UpgradeError::OtherProtocol),
        status => {
            let body = read_body(stream, &head).await;
            Err(UpgradeError::Refused { status, problem: refusal(status, &body) })
        }
    }
}

async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<String, UpgradeError> {
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(UpgradeError::NotHttp);
        }
        head.push(stream.read_u8().await?);
        // What does not begin like HTTP will not end like it: a TLS alert or an SSH banner is told at once.
        if head.len() <= 9 && !b"HTTP/1.1 ".starts_with(&head) {
            return Err(UpgradeError::NotHttp);
        }
    }
    String::from_utf8(head).map_err(|_| UpgradeError::NotHttp)
}

/// The body of a refusal as far as it comes; it only makes the message better.
async fn read_body<S: AsyncRead + Unpin>(stream: &mut S, head: &Head) -> Vec<u8> {
    let length = head.value("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    let _ = stream.take(u64::min(length, BODY_BYTES_MAX as u64)).read_to_end(&mut body).await;
    body
}

fn refusal(status: u16, body: &[u8]) -> Problem {
    match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => body.error.problem,
        Err(_) => {
            let code =
                if matches!(status, 401 | 403) { ErrorCode::Unauthorized } else { ErrorCode::Unavailable };
            Problem::new(
                code,
                format!("The coordinator answered the request for a tunnel with status {status}."),
            )
        }
    }
}

/// Status and headers of an answer; names in small letters.
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix("\r\n\r\n")?.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?;
        let status = status.bytes().all(|b| b.is_ascii_digit()).then(|| status.parse().ok())??;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let shaped = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
            shaped.then(|| (name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self { status, headers: lines.map(header).collect::<Option<_>>()? })
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    fn switches_to_tunnel(&self) -> bool {
        let upgrades = self.value("connection").is_some_and(|value| {
            value.split(',').any(|option| option.trim().eq_ignore_ascii_case("upgrade"))
        });
        upgrades && self.value("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(TUNNEL_UPGRADE))
    }
}

#[cfg(test)]
mod tests;
