//! The WebSocket of one link: frames in and out, their numbers, their limits, and when a byte was last heard.
//! Deliberately absent: what the messages mean.

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    time::{Instant, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Message,
        error::CapacityError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use ttalkak_protocol::{
    codec::{self, CodecError, FRAME_BYTES_MAX, Numbered},
    link::{FromAgent, Unsupported},
};

/// Bytes that a stranger may send before it has proved who it is: a hello and a proof are under 2 KiB.
const STRANGER_BYTES_MAX: u64 = 64 * 1024;
/// Reports are a few KiB. The library's own 128 KiB for each link would be as much for a stranger who says nothing.
const BUFFER_BYTES: usize = 8 * 1024;
/// How long a farewell may take. Closing at once would make the kernel reset the connection while the peer still
/// writes, and the refusal would be lost on the way.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a frame ends the link.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    /// The frame itself is refused; the peer is told with this code.
    #[error("{message}")]
    Frame {
        /// WebSocket close code.
        close: CloseCode,
        /// One sentence.
        message: String,
    },
    /// The connection is gone.
    #[error("use the connection")]
    Transport(#[source] Box<tungstenite::Error>),
    /// The peer does not read.
    #[error("the agent does not take what it is sent")]
    Stuck,
}

/// What a WebSocket message turned out to be.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time for each link")]
pub(super) enum Received {
    /// A message of the protocol, with its number.
    Message(u64, FromAgent),
    /// A kind that is not known here; to be answered.
    Unknown(Unsupported),
    /// Ping, pong, or a frame that came before.
    Nothing,
    /// The peer closed.
    Closed,
}

pub(super) struct Socket {
    ws: WebSocketStream<Metered>,
    meter: Arc<Meter>,
    send_deadline: Duration,
    sent: u64,
    received: u64,
    repeated: u64,
}

impl Socket {
    pub(super) async fn new(io: TokioIo<Upgraded>, send_deadline: Duration) -> Self {
        let meter = Arc::new(Meter {
            started: Instant::now(),
            heard_ms: AtomicU64::new(0),
            allowance: AtomicU64::new(STRANGER_BYTES_MAX),
        });
        // Both limits are checked on the announced length, before anything is allocated for it.
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let io = Metered { io, meter: Arc::clone(&meter) };
        let ws = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        Self { ws, meter, send_deadline, sent: 0, received: 0, repeated: 0 }
    }

    /// The peer has proved who it is: from here on only the limit of a frame counts.
    pub(super) fn trust(&self) {
        self.meter.allowance.store(u64::MAX, Ordering::Relaxed);
    }

    /// When a byte last came.
    pub(super) fn heard_at(&self) -> Instant {
        self.meter.started + Duration::from_millis(self.meter.heard_ms.load(Ordering::Relaxed))
    }

    /// Frames that were dropped because their number had been seen.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The next WebSocket message; give it to [`Socket::read`]. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Result<Message, tungstenite::Error>> {
        self.ws.next().await
    }

    /// Makes sense of a WebSocket message.
    pub(super) fn read(
        &mut self,
        message: Option<Result<Message, tungstenite::Error>>,
    ) -> Result<Received, SocketError> {
        match message {
            None | Some(Ok(Message::Close(_))) => Ok(Received::Closed),
            Some(Ok(Message::Binary(frame))) => self.read_frame(&frame),
            Some(Ok(Message::Text(_))) => {
                Err(refused(CloseCode::Protocol, "the link speaks binary frames, not text"))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Received::Nothing),
            Some(Err(error)) => Err(Self::transport(error)),
        }
    }

    fn read_frame(&mut self, frame: &[u8]) -> Result<Received, SocketError> {
        let numbered: Numbered<FromAgent> = match codec::decode(frame, FromAgent::KINDS) {
            Ok(numbered) => numbered,
            Err(CodecError::UnknownKind { n, kind }) => {
                let unknown = Received::Unknown(Unsupported { n, of: kind });
                return Ok(if self.is_new(n) { unknown } else { Received::Nothing });
            }
            Err(error @ CodecError::TooLarge(_)) => return Err(refused(CloseCode::Size, &error.to_string())),
            Err(error @ (CodecError::Damaged | CodecError::Shape(_))) => {
                return Err(refused(CloseCode::Protocol, &error.to_string()));
            }
        };
        let Numbered { n, message } = numbered;
        Ok(if self.is_new(n) { Received::Message(n, message) } else { Received::Nothing })
    }

    /// Numbers grow within a connection, so one that does not was seen before.
    fn is_new(&mut self, n: u64) -> bool {
        let new = n > self.received;
        if new {
            self.received = n;
        } else {
            self.repeated += 1;
        }
        new
    }

    fn transport(error: tungstenite::Error) -> SocketError {
        if let tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, .. }) = error {
            return refused(CloseCode::Size, &CodecError::TooLarge(size).to_string());
        }
        if let tungstenite::Error::Protocol(error) = &error {
            return refused(CloseCode::Protocol, &error.to_string());
        }
        SocketError::Transport(Box::new(error))
    }

    /// Sends one message.
    /// Errors: the connection is gone, or the peer did not read for as long as silence is borne.
    pub(super) async fn send<M: Serialize>(&mut self, message: &M) -> Result<(), SocketError> {
        self.sent += 1;
        let frame = codec::encode(self.sent, message);
        self.deliver(Message::Binary(frame.into())).await
    }

    /// Sends a ping.
    pub(super) async fn ping(&mut self) -> Result<(), SocketError> {
        self.deliver(Message::Ping(Default::default())).await
    }

    async fn deliver(&mut self, message: Message) -> Result<(), SocketError> {
        match timeout(self.send_deadline, self.ws.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(SocketError::Transport(Box::new(error))),
            Err(_) => Err(SocketError::Stuck),
        }
    }

    /// Says why the link ends, then waits a moment for the peer to hear it.
    pub(super) async fn close(mut self, code: CloseCode, reason: &str) {
        // The reason of a close frame may have 123 bytes.
        let end = (0..=reason.len().min(120)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
        let frame = CloseFrame { code, reason: reason[..end].into() };
        let _ = timeout(FAREWELL, async {
            if self.ws.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
            let raw = &mut self.ws.get_mut().io;
            let mut sink = [0; 4096];
            while raw.read(&mut sink).await.is_ok_and(|count| count > 0) {}
        })
        .await;
    }
}

fn refused(close: CloseCode, message: &str) -> SocketError {
    SocketError::Frame { close, message: message.to_owned() }
}

/// What is measured of a connection's bytes.
struct Meter {
    started: Instant,
    heard_ms: AtomicU64,
    allowance: AtomicU64,
}

/// The connection with a [`Meter`] on its reading side: bytes count as life even while a large frame is on its way.
struct Metered {
    io: TokioIo<Upgraded>,
    meter: Arc<Meter>,
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        let count = buf.filled().len().saturating_sub(before) as u64;
        if count > 0 {
            let elapsed = u64::try_from(self.meter.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.meter.heard_ms.store(elapsed, Ordering::Relaxed);
            let allowance = self.meter.allowance.load(Ordering::Relaxed);
            if allowance < count {
                return Poll::Ready(Err(io::Error::other("more bytes than a stranger may send")));
            }
            if allowance != u64::MAX {
                self.meter.allowance.store(allowance - count, Ordering::Relaxed);
            }
        }
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
