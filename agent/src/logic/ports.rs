//! Which host port a workload gets. Pure: whether another program holds a port is found out by `io` at the start, and
//! comes back as `PortTaken`.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};
use ttalkak_protocol::{id::LeaseId, unit::HostPort};

/// A port that another program held is not tried again for so long.
const TAKEN_FOR: Duration = Duration::from_secs(60);

/// The configured range and who has what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    range: RangeInclusive<u16>,
    ours: BTreeMap<LeaseId, HostPort>,
    taken: BTreeMap<HostPort, Duration>,
}

impl Ports {
    /// Nothing is in use yet. `remembered`: what leases had before the agent restarted.
    pub fn new(range: RangeInclusive<u16>, remembered: BTreeMap<LeaseId, HostPort>) -> Self {
        Self { range, ours: remembered, taken: BTreeMap::new() }
    }

    /// The port of a lease: the one it has, else the lowest free one. `None` when the range is exhausted.
    pub fn assign(&mut self, lease: LeaseId, now: Duration) -> Option<HostPort> {
        if let Some(port) = self.ours.get(&lease) {
            return Some(*port);
        }
        self.taken.retain(|_, until| *until > now);
        let used: std::collections::BTreeSet<HostPort> = self.ours.values().copied().collect();
        let free = |port: &HostPort| !used.contains(port) && !self.taken.contains_key(port);
        let port = self.range.clone().filter_map(|n| HostPort::try_from(i64::from(n)).ok()).find(free)?;
        self.ours.insert(lease, port);
        Some(port)
    }

    /// Another program holds the port: the lease loses it, and nobody gets it for a minute.
    pub fn conflict(&mut self, lease: LeaseId, port: HostPort, now: Duration) {
        self.taken.insert(port, now + TAKEN_FOR);
        if self.ours.get(&lease) == Some(&port) {
            self.ours.remove(&lease);
        }
    }

    /// An adopted container has this port already. `false` when another lease of ours has it.
    pub fn adopt(&mut self, lease: LeaseId, port: HostPort) -> bool {
        if self.ours.iter().any(|(other, has)| *has == port && *other != lease) {
            return false;
        }
        self.ours.insert(lease, port);
        true
    }

    /// The lease is gone.
    pub fn release(&mut self, lease: LeaseId) {
        self.ours.remove(&lease);
    }

    /// Who has what; worth keeping across a restart of the agent.
    pub fn assigned(&self) -> &BTreeMap<LeaseId, HostPort> {
        &self.ours
    }

    /// Forgets ports of leases that are not wanted any more.
    pub fn retain(&mut self, wanted: impl Fn(&LeaseId) -> bool) {
        self.ours.retain(|lease, _| wanted(lease));
    }

    /// Another range; leases keep the ports that they have.
    pub fn set_range(&mut self, range: RangeInclusive<u16>) {
        self.range = range;
    }

    /// The configured range.
    pub fn range(&self) -> &RangeInclusive<u16> {
        &self.range
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn lease(n: u128) -> LeaseId {
        LeaseId::new(Uuid::from_u128(n))
    }

    fn port(n: i64) -> HostPort {
        HostPort::try_from(n).unwrap()
    }

    #[test]
    fn ports_are_distinct_and_kept_until_released() {
        let mut ports = Ports::new(9000..=9001, BTreeMap::new());
        assert_eq!(ports.assign(lease(1), Duration::ZERO), Some(port(9000)));
        assert_eq!(ports.assign(lease(2), Duration::ZERO), Some(port(9001)));
        assert_eq!(ports.assign(lease(1), Duration::ZERO), Some(port(9000)));
        assert_eq!(ports.assign(lease(3), Duration::ZERO), None);
        ports.release(lease(1));
        assert_eq!(ports.assign(lease(3), Duration::ZERO), Some(port(9000)));
    }

    #[test]
    fn a_port_that_another_program_holds_is_left_alone_for_a_minute() {
        let mut ports = Ports::new(9000..=9001, BTreeMap::new());
        assert_eq!(ports.assign(lease(1), Duration::ZERO), Some(port(9000)));
        ports.conflict(lease(1), port(9000), Duration::ZERO);
        assert_eq!(ports.assign(lease(1), Duration::ZERO), Some(port(9001)));
        assert_eq!(ports.assign(lease(2), Duration::from_secs(59)), None);
        assert_eq!(ports.assign(lease(2), Duration::from_secs(61)), Some(port(9000)));
    }

    #[test]
    fn an_adopted_port_is_never_given_to_two() {
        let mut ports = Ports::new(9000..=9009, BTreeMap::new());
        assert!(ports.adopt(lease(1), port(9000)));
        assert!(!ports.adopt(lease(2), port(9000)));
        assert_eq!(ports.assign(lease(2), Duration::ZERO), Some(port(9001)));
    }

    #[test]
    fn a_range_that_starts_at_zero_skips_it() {
        let mut ports = Ports::new(0..=1, BTreeMap::new());
        assert_eq!(ports.assign(lease(1), Duration::ZERO), Some(port(1)));
        assert_eq!(ports.assign(lease(2), Duration::ZERO), None);
    }
}
