//! Which workloads fit into limits. Oldest leases first: what came last leaves first. A workload that is paid for keeps
//! what its tenant pays; one that is not may be held to less processor time, and to less memory while it uses little.

use std::collections::BTreeMap;
use ttalkak_protocol::{
    desk::Limits,
    id::LeaseId,
    unit::{Bytes, MilliCpu},
};

/// A workload, as far as limits go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Under which lease.
    pub lease: LeaseId,
    /// Reserved.
    pub cpu: MilliCpu,
    /// Reserved.
    pub memory: Bytes,
    /// In use, when known.
    pub memory_used: Option<Bytes>,
    /// Whether a tenant pays for what is reserved.
    pub paid: bool,
}

/// What becomes of workloads under limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// They stay as they are, or as in `squeezed`.
    pub stays: Vec<LeaseId>,
    /// They stay with less than reserved.
    pub squeezed: BTreeMap<LeaseId, (MilliCpu, Bytes)>,
    /// They do not fit; each with the limit that is in the way.
    pub leaves: Vec<(LeaseId, &'static str)>,
}

/// The least that a squeezed workload keeps.
const CPU_LEAST: u32 = 100;

/// Sorts workloads, given by lease.
pub fn fit(limits: &Limits, held: &[Held]) -> Fit {
    let mut found = Fit::default();
    let (mut cpu, mut memory) = (limits.cpu.0, limits.memory.0);
    for one in held {
        if found.stays.len() >= limits.workloads as usize {
            found.leaves.push((one.lease, "limits.workloads"));
            continue;
        }
        let want = (one.cpu.0, one.memory.0);
        let get = if one.paid { want } else { (want.0.min(cpu), want.1.min(memory)) };
        if get.0 > cpu || (get.0 < want.0 && get.0 < CPU_LEAST) {
            found.leaves.push((one.lease, "limits.cpu"));
            continue;
        }
        // A quarter of room above what is used, or it is killed at its next breath.
        let needs = one.memory_used.map_or(want.1, |used| used.0.saturating_add(used.0 / 4).min(want.1));
        if get.1 > memory || get.1 < needs {
            found.leaves.push((one.lease, "limits.memory"));
            continue;
        }
        cpu -= get.0;
        memory -= get.1;
        found.stays.push(one.lease);
        if get != want {
            found.squeezed.insert(one.lease, (MilliCpu(get.0), Bytes(get.1)));
        }
    }
    found
}
