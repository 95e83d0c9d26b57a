//! Connections to apps that wait for their next request, so that a request costs no round trip of its own to open
//! one. Each is a stream in a tunnel; while it waits it holds no buffer.

use super::{body::Upload, routes::TargetKey};
use hyper::client::conn::http1::SendRequest;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// The sending half of a connection to an app.
pub(super) type Sender = SendRequest<Upload>;

/// Connections of one target that wait. More than this many requests at a time are rare for one app, and each
/// occupies one of the tunnel's streams.
const IDLE_PER_TARGET_MAX: usize = 16;

pub(super) struct Pool {
    idle_max: Duration,
    idle: Mutex<BTreeMap<TargetKey, Vec<Idle>>>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

impl Pool {
    pub(super) fn new(idle_max: Duration) -> Self {
        Self { idle_max, idle: Mutex::default() }
    }

    /// The connection that was used last, as it is the one most likely to be alive.
    pub(super) fn take(&self, key: TargetKey) -> Option<Sender> {
        let mut idle = self.lock();
        let waiting = idle.get_mut(&key)?;
        let now = Instant::now();
        waiting.retain(|idle| !idle.sender.is_closed() && now - idle.since < self.idle_max);
        // Not ready: the app still talks, or the connection's task was not run since its last answer.
        let newest_ready = waiting.iter().rposition(|idle| idle.sender.is_ready())?;
        Some(waiting.remove(newest_ready).sender)
    }

    pub(super) fn put(&self, key: TargetKey, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.lock();
        let waiting = idle.entry(key).or_default();
        if waiting.len() < IDLE_PER_TARGET_MAX {
            waiting.push(Idle { sender, since: Instant::now() });
        }
    }

    /// Lets go of what waited too long or is dead.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        self.lock().retain(|_, waiting| {
            waiting.retain(|idle| !idle.sender.is_closed() && now - idle.since < self.idle_max);
            !waiting.is_empty()
        });
    }

    /// Lets go of everything.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TargetKey, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
