//! What the owner of the machine wants of single workloads.

use super::Agent;
use crate::logic::{
    effect::Effect,
    event::Now,
    workload::{Stage, Workload},
};
use std::collections::BTreeMap;
use ttalkak_protocol::{
    id::LeaseId,
    link::Lease,
    unit::{Bytes, MilliCpu},
};

impl Agent {
    /// Every workload that exists, as it was assigned.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> + '_ {
        self.workloads.values().map(|workload| &workload.lease)
    }

    /// What a lease has earned: by the book, and what of it is vouched for.
    pub fn earned(&self, lease: LeaseId) -> Option<crate::logic::meter::Earned> {
        self.meter.earned(lease)
    }

    pub(super) fn restart(&mut self, lease: LeaseId, now: Now) -> Option<Effect> {
        self.workloads.get_mut(&lease)?.restart(now)
    }

    /// Holds running containers to what is said, and lets others go back to their plan.
    pub(super) fn squeeze(&mut self, squeezed: BTreeMap<LeaseId, (MilliCpu, Bytes)>) -> Vec<Effect> {
        let old = std::mem::replace(&mut self.squeezed, squeezed);
        let plan = |workload: &Workload| (workload.lease.run.cpu, workload.lease.run.memory);
        let changed = self.workloads.iter().filter_map(|(lease, workload)| {
            let before = old.get(lease).copied().unwrap_or_else(|| plan(workload));
            let (cpu, memory) = self.squeezed.get(lease).copied().unwrap_or_else(|| plan(workload));
            let Stage::Running(running) = &workload.stage else { return None };
            let container = running.container.clone();
            (before != (cpu, memory)).then_some(Effect::Limit { container, cpu, memory })
        });
        changed.collect()
    }
}
