//! A stream that counts what is written to it.

use crate::io::egress::Counter;
use std::{
    io,
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Passes everything on, and adds the bytes that were taken to a counter.
pub(super) struct Counted<S> {
    pub(super) stream: S,
    pub(super) counter: Counter,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &taken {
            self.counter.fetch_add(*count as u64, Ordering::Relaxed);
        }
        taken
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_is_sent_counts_while_it_goes_and_what_comes_does_not() {
        let (mine, mut other) = tokio::io::duplex(64);
        let counter = Counter::default();
        let mut counted = Counted { stream: mine, counter: counter.clone() };
        counted.write_all(b"hello").await.unwrap();
        assert_eq!(counter.load(Ordering::Relaxed), 5);
        other.write_all(b"a longer answer").await.unwrap();
        counted.read_exact(&mut [0; 15]).await.unwrap();
        counted.write_all(b"!").await.unwrap();
        assert_eq!(counter.load(Ordering::Relaxed), 6);
    }
}
