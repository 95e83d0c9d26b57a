//! One stream of a tunnel as its owner sees it: bytes both ways, each direction closed by itself.
//! Deliberately absent: buffers. Waiting bytes live in the session, and only while they wait.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::code::ResetCode;
use crate::error::StreamError;
use crate::frame::StreamId;
use crate::session::Read;
use crate::shared::{Shared, Waiting, remember};

/// One visitor's bytes in a tunnel.
///
/// `shutdown` half closes: the other direction goes on. Reading ends where the peer has shut down. A reset is an
/// `io::Error` whose code `crate::error::reset_code` finds. Writing waits while the peer's reader lags; a reader
/// that lags holds up nobody else. Dropping a stream that was not finished cancels it; bytes written before a
/// `shutdown` still go out.
#[derive(Debug)]
pub struct TunnelStream {
    shared: Arc<Shared>,
    id: StreamId,
}

impl TunnelStream {
    /// Takes over a stream that `core.session` has just opened or accepted.
    pub(crate) const fn new(shared: Arc<Shared>, id: StreamId) -> Self {
        Self { shared, id }
    }

    /// The stream's name within its tunnel, for logs.
    pub const fn id(&self) -> StreamId {
        self.id
    }

    /// Agent: says that the target is there, before any byte of it. Writing says the same.
    ///
    /// Errors: the stream was reset or the tunnel closed.
    pub fn confirm(&self) -> Result<(), StreamError> {
        self.shared.with(|core| core.session.confirm(self.id))
    }

    /// Edge: waits until the agent has said, in words or bytes, that the target is there. Bytes may be written
    /// before. Cancel-safe.
    ///
    /// Errors: the stream was refused (the code says why), reset, or the tunnel closed.
    pub async fn confirmed(&self) -> Result<(), StreamError> {
        poll_fn(|cx| {
            self.shared.with(|core| match core.session.is_confirmed(self.id) {
                Ok(true) => Poll::Ready(Ok(())),
                Ok(false) => {
                    let waiting = core.waiting.entry(self.id).or_default();
                    remember(&mut waiting.confirmation, cx.waker());
                    Poll::Pending
                }
                Err(error) => Poll::Ready(Err(error)),
            })
        })
        .await
    }

    /// Ends the stream at once and tells the peer why. For the agent this is the answer to an Open that it
    /// cannot serve.
    pub fn reject(self, code: ResetCode) {
        self.shared.with(|core| core.session.reset(self.id, code));
    }

    fn poll_with<R>(
        &self,
        cx: &Context<'_>,
        slot: fn(&mut Waiting) -> &mut Option<std::task::Waker>,
        call: impl FnOnce(&mut crate::session::Session) -> Result<Option<R>, StreamError>,
    ) -> Poll<io::Result<R>> {
        self.shared.with(|core| match call(&mut core.session) {
            Ok(Some(done)) => Poll::Ready(Ok(done)),
            Ok(None) => {
                remember(slot(core.waiting.entry(self.id).or_default()), cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error.into())),
        })
    }
}

impl Drop for TunnelStream {
    fn drop(&mut self) {
        self.shared.with(|core| {
            core.waiting.remove(&self.id);
            core.session.release(self.id);
        });
    }
}

impl AsyncRead for TunnelStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let out = buf.initialize_unfilled();
        let read = self.poll_with(
            cx,
            |waiting| &mut waiting.reader,
            |session| {
                Ok(match session.read(self.id, out)? {
                    Read::Bytes(n) => Some(n),
                    Read::End => Some(0),
                    Read::Blocked => None,
                })
            },
        );
        let n = ready!(read)?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TunnelStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_with(
            cx,
            |waiting| &mut waiting.writer,
            |session| {
                Ok(match session.write(self.id, buf)? {
                    0 => None,
                    n => Some(n),
                })
            },
        )
    }

    /// Nothing is held back here: the driver sends what it has as soon as the transport takes it.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Half closes. What was written before still goes out.
    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shared.with(|core| core.session.finish(self.id)).map_err(Into::into))
    }
}
