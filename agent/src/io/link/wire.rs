//! Frames of the protocol on a WebSocket: numbers what is sent, drops what is repeated, refuses what is damaged.
//! Deliberately absent: the meaning of a message.

use super::LinkError;
use crate::io::dial::{Dialled, Meter};
use futures_util::{SinkExt, StreamExt};
use std::{future::Future, pin::pin, time::Duration};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message,
        error::CapacityError,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use ttalkak_protocol::{
    codec::{self, CodecError, FRAME_BYTES_MAX},
    link::{FromAgent, FromCoordinator, Unsupported},
};

/// A closing frame is a courtesy; it gets no more time than this.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);
/// The library's buffers for reading and for gathering small writes. Its default of 128 KiB each would be most of an
/// idle agent's memory for a link that carries a few hundred bytes a second.
const BUFFER_BYTES: usize = 8 * 1024;

pub(super) struct Wire {
    socket: WebSocketStream<Dialled>,
    meter: Meter,
    /// Without progress for so long a write is given up.
    stall: Duration,
    said: u64,
    heard: u64,
    repeated: u64,
}

/// What one WebSocket message was.
#[derive(Debug)]
pub(super) enum Heard {
    Message(FromCoordinator),
    /// Of a kind that a newer coordinator knows; it is to be answered with this.
    Unknown(Unsupported),
    /// A ping, a pong, or a repeated frame.
    Nothing,
}

impl Wire {
    /// Turns a fresh connection into a WebSocket. Compression stays off: it would be a way to send a bomb.
    pub(super) async fn open(uri: &str, stream: Dialled, stall: Duration) -> Result<Self, LinkError> {
        let meter = stream.meter();
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let (socket, _) = client_async_with_config(uri, stream, Some(config))
            .await
            .map_err(|error| LinkError::Upgrade(Box::new(error)))?;
        Ok(Self { socket, meter, stall, said: 0, heard: 0, repeated: 0 })
    }

    /// Counts of the bytes below.
    pub(super) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Sends a message and returns its number. Not cancel-safe: a cut message breaks the connection.
    pub(super) async fn say(&mut self, message: &FromAgent) -> Result<u64, LinkError> {
        self.said += 1;
        let frame = codec::encode(self.said, message);
        self.send(Message::binary(frame)).await?;
        Ok(self.said)
    }

    pub(super) async fn ping(&mut self) -> Result<(), LinkError> {
        self.send(Message::Ping(Vec::new().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), LinkError> {
        let sent = while_moving(self.socket.send(message), &self.meter, self.stall).await;
        sent.ok_or(LinkError::Stuck(self.stall))?.map_err(broken)
    }

    /// The next message. Cancel-safe: nothing is taken from the socket before it is whole.
    pub(super) async fn hear(&mut self) -> Result<Heard, LinkError> {
        match self.socket.next().await {
            None => Err(LinkError::Closed(None)),
            Some(Err(error)) => Err(broken(error)),
            Some(Ok(Message::Binary(frame))) => self.read(&frame),
            Some(Ok(Message::Close(frame))) => {
                Err(LinkError::Closed(frame.map(|frame| frame.reason.to_string())))
            }
            Some(Ok(Message::Text(_))) => Err(LinkError::NotBinary),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Heard::Nothing),
        }
    }

    fn read(&mut self, frame: &[u8]) -> Result<Heard, LinkError> {
        let (n, heard) = match codec::decode::<FromCoordinator>(frame, FromCoordinator::KINDS) {
            Ok(numbered) => (numbered.n, Heard::Message(numbered.message)),
            Err(CodecError::UnknownKind { n, kind }) => (n, Heard::Unknown(Unsupported { n, of: kind })),
            Err(error) => return Err(LinkError::Frame(error)),
        };
        if n <= self.heard {
            self.repeated += 1;
            tracing::debug!(n, repeated = self.repeated, "dropped a repeated frame");
            return Ok(Heard::Nothing);
        }
        self.heard = n;
        Ok(heard)
    }

    /// Says why, if there is something to say, and leaves.
    pub(super) async fn close(&mut self, error: &LinkError) {
        if let Some((code, reason)) = error.close_code() {
            self.close_with(code, reason).await;
        }
    }

    /// Says goodbye and waits a moment for the peer to have heard it.
    pub(super) async fn close_with(&mut self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let goodbye = async {
            if self.socket.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        if timeout(CLOSE_WITHIN, goodbye).await.is_err() {
            tracing::debug!("the coordinator did not answer the goodbye");
        }
    }
}

fn broken(error: tungstenite::Error) -> LinkError {
    if matches!(error, tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) {
        return LinkError::Closed(None);
    }
    if let tungstenite::Error::Capacity(CapacityError::MessageTooLong { size, .. }) = error {
        return LinkError::Frame(CodecError::TooLarge(size));
    }
    LinkError::Socket(Box::new(error))
}

/// Waits for work that writes, for as long as bytes go out: a large batch on a slow line is not a dead peer.
async fn while_moving<T>(work: impl Future<Output = T>, meter: &Meter, stall: Duration) -> Option<T> {
    let mut work = pin!(work);
    loop {
        let before = meter.written();
        tokio::select! {
            done = &mut work => return Some(done),
            () = sleep(stall) => if meter.written() == before { return None },
        }
    }
}
