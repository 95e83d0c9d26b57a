//! What a look at the engine changes: containers are adopted or removed, lost ones are started again, images that
//! nobody needs go. Nothing is removed before the first assignment of a connection came, since only it says what is
//! unwanted.

use super::Agent;
use crate::logic::{
    effect::Effect,
    event::{Now, Observed, SeenContainer},
    workload::{Stage, Workload},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use ttalkak_protocol::id::LeaseId;

impl Agent {
    pub(super) fn on_observed(&mut self, round: u64, seen: Observed, now: Now, effects: &mut Vec<Effect>) {
        if round != self.round || !self.observing {
            return;
        }
        (self.observing, self.looked) = (false, true);
        self.images = seen.images.into_iter().map(|image| (image.build_key.clone(), image)).collect();
        let known = |lease: &LeaseId| self.workloads.contains_key(lease);
        let leases = seen.containers.iter().filter_map(|container| container.lease);
        self.unclaimed = leases.filter(|lease| !known(lease)).collect();
        let mut running: BTreeMap<LeaseId, BTreeSet<String>> = BTreeMap::new();
        for container in seen.containers {
            if let (Some(lease), true) = (container.lease, container.running) {
                running.entry(lease).or_default().insert(container.id.clone());
            }
            self.on_container(container, now, effects);
        }
        for (lease, workload) in &mut self.workloads {
            workload.memory_used = seen.memory.get(lease).copied();
            let ids = running.get(lease);
            effects.extend(still_there(workload, ids, round, now));
        }
        if self.assigned {
            self.sweep_images(effects);
            // The classic builder's result is without a name for a moment.
            if !self.workloads.values().any(Workload::holds_build_slot) {
                effects.extend(seen.stray_images.into_iter().map(|id| Effect::RemoveStrayImage { id }));
            }
            effects.extend(seen.stray_networks.into_iter().map(|id| Effect::RemoveNetwork { id }));
        }
    }

    fn on_container(&mut self, container: SeenContainer, now: Now, effects: &mut Vec<Effect>) {
        let remove = Effect::RemoveContainer { id: container.id.clone() };
        let Some((lease, workload)) = container.lease.and_then(|id| Some((id, self.workloads.get(&id)?)))
        else {
            if self.assigned || self.expired || self.leaving {
                effects.push(remove);
            }
            return;
        };
        match &workload.stage {
            Stage::Waiting { .. } if container.running => match self.adopt(lease, &container, now) {
                Some(adopt) => effects.push(adopt),
                None => effects.push(remove),
            },
            Stage::Running(running) if running.container == container.id => {}
            // Work on this very container is under way.
            Stage::Starting | Stage::GivingUp { .. } | Stage::Stopping { .. } => {}
            Stage::Waiting { .. }
            | Stage::Fetching
            | Stage::Building { .. }
            | Stage::Running(_)
            | Stage::BackingOff { .. }
            | Stage::Held(_)
            | Stage::Failed { .. } => effects.push(remove),
        }
    }

    /// A container that runs for a lease that waits: the agent was away, and it went on.
    fn adopt(&mut self, lease: LeaseId, container: &SeenContainer, now: Now) -> Option<Effect> {
        let port = container.host_port.filter(|port| self.ports.adopt(lease, *port))?;
        let ticket = self.fresh();
        let key = self.workloads.get(&lease)?.lease.build.build_key.clone();
        let image = self.images.get(&key).cloned();
        self.workloads.get_mut(&lease)?.image = image;
        let policy = Box::new(self.policy(lease, port)?);
        let workload = self.workloads.get_mut(&lease)?;
        workload.begin(Stage::Starting, ticket, now);
        Some(Effect::Adopt { lease, ticket, container: container.id.clone(), policy })
    }

    fn sweep_images(&mut self, effects: &mut Vec<Effect>) {
        let in_use: BTreeSet<&str> =
            self.workloads.values().map(|workload| workload.lease.build.build_key.as_str()).collect();
        let keep = |key: &str| in_use.contains(key) || self.pinned.contains(key);
        let unwanted: Vec<String> = self.images.keys().filter(|key| !keep(key)).cloned().collect();
        for build_key in unwanted {
            self.images.remove(&build_key);
            effects.push(Effect::RemoveImage { build_key });
        }
    }
}

/// Whether a running workload was seen to run. After the engine was away its containers are watched again, or started
/// again at once: that they ended was not their fault.
fn still_there(
    workload: &mut Workload,
    ids: Option<&BTreeSet<String>>,
    round: u64,
    now: Now,
) -> Option<Effect> {
    let (lease, ticket) = (workload.lease.lease, workload.ticket);
    let Stage::Running(running) = &mut workload.stage else { return None };
    if round <= running.round {
        return None;
    }
    let container = running.container.clone();
    if ids.is_some_and(|ids| ids.contains(&container)) {
        return std::mem::take(&mut running.unwatched).then_some(Effect::Watch { lease, ticket, container });
    }
    if !running.unwatched {
        // Its watch tells how it ended in a moment; if that is lost, the next round finds it unwatched.
        running.unwatched = true;
        return None;
    }
    workload.restarts += 1;
    workload.wait(None, Duration::ZERO, now);
    Some(workload.say("The container went away with the engine; the app is started again.".to_owned()))
}
