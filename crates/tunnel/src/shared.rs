//! What handles, streams and the driver of one tunnel share: the session behind a lock, and who waits for what.
//! The lock is held for single calls into the session and never across an await; wakers run after it is free.
//! Deliberately absent: channels. Everything that waits here is bounded by the session's own limits.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::CloseReason;
use crate::frame::StreamId;
use crate::session::{Event, Session};

#[derive(Debug)]
pub(crate) struct Shared {
    core: Mutex<Core>,
    pub(crate) closed: CancellationToken,
    born: Instant,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) session: Session,
    pub(crate) waiting: BTreeMap<StreamId, Waiting>,
    pub(crate) driver: Option<Waker>,
    pub(crate) acceptor: Option<Waker>,
}

/// Who waits on one stream.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) reader: Option<Waker>,
    pub(crate) writer: Option<Waker>,
    pub(crate) confirmation: Option<Waker>,
}

impl Shared {
    pub(crate) fn new(session: Session) -> Self {
        let core = Core { session, waiting: BTreeMap::new(), driver: None, acceptor: None };
        Self { core: Mutex::new(core), closed: CancellationToken::new(), born: Instant::now() }
    }

    /// Time since the session began.
    pub(crate) fn now(&self) -> Duration {
        self.born.elapsed()
    }

    /// Calls into the core for a handle or stream, then wakes whom it concerns, the driver included.
    pub(crate) fn with<R>(&self, call: impl FnOnce(&mut Core) -> R) -> R {
        self.call(true, call)
    }

    /// The same for the driver, which need not wake itself.
    pub(crate) fn with_as_driver<R>(&self, call: impl FnOnce(&mut Core) -> R) -> R {
        self.call(false, call)
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.lock().session.closed().cloned()
    }

    fn call<R>(&self, wake_driver: bool, call: impl FnOnce(&mut Core) -> R) -> R {
        let mut core = self.lock();
        let result = call(&mut core);
        let mut wakers = Vec::new();
        let closed = core.collect(&mut wakers);
        let busy = closed || core.session.wants_transmit();
        let driver = if wake_driver && busy { core.driver.take() } else { None };
        drop(core);
        if closed {
            self.closed.cancel();
        }
        driver.into_iter().chain(wakers).for_each(Waker::wake);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic inside the session is a bug that its caller reports; the others still get to close.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Turns the session's events into wakers. True when the session has just closed.
    fn collect(&mut self, wakers: &mut Vec<Waker>) -> bool {
        let mut closed = false;
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Incoming => wakers.extend(self.acceptor.take()),
                Event::Readable(id) => wakers.extend(self.waiting.get_mut(&id).and_then(|w| w.reader.take())),
                Event::Writable(id) => wakers.extend(self.waiting.get_mut(&id).and_then(|w| w.writer.take())),
                Event::Confirmed(id) => {
                    wakers.extend(self.waiting.get_mut(&id).and_then(|w| w.confirmation.take()));
                }
                Event::Reset(id) => {
                    wakers.extend(self.waiting.get_mut(&id).into_iter().flat_map(Waiting::all))
                }
                Event::Closed => {
                    closed = true;
                    wakers.extend(self.acceptor.take());
                    wakers.extend(self.waiting.values_mut().flat_map(Waiting::all));
                }
            }
        }
        closed
    }
}

impl Waiting {
    fn all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        [self.reader.take(), self.writer.take(), self.confirmation.take()].into_iter().flatten()
    }
}

/// Remembers the waker of the task that is being polled, without cloning one that is already there.
pub(crate) fn remember(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(known) => known.clone_from(waker),
        None => *slot = Some(waker.clone()),
    }
}
