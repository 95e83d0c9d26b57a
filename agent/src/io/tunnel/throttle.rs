//! Holds the bytes of all visitors together to what the owner lends of the line, each way by itself, and counts what
//! they are sent.
//! Who took more than its turn pays afterwards: each way has a time until which it is paid for, and whoever wants to move
//! bytes before that time waits, in the order in which they came. So a small message is never split, none starves, and the
//! rate holds over any second.

use crate::io::egress::Counter;
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::PollSemaphore;
use ttalkak_protocol::unit::Bytes;

/// An idle line may be this far ahead, so that a page of a few kilobytes does not wait.
const AHEAD: Duration = Duration::from_millis(100);
/// A limit that is lifted is noticed so soon by who waits.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The line of one agent. Cheap to clone; clones share it. Without limits until they are set.
#[derive(Debug, Clone, Default)]
pub struct Throttle {
    incoming: Arc<Way>,
    outgoing: Arc<Way>,
}

impl Throttle {
    /// Visitors' bytes in and out from now on, per second; `None`: no limit.
    pub fn set(&self, incoming: Option<Bytes>, outgoing: Option<Bytes>) {
        self.incoming.lock().rate = incoming.map(|rate| rate.0.max(1));
        self.outgoing.lock().rate = outgoing.map(|rate| rate.0.max(1));
    }

    /// The same stream, slowed where it has to be. `stream`: what comes from visitors is read from it. `sent` counts what
    /// they are sent.
    pub(super) fn slow<S>(&self, stream: S, sent: Option<Counter>) -> Throttled<S> {
        let turn = |way: &Arc<Way>| {
            let queue = PollSemaphore::new(way.queue.clone());
            Turn { way: way.clone(), queue, first: None, waits: None }
        };
        Throttled { stream, sent, incoming: turn(&self.incoming), outgoing: turn(&self.outgoing) }
    }
}

/// One way of the line.
#[derive(Debug)]
struct Way {
    paid: Mutex<Paid>,
    /// Who is next; tokio's semaphores are fair.
    queue: Arc<Semaphore>,
}

impl Default for Way {
    fn default() -> Self {
        Self { paid: Mutex::default(), queue: Arc::new(Semaphore::new(1)) }
    }
}

#[derive(Debug, Default)]
struct Paid {
    /// Bytes per second.
    rate: Option<u64>,
    /// What was moved is paid for until then.
    until: Option<Instant>,
}

impl Way {
    /// A panic elsewhere leaves the figures as good as they were.
    fn lock(&self) -> std::sync::MutexGuard<'_, Paid> {
        self.paid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Paid {
    /// How long whoever comes at `now` waits.
    fn wait(&self, now: Instant) -> Duration {
        let debt = self.until.filter(|_| self.rate.is_some());
        debt.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    fn charge(&mut self, bytes: usize, now: Instant) {
        let Some(rate) = self.rate else { return };
        let from = now.checked_sub(AHEAD).unwrap_or(now);
        let costs = Duration::from_nanos(
            u64::try_from(bytes as u128 * 1_000_000_000 / u128::from(rate)).unwrap_or(u64::MAX),
        );
        self.until = Some(self.until.map_or(from, |until| until.max(from)) + costs);
    }
}

/// One stream's place in one way.
struct Turn {
    way: Arc<Way>,
    queue: PollSemaphore,
    /// Held by the first of the queue.
    first: Option<OwnedSemaphorePermit>,
    waits: Option<Pin<Box<Sleep>>>,
}

impl Turn {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.first.is_none() && self.way.lock().rate.is_none() {
            return Poll::Ready(());
        }
        if self.first.is_none() {
            // The semaphore is never closed.
            self.first = ready!(self.queue.poll_acquire(cx));
        }
        loop {
            if let Some(waits) = &mut self.waits {
                ready!(waits.as_mut().poll(cx));
                self.waits = None;
            }
            let wait = self.way.lock().wait(Instant::now());
            if wait.is_zero() {
                self.first = None;
                return Poll::Ready(());
            }
            self.waits = Some(Box::pin(sleep(wait.min(LOOK_AGAIN))));
        }
    }

    fn charge(&self, bytes: usize) {
        self.way.lock().charge(bytes, Instant::now());
    }
}

/// A stream of a visitor on a line that is shared.
pub(super) struct Throttled<S> {
    stream: S,
    sent: Option<Counter>,
    incoming: Turn,
    outgoing: Turn,
}

impl<S: AsyncRead + Unpin> AsyncRead for Throttled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.incoming.poll_ready(cx));
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.incoming.charge(buf.filled().len().saturating_sub(before));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Throttled<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.outgoing.poll_ready(cx));
        let taken = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.outgoing.charge(taken);
        if let Some(sent) = &self.sent {
            sent.fetch_add(taken as u64, Ordering::Relaxed);
        }
        Poll::Ready(Ok(taken))
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const KIB: usize = 1024;

    /// Moves so much through a stream of a line, and tells how long it took on the paused clock.
    async fn send(line: &Throttle, bytes: usize) -> Duration {
        let (near, mut far) = duplex(4 * KIB);
        let mut near = line.slow(near, None);
        let began = Instant::now();
        let mut all = Vec::new();
        let write = async {
            near.write_all(&vec![7; bytes]).await.unwrap();
            near.shutdown().await.unwrap();
        };
        let ((), read) = tokio::join!(write, far.read_to_end(&mut all));
        assert_eq!(read.unwrap(), bytes, "nothing is lost");
        began.elapsed()
    }

    #[tokio::test]
    async fn what_is_sent_counts_while_it_goes_and_what_comes_does_not() {
        let (mine, mut other) = duplex(64);
        let counter = Counter::default();
        let mut counted = Throttle::default().slow(mine, Some(counter.clone()));
        counted.write_all(b"hello").await.unwrap();
        assert_eq!(counter.load(Ordering::Relaxed), 5);
        other.write_all(b"a longer answer").await.unwrap();
        counted.read_exact(&mut [0; 15]).await.unwrap();
        counted.write_all(b"!").await.unwrap();
        assert_eq!(counter.load(Ordering::Relaxed), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_without_limits_waits_for_nothing() {
        assert_eq!(send(&Throttle::default(), 1000 * KIB).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn all_streams_together_move_what_is_lent_and_not_less() {
        let line = Throttle::default();
        line.set(None, Some(Bytes(100 * KIB as u64)));
        let (a, b) = tokio::join!(send(&line, 200 * KIB), send(&line, 200 * KIB));
        let took = a.max(b).as_millis();
        assert!((3700..=4000).contains(&took), "400 KiB at 100 KiB a second took {took} ms");
        assert!(a.min(b).as_millis() > 3000, "neither starves: {a:?}, {b:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_ways_are_limited_apart() {
        let line = Throttle::default();
        line.set(Some(Bytes(KIB as u64)), None);
        assert_eq!(send(&line, 100 * KIB).await, Duration::ZERO);
        let (near, mut far) = duplex(KIB);
        let mut near = line.slow(near, None);
        let began = Instant::now();
        let mut taken = [0; 8 * KIB];
        let (sent, read) = tokio::join!(far.write_all(&[1; 8 * KIB]), near.read_exact(&mut taken));
        sent.and(read).unwrap();
        assert!(began.elapsed() > Duration::from_secs(6), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_lifted_frees_who_waits() {
        let line = Throttle::default();
        line.set(None, Some(Bytes(1)));
        let lift = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            line.set(None, None);
        };
        let (took, ()) = tokio::join!(send(&line, 64 * KIB), lift);
        assert_eq!(took.as_secs(), 10, "{took:?}");
    }
}
