//! Connections to apps that wait for their next request, so that a request costs no round trip of its own to open
//! one. Each is a stream in a tunnel; while it waits it holds no buffer.

use super::{body::Upload, routes::TargetKey};
use hyper::client::conn::http1::SendRequest;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;
use ttalkak_tunnel::EdgeHandle;

/// The sending half of a connection to an app, and the tunnel that it goes through.
pub(super) struct Sender {
    pub(super) requests: SendRequest<Upload>,
    pub(super) tunnel: EdgeHandle,
}

impl Sender {
    /// A tunnel that drains is left, or it would take new requests until it cuts them off at its deadline.
    fn is_usable(&self) -> bool {
        !self.requests.is_closed() && self.tunnel.is_alive()
    }
}

/// Connections of one target that wait. More than this many requests at a time are rare for one app, and each
/// occupies one of the tunnel's streams.
const IDLE_PER_TARGET_MAX: usize = 16;

pub(super) struct Pool {
    idle_max: Duration,
    idle: Mutex<BTreeMap<TargetKey, Vec<Idle>>>,
    closed: AtomicBool,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

impl Pool {
    pub(super) fn new(idle_max: Duration) -> Self {
        Self { idle_max, idle: Mutex::default(), closed: AtomicBool::new(false) }
    }

    /// The connection that was used last, as it is the one most likely to be alive.
    pub(super) fn take(&self, key: TargetKey) -> Option<Sender> {
        let mut idle = self.lock();
        let waiting = idle.get_mut(&key)?;
        let now = Instant::now();
        waiting.retain(|idle| idle.sender.is_usable() && now - idle.since < self.idle_max);
        // Not ready: the app still talks, or the connection's task was not run since its last answer.
        let newest_ready = waiting.iter().rposition(|idle| idle.sender.requests.is_ready())?;
        Some(waiting.remove(newest_ready).sender)
    }

    pub(super) fn put(&self, key: TargetKey, sender: Sender) {
        if !sender.is_usable() {
            return;
        }
        let mut idle = self.lock();
        if self.closed.load(Ordering::Acquire) {
            return;
        }
        let waiting = idle.entry(key).or_default();
        if waiting.len() < IDLE_PER_TARGET_MAX {
            waiting.push(Idle { sender, since: Instant::now() });
        }
    }

    /// Lets go of what waited too long, is dead, or leads to a target that is not `wanted`: an app that is about to
    /// stop would wait for its idle connections to end.
    pub(super) fn sweep(&self, wanted: impl Fn(TargetKey) -> bool) {
        let now = Instant::now();
        self.lock().retain(|key, waiting| {
            waiting.retain(|idle| idle.sender.is_usable() && now - idle.since < self.idle_max);
            !waiting.is_empty() && wanted(*key)
        });
    }

    /// Lets go of everything, from now on too.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TargetKey, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
