//! Gauges from counters: what workloads use per second, and the sums of what is lent. Pure.
//! Deliberately absent: reading the counters (`io::gauges`).

use std::{collections::BTreeMap, time::Duration};
use ttalkak_protocol::{
    desk::{Machine, Share, WholeMachine, WorkloadUse},
    id::LeaseId,
    link::MachineReading,
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// Counters of one workload at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Processor time since its start, in microseconds.
    pub cpu_us: u64,
    /// Memory in use, without what the kernel would give back at once.
    pub memory: Bytes,
}

/// Bytes over the network of one workload since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// In.
    pub received: u64,
    /// Out.
    pub sent: u64,
}

/// A value with the time at which it was read, since the reader began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At<T> {
    /// When.
    pub at: Duration,
    /// What.
    pub value: T,
}

/// The last readings, and the rates that follow from them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rates {
    cpu: BTreeMap<LeaseId, At<Counters>>,
    traffic: BTreeMap<LeaseId, At<Traffic>>,
    tunnel: Option<At<Traffic>>,
    uses: BTreeMap<LeaseId, WorkloadUse>,
    share: Traffic,
}

/// What is lent and reserved at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Lent {
    /// Reserved by workloads.
    pub cpu_reserved: MilliCpu,
    /// Lent.
    pub cpu_limit: MilliCpu,
    /// Reserved by workloads.
    pub memory_reserved: Bytes,
    /// Lent.
    pub memory_limit: Bytes,
    /// Ours on the disk, when it was looked at.
    pub disk_used: Option<Bytes>,
    /// Lent.
    pub disk_limit: Option<Bytes>,
    /// The most in, per second.
    pub download_limit: Option<Bytes>,
    /// The most out, per second.
    pub upload_limit: Option<Bytes>,
}

impl Rates {
    /// Takes new readings; what is not among them any more is forgotten.
    pub fn note(&mut self, at: Duration, counters: &BTreeMap<LeaseId, Counters>) {
        self.cpu.retain(|lease, _| counters.contains_key(lease));
        self.traffic.retain(|lease, _| counters.contains_key(lease));
        self.uses.retain(|lease, _| counters.contains_key(lease));
        for (lease, now) in counters {
            let cpu = self.cpu.get(lease).map_or(0, |before| {
                // A container that began anew counts from zero.
                let used = now.cpu_us.saturating_sub(before.value.cpu_us);
                per_second(used, at.saturating_sub(before.at)) / 1000
            });
            let idle = WorkloadUse {
                lease: *lease,
                cpu: MilliCpu(0),
                memory: Bytes(0),
                received_per_second: Bytes(0),
                sent_per_second: Bytes(0),
            };
            let shown = self.uses.entry(*lease).or_insert(idle);
            (shown.cpu, shown.memory) = (MilliCpu(u32::try_from(cpu).unwrap_or(u32::MAX)), now.memory);
            self.cpu.insert(*lease, At { at, value: *now });
        }
    }

    /// Takes a workload's traffic, which is read less often; the rate is the mean since the reading before.
    pub fn note_traffic(&mut self, lease: LeaseId, at: Duration, now: Traffic) {
        let before = self.traffic.insert(lease, At { at, value: now });
        if let (Some(before), Some(shown)) = (before, self.uses.get_mut(&lease)) {
            let rate = rate(before, at, now);
            (shown.received_per_second, shown.sent_per_second) = (Bytes(rate.received), Bytes(rate.sent));
        }
    }

    /// Takes the tunnel's counters.
    pub fn note_tunnel(&mut self, at: Duration, now: Traffic) {
        self.share = self.tunnel.map_or_else(Traffic::default, |before| rate(before, at, now));
        self.tunnel = Some(At { at, value: now });
    }

    /// Which of these workloads' traffic is to be read next: those that waited longest, at most `most`.
    pub fn due<'a>(&self, leases: impl Iterator<Item = &'a LeaseId>, most: usize) -> Vec<LeaseId> {
        let mut due: Vec<LeaseId> = leases.copied().collect();
        due.sort_by_key(|lease| (self.traffic.get(lease).map(|read| read.at), *lease));
        due.truncate(most);
        due
    }

    /// The section. `known`: whether the counters of workloads could be read at all.
    pub fn section(&self, whole: WholeMachine, lent: Lent, known: bool, at: UnixMillis) -> Machine {
        let workloads: Vec<WorkloadUse> = self.uses.values().copied().collect();
        let cpu = workloads.iter().fold(0u32, |sum, one| sum.saturating_add(one.cpu.0));
        let memory = workloads.iter().fold(0u64, |sum, one| sum.saturating_add(one.memory.0));
        let share = Share {
            cpu_used: known.then_some(MilliCpu(cpu)),
            cpu_reserved: lent.cpu_reserved,
            cpu_limit: lent.cpu_limit,
            memory_used: known.then_some(Bytes(memory)),
            memory_reserved: lent.memory_reserved,
            memory_limit: lent.memory_limit,
            disk_used: lent.disk_used,
            disk_limit: lent.disk_limit,
            received_per_second: Bytes(self.share.received),
            sent_per_second: Bytes(self.share.sent),
            download_limit: lent.download_limit,
            upload_limit: lent.upload_limit,
        };
        Machine { at, whole, share, workloads }
    }

    /// The visitors' bytes per second, in and out.
    pub fn tunnel(&self) -> Traffic {
        self.share
    }
}

/// The machine as a desk shows it.
pub fn whole(reading: MachineReading, cpus: u32) -> WholeMachine {
    WholeMachine {
        cpus,
        cpu_percent: reading.cpu_percent,
        memory_used: reading.memory_used,
        memory_total: reading.memory_total,
        disk_free: reading.disk_free,
        disk_total: reading.disk_total,
        received_per_second: reading.received_per_second,
        sent_per_second: reading.sent_per_second,
    }
}

fn rate(before: At<Traffic>, at: Duration, now: Traffic) -> Traffic {
    let passed = at.saturating_sub(before.at);
    Traffic {
        received: per_second(now.received.saturating_sub(before.value.received), passed),
        sent: per_second(now.sent.saturating_sub(before.value.sent), passed),
    }
}

fn per_second(count: u64, passed: Duration) -> u64 {
    let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    count.saturating_mul(1000).checked_div(millis).unwrap_or(0)
}

#[cfg(test)]
mod tests;
