//! Counts what is sent to visitors of paid leases. The driver says which leases count, the tunnel counts, the meter reads.
//! Deliberately absent: leases that nobody pays for; their bytes go the same way as ever.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use ttalkak_protocol::id::LeaseId;

/// One lease's bytes since the process began.
pub type Counter = Arc<AtomicU64>;

/// All counters. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Egress(Arc<Mutex<BTreeMap<String, (LeaseId, Counter)>>>);

impl Egress {
    /// Counts these leases from now on, and no others. A lease that is counted already goes on.
    pub fn keep(&self, leases: impl Iterator<Item = LeaseId>) {
        let leases: BTreeMap<String, LeaseId> = leases.map(|lease| (lease.to_string(), lease)).collect();
        let mut counters = self.lock();
        if leases.keys().collect::<BTreeSet<_>>() == counters.keys().collect() {
            return;
        }
        counters.retain(|target, _| leases.contains_key(target));
        for (target, lease) in leases {
            counters.entry(target).or_insert_with(|| (lease, Counter::default()));
        }
    }

    /// The counter of a tunnel's target, when it counts.
    pub fn counter(&self, target: &str) -> Option<Counter> {
        self.lock().get(target).map(|(_, counter)| counter.clone())
    }

    /// All counters as they are; nothing when nobody is counted.
    pub fn read(&self) -> Option<BTreeMap<LeaseId, u64>> {
        let counters = self.lock();
        let read = |(lease, counter): &(LeaseId, Counter)| (*lease, counter.load(Ordering::Relaxed));
        (!counters.is_empty()).then(|| counters.values().map(read).collect())
    }

    /// A panic elsewhere leaves the counters as good as they were.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (LeaseId, Counter)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn only_kept_leases_count_and_a_kept_one_goes_on() {
        let (egress, a, b) =
            (Egress::default(), LeaseId::new(Uuid::from_u128(1)), LeaseId::new(Uuid::from_u128(2)));
        assert!(egress.read().is_none() && egress.counter(&a.to_string()).is_none());
        egress.keep([a].into_iter());
        egress.counter(&a.to_string()).unwrap().fetch_add(7, Ordering::Relaxed);
        egress.keep([a, b].into_iter());
        assert_eq!(egress.read(), Some(BTreeMap::from([(a, 7), (b, 0)])));
        egress.keep([b].into_iter());
        assert_eq!(egress.read(), Some(BTreeMap::from([(b, 0)])));
    }
}
