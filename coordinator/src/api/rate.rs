//! Token buckets by address, for routes that need no account.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};
use ttalkak_protocol::unit::UnixMillis;

/// Addresses remembered. When full, those whose bucket is full again are forgotten, then all.
const ADDRESSES_MAX: usize = 10_000;

/// How much is let through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// At once.
    pub(super) burst: u32,
    /// One more after each of these.
    pub(super) every_ms: i64,
}

/// One bucket for each address; `None` stands for callers whose address is not known.
pub(super) struct Buckets {
    rate: Rate,
    // The time at which a bucket would be full again: one number says all.
    full_at: Mutex<BTreeMap<Option<IpAddr>, i64>>,
}

impl Buckets {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::default() }
    }

    /// Takes one out of the bucket; `false` when it is empty.
    pub(super) fn take(&self, address: Option<IpAddr>, now: UnixMillis) -> bool {
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES_MAX {
            all.retain(|_, full_at| *full_at > now.0);
        }
        if all.len() >= ADDRESSES_MAX {
            all.clear();
        }
        let full_at = all.entry(address).or_insert(now.0);
        let after = (*full_at).max(now.0) + self.rate.every_ms;
        let allowed = after - now.0 <= self.rate.every_ms * i64::from(self.rate.burst);
        if allowed {
            *full_at = after;
        }
        allowed
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
        assert!(!take(one, 0) && !take(one, 999));
        assert!(take(None, 0));
        assert!(take(one, 1_000) && !take(one, 1_000));
        assert!(
            (0..3).all(|_| take(one, 60_000)) && !take(one, 60_000),
            "it never holds more than its burst"
        );
    }
}
