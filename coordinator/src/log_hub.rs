//! Wakes those who follow a log. It carries no lines: a reader that is woken asks the store for what came after the
//! last id it has, so that a slow reader loses nothing and costs nothing. It also keeps the logs within their bounds.

use crate::store::{Store, StoreResult};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;
use ttalkak_protocol::{
    id::{AgentId, DeploymentId},
    link::{LogBatch, LogMark},
};

/// Readers at a time, of all logs together. Each holds a connection and wakes for every batch.
pub const FOLLOWERS_MAX: usize = 1_000;
/// A deployment's log is trimmed after so many new lines: a bound is passed by this much at most.
const TRIM_EVERY: u64 = 2_000;

/// Nobody else can follow now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{FOLLOWERS_MAX} readers follow logs already")]
pub struct TooManyFollowers;

/// A cheap handle; clones wake the same readers.
#[derive(Clone, Default)]
pub struct LogHub {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    followed: BTreeMap<DeploymentId, watch::Sender<u64>>,
    untrimmed: BTreeMap<DeploymentId, u64>,
}

impl LogHub {
    /// Keeps a batch, wakes the readers, trims when it is time. Returns what the agent may forget.
    pub async fn append(&self, store: &Store, agent: AgentId, batch: &LogBatch) -> StoreResult<Vec<LogMark>> {
        let kept = store.append_logs(agent, batch).await?;
        for (deployment, count) in kept.fresh {
            self.wake(deployment);
            if self.count(deployment, count) {
                store.trim_logs(deployment).await?;
            }
        }
        Ok(kept.marks)
    }

    /// Wakes the readers of one log: there are new lines, or there will be none.
    pub fn wake(&self, deployment: DeploymentId) {
        let mut inner = self.lock();
        if let Some(sender) = inner.followed.get(&deployment) {
            sender.send_modify(|count| *count += 1);
            if sender.receiver_count() == 0 {
                inner.followed.remove(&deployment);
            }
        }
    }

    /// Follows a log: the value changes each time there may be something new. Subscribe first, then read, and nothing
    /// is missed. Errors: `TooManyFollowers`.
    pub fn follow(&self, deployment: DeploymentId) -> Result<watch::Receiver<u64>, TooManyFollowers> {
        let mut inner = self.lock();
        inner.followed.retain(|_, sender| sender.receiver_count() > 0);
        let followers: usize = inner.followed.values().map(watch::Sender::receiver_count).sum();
        if followers >= FOLLOWERS_MAX {
            return Err(TooManyFollowers);
        }
        let sender = inner.followed.entry(deployment).or_insert_with(|| watch::channel(0).0);
        Ok(sender.subscribe())
    }

    /// Forgets an erased deployment.
    pub fn forget(&self, deployment: DeploymentId) {
        self.wake(deployment);
        self.lock().untrimmed.remove(&deployment);
    }

    /// `true` when it is time to trim.
    fn count(&self, deployment: DeploymentId, lines: u64) -> bool {
        let mut inner = self.lock();
        let count = inner.untrimmed.entry(deployment).or_default();
        *count += lines;
        let due = *count >= TRIM_EVERY;
        if due {
            inner.untrimmed.remove(&deployment);
        }
        due
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_reader_is_woken_for_its_own_log_only() {
        let hub = LogHub::default();
        let [a, b] = [1, 2].map(|n| DeploymentId::new(Uuid::from_u128(n)));
        let follower = hub.follow(a).unwrap();
        hub.wake(b);
        assert!(!follower.has_changed().unwrap());
        hub.wake(a);
        assert!(follower.has_changed().unwrap());
    }

    #[test]
    fn followers_are_bounded_and_those_who_left_make_room() {
        let hub = LogHub::default();
        let id = DeploymentId::new(Uuid::from_u128(1));
        let mut followers: Vec<_> = (0..FOLLOWERS_MAX).map(|_| hub.follow(id).unwrap()).collect();
        assert_eq!(hub.follow(id).err(), Some(TooManyFollowers));
        followers.pop();
        assert!(hub.follow(id).is_ok());
        drop(followers);
        hub.wake(id);
        assert!(hub.lock().followed.is_empty(), "a log that nobody follows costs nothing");
    }

    #[test]
    fn a_log_is_trimmed_after_every_so_many_lines() {
        let hub = LogHub::default();
        let id = DeploymentId::new(Uuid::from_u128(1));
        assert!(!hub.count(id, TRIM_EVERY - 1));
        assert!(hub.count(id, 1));
        assert!(!hub.count(id, 1));
    }
}
