//! Token buckets, for routes that need no account (by address) and for guesses (by who guesses).

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};
use ttalkak_protocol::unit::UnixMillis;

/// Keys remembered. When full, those whose bucket is full again are forgotten, then all.
const KEYS_MAX: usize = 10_000;

/// How much is let through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// At once.
    pub(super) burst: u32,
    /// One more after each of these.
    pub(super) every_ms: i64,
}

/// Whose bucket: an address, where `None` stands for callers whose address is not known.
pub(super) type Address = Option<IpAddr>;

/// One bucket for each key.
pub(super) struct Buckets<K = Address> {
    rate: Rate,
    // The time at which a bucket would be full again: one number says all.
    full_at: Mutex<BTreeMap<K, i64>>,
}

impl<K: Ord> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// Takes one out of the bucket; `false` when it is empty.
    pub(super) fn take(&self, key: K, now: UnixMillis) -> bool {
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEYS_MAX {
            all.retain(|_, full_at| *full_at > now.0);
        }
        if all.len() >= KEYS_MAX {
            all.clear();
        }
        let full_at = all.entry(key).or_insert(now.0);
        let after = (*full_at).max(now.0) + self.rate.every_ms;
        let allowed = after - now.0 <= self.rate.every_ms * i64::from(self.rate.burst);
        if allowed {
            *full_at = after;
        }
        allowed
    }

    /// Whether one could be taken now; takes none.
    pub(super) fn has(&self, key: &K, now: UnixMillis) -> bool {
        let all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = all.get(key).map_or(now.0, |full_at| (*full_at).max(now.0));
        full_at + self.rate.every_ms - now.0 <= self.rate.every_ms * i64::from(self.rate.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_bucket_empties_fills_again_and_is_nobody_elses() {
        let buckets = Buckets::new(Rate { burst: 3, every_ms: 1_000 });
        let one = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let take = |address, now| buckets.take(address, UnixMillis(now));
        assert!((0..3).all(|_| take(one, 0)));
        assert!(!take(one, 0) && !take(one, 999) && !buckets.has(&one, UnixMillis(999)));
        assert!(buckets.has(&one, UnixMillis(1_000)) && buckets.has(&None, UnixMillis(0)));
        assert!(take(None, 0));
        assert!(take(one, 1_000) && !take(one, 1_000));
        assert!(
            (0..3).all(|_| take(one, 60_000)) && !take(one, 60_000),
            "it never holds more than its burst"
        );
    }
}
