//! What carries a session's bytes: one trait, so that a plain socket, a TLS session or an upgraded WebSocket
//! serve alike.
//! Deliberately absent: dialling, TLS handshakes and authentication; the caller has done them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::TcpStream;

/// A reliable, ordered stream of bytes both ways.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// What it is, for logs: `tcp`, `tls`, `memory`.
    fn name(&self) -> &str;

    /// Sets what a tunnel needs, before the first byte.
    ///
    /// Errors: what the operating system says. The tunnel would work, only slower, so they are not fatal.
    fn prepare(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for TcpStream {
    fn name(&self) -> &str {
        "tcp"
    }

    /// Frames are batched before they are written, so the kernel need not wait for more.
    fn prepare(&mut self) -> io::Result<()> {
        self.set_nodelay(true)
    }
}

impl Transport for DuplexStream {
    fn name(&self) -> &str {
        "memory"
    }
}

impl Transport for Box<dyn Transport> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn prepare(&mut self) -> io::Result<()> {
        (**self).prepare()
    }
}

/// Makes a transport of any byte stream, such as a TLS session.
#[derive(Debug)]
pub struct Named<T> {
    name: &'static str,
    stream: T,
}

impl<T> Named<T> {
    /// Calls `stream` by `name` in logs.
    pub const fn new(name: &'static str, stream: T) -> Self {
        Self { name, stream }
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for Named<T> {
    fn name(&self) -> &str {
        self.name
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Named<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Named<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
