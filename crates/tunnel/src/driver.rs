//! The one task of a tunnel: moves bytes between transport and session, and lets time pass.
//! All frames that are ready in one turn leave in one write.
//! Deliberately absent: decisions. The session says when it is over and why.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use tokio_util::io::poll_read_buf;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::error::CloseReason;
use crate::shared::{Shared, remember};
use crate::transport::Transport;

/// Bytes gathered for one write. Larger batches would save few calls and make small answers wait behind them.
const BATCH_BYTES: usize = 64 * 1024;
/// The read buffer of a quiet tunnel, and of a busy one.
const SMALL_READ_BYTES: usize = 4 * 1024;
const LARGE_READ_BYTES: usize = 64 * 1024;
/// Reads and writes in one poll before other tasks get their turn: 16 batches are about 1 MiB.
const TURNS: usize = 16;
/// How often the session hears of the time.
const TICK: Duration = Duration::from_secs(1);
/// How long a closing tunnel tries to bring its last words across.
const FAREWELL: Duration = Duration::from_secs(1);

pub(crate) struct Driver<T> {
    transport: T,
    shared: Arc<Shared>,
    shutdown: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    ticker: Interval,
    input: BytesMut,
    read_bytes: usize,
    /// Something was read since the last tick.
    busy: bool,
    output: BytesMut,
    unflushed: bool,
    farewell: Option<Farewell>,
}

struct Farewell {
    deadline: Pin<Box<Sleep>>,
    said: bool,
}

impl<T: Transport> Driver<T> {
    pub(crate) fn new(
        mut transport: T,
        shared: Arc<Shared>,
        shutdown: WaitForCancellationFutureOwned,
    ) -> Self {
        if let Err(error) = transport.prepare() {
            tracing::debug!(transport = transport.name(), %error, "transport took no options");
        }
        let mut ticker = tokio::time::interval(TICK);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            transport,
            shared,
            shutdown: Some(Box::pin(shutdown)),
            ticker,
            input: BytesMut::new(),
            read_bytes: SMALL_READ_BYTES,
            busy: false,
            output: BytesMut::new(),
            unflushed: false,
            farewell: None,
        }
    }

    /// One read. Ready when there may be more.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.input.reserve(self.read_bytes);
        let read = ready!(poll_read_buf(Pin::new(&mut self.transport), cx, &mut self.input));
        let now = self.shared.now();
        let input = &mut self.input;
        self.shared.with_as_driver(|core| match read {
            Ok(0) => core.session.end_of_input(),
            Ok(_) => core.session.receive(input, now),
            Err(ref error) => core.session.close(lost(error)),
        });
        self.busy = true;
        if matches!(read, Ok(n) if n >= self.read_bytes) {
            self.read_bytes = LARGE_READ_BYTES;
        }
        Poll::Ready(())
    }

    /// Writes one batch at most. Ready when there may be more; pending when all is sent, or the transport is full.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let result = ready!(self.poll_batch(cx));
        if let Err(error) = result {
            self.shared.with_as_driver(|core| core.session.close(lost(&error)));
        }
        Poll::Ready(())
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.output.is_empty() {
            self.gather(cx.waker());
        }
        if self.output.is_empty() {
            if self.unflushed {
                ready!(Pin::new(&mut self.transport).poll_flush(cx))?;
                self.unflushed = false;
            }
            return Poll::Pending;
        }
        let written = ready!(Pin::new(&mut self.transport).poll_write(cx, &self.output))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.output.advance(written);
        self.unflushed = true;
        Poll::Ready(Ok(()))
    }

    fn gather(&mut self, waker: &Waker) {
        let output = &mut self.output;
        self.shared.with_as_driver(|core| {
            // Registered under the same lock, so that nothing becomes ready unseen in between.
            remember(&mut core.driver, waker);
            core.session.transmit(output, BATCH_BYTES);
        });
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) {
        while self.ticker.poll_tick(cx).is_ready() {
            let now = self.shared.now();
            self.shared.with_as_driver(|core| core.session.on_tick(now));
            if !std::mem::take(&mut self.busy) {
                self.shrink();
            }
        }
        if self.shutdown.as_mut().is_some_and(|shutdown| shutdown.as_mut().poll(cx).is_ready()) {
            self.shutdown = None;
            let now = self.shared.now();
            self.shared.with_as_driver(|core| core.session.drain(now));
        }
    }

    /// A quiet tunnel gives its buffers back: there may be thousands of them.
    fn shrink(&mut self) {
        self.read_bytes = SMALL_READ_BYTES;
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        if self.output.is_empty() {
            self.output = BytesMut::new();
        }
    }

    /// The last words, then the end of our bytes, then the peer's: closing a socket with unread bytes would
    /// destroy what the peer has not read yet.
    fn poll_farewell(&mut self, reason: &CloseReason, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(reason, CloseReason::PeerVanished | CloseReason::Transport(_)) {
            return Poll::Ready(());
        }
        let farewell = self.farewell.get_or_insert_with(|| Farewell {
            deadline: Box::pin(tokio::time::sleep(FAREWELL)),
            said: false,
        });
        if farewell.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !farewell.said {
            while let Poll::Ready(result) = self.poll_batch(cx) {
                if result.is_err() {
                    return Poll::Ready(());
                }
            }
            if !self.output.is_empty() || self.unflushed {
                return Poll::Pending;
            }
            if ready!(Pin::new(&mut self.transport).poll_shutdown(cx)).is_err() {
                return Poll::Ready(());
            }
            self.farewell.as_mut().expect("it was made above").said = true;
        }
        loop {
            self.input.clear();
            self.input.reserve(SMALL_READ_BYTES);
            let read = ready!(poll_read_buf(Pin::new(&mut self.transport), cx, &mut self.input));
            if !matches!(read, Ok(n) if n > 0) {
                return Poll::Ready(());
            }
        }
    }
}

impl<T: Transport> Future for Driver<T> {
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let this = &mut *self;
        for _ in 0..TURNS {
            if let Some(reason) = this.shared.close_reason() {
                ready!(this.poll_farewell(&reason, cx));
                tracing::debug!(transport = this.transport.name(), %reason, "tunnel closed");
                return Poll::Ready(reason);
            }
            // Input before time: bytes that wait in the socket prove a peer alive that a late tick would bury.
            let more_input = this.poll_input(cx).is_ready();
            this.poll_time(cx);
            let more_output = this.poll_output(cx).is_ready();
            if !more_input && !more_output && this.shared.close_reason().is_none() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<T> Drop for Driver<T> {
    fn drop(&mut self) {
        self.shared.with_as_driver(|core| core.session.close(CloseReason::DriverDropped));
    }
}

fn lost(error: &io::Error) -> CloseReason {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    let kind = error.kind();
    if matches!(kind, ConnectionReset | BrokenPipe | UnexpectedEof) {
        return CloseReason::PeerVanished;
    }
    CloseReason::Transport(kind)
}
