//! Sees the one thing that the HTTP library hides: a head with both a length and a transfer coding. The library reads
//! such a request by its coding and forgets the length; something in front of us may have read it by its length, and
//! what the one takes for a body is a second request to the other. So it has to be refused.
//!
//! The app is safe either way, as each request is framed anew on its way to it. Heads that are pipelined behind a body
//! in one read are not looked at.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// What the watch and the requests of one connection tell each other.
#[derive(Default)]
pub(super) struct Watch {
    two_framings: AtomicBool,
    body_ended: AtomicBool,
}

impl Watch {
    /// Whether a head that was just read is framed in two ways.
    pub(super) fn saw_two_framings(&self) -> bool {
        self.two_framings.load(Ordering::Relaxed)
    }

    /// The body was read to its end: what comes next is a head.
    pub(super) fn body_ended(&self) {
        self.body_ended.store(true, Ordering::Relaxed);
    }
}

/// A visitor's socket under watch.
pub(super) struct Watched {
    socket: TcpStream,
    watch: Arc<Watch>,
    head: Head,
    in_body: bool,
}

impl Watched {
    pub(super) fn new(socket: TcpStream, watch: Arc<Watch>) -> Self {
        Self { socket, watch, head: Head::default(), in_body: false }
    }

    fn look(&mut self, bytes: &[u8]) {
        if self.in_body && self.watch.body_ended.swap(false, Ordering::Relaxed) {
            self.in_body = false;
        }
        for byte in bytes {
            if self.in_body {
                return;
            }
            if let Some(framings) = self.head.take(*byte) {
                self.in_body = framings > 0;
                if framings > 1 {
                    self.watch.two_framings.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";

/// Header names, line by line.
#[derive(Default)]
struct Head {
    name: [u8; CODING.len()],
    /// Bytes of the line so far, up to its colon; one more than `name` holds when it is longer.
    filled: usize,
    past_name: bool,
    begun: bool,
    has_length: bool,
    has_coding: bool,
}

impl Head {
    /// Takes a byte; at the end of a head, how many ways of framing it had.
    fn take(&mut self, byte: u8) -> Option<u8> {
        match byte {
            b'\r' => {}
            b'\n' if self.filled == 0 && !self.past_name => {
                // Empty lines before a request are no head.
                let framings = self.begun.then_some(u8::from(self.has_length) + u8::from(self.has_coding));
                *self = Self::default();
                return framings;
            }
            b'\n' => {
                self.begun = true;
                self.filled = 0;
                self.past_name = false;
            }
            _ if self.past_name => {}
            b':' => {
                let name = self.name.get(..self.filled).unwrap_or_default();
                self.has_length |= name == LENGTH;
                self.has_coding |= name == CODING;
                self.past_name = true;
            }
            byte => {
                if let Some(place) = self.name.get_mut(self.filled) {
                    *place = byte.to_ascii_lowercase();
                }
                self.filled = (self.filled + 1).min(CODING.len() + 1);
            }
        }
        None
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        self.look(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framings(bytes: &str) -> Vec<u8> {
        let mut head = Head::default();
        bytes.bytes().filter_map(|byte| head.take(byte)).collect()
    }

    #[test]
    fn each_head_is_told_by_how_it_is_framed() {
        assert_eq!(
            framings("\r\nGET /content-length: HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\n\n"),
            [0, 0]
        );
        assert_eq!(framings("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n"), [1]);
        assert_eq!(
            framings("POST / HTTP/1.1\r\nTRANSFER-Encoding: chunked\r\ncontent-length:4\r\n\r\n"),
            [2]
        );
        assert_eq!(framings("POST / HTTP/1.1\r\nx-content-length: 4\r\ntransfer-encodings: a\r\n\r\n"), [0]);
    }
}
