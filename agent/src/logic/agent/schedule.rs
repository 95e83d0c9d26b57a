//! What is begun next: fetches, the one build, starts, probes and looks at the engine.

use super::{Agent, Engine, OBSERVE_EVERY};
use crate::logic::{
    effect::Effect,
    event::Now,
    policy::{Place, RunPolicy},
    workload::Stage,
};
use std::time::Duration;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::LeaseId,
    unit::HostPort,
};

impl Agent {
    pub(super) fn schedule(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.probe(now, effects);
        self.look(now, effects);
        if !self.ready() || self.leaving {
            return;
        }
        // In the order of the leases' ids, which is the order in which they were granted.
        let due: Vec<LeaseId> =
            self.workloads.iter().filter(|(_, w)| is_due(&w.stage, now.mono)).map(|(id, _)| *id).collect();
        for lease in due {
            effects.extend(self.advance(lease, now));
        }
    }

    fn probe(&mut self, now: Now, effects: &mut Vec<Effect>) {
        effects.extend(self.workloads.values_mut().filter_map(|workload| workload.probe_if_due(now)));
    }

    fn look(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if matches!(self.engine, Engine::Up(_)) && !self.observing && now.mono >= self.next_look {
            self.round += 1;
            self.observing = true;
            self.next_look = now.mono + OBSERVE_EVERY;
            effects.push(Effect::Observe { round: self.round });
        }
    }

    fn advance(&mut self, lease: LeaseId, now: Now) -> Option<Effect> {
        let ticket = self.fresh();
        let slot_free = !self.workloads.values().any(|workload| workload.holds_build_slot());
        let workload = self.workloads.get_mut(&lease)?;
        let build = &workload.lease.build;
        if let Some(image) = self.images.get(&build.build_key) {
            workload.image = Some(image.clone());
            // The word that the money is there comes with another assignment, which is an event.
            return if self.secured(lease) { self.start(lease, now) } else { None };
        }
        if !workload.source_ready {
            let source = build.source.clone();
            workload.begin(Stage::Fetching, ticket, now);
            return Some(Effect::Fetch { lease, ticket, source });
        }
        if !slot_free {
            return None;
        }
        let (deployment, spec) = (workload.lease.deployment, build.clone());
        let stage =
            Stage::Building { step: 0, total: 0, doing: "sending the source to the engine".to_owned() };
        workload.begin(stage, ticket, now);
        Some(Effect::Build { lease, ticket, deployment, spec })
    }

    /// Whether work for a lease would be paid: always, where nothing is charged.
    fn secured(&self, lease: LeaseId) -> bool {
        let payment = self.wanted.get(&lease).and_then(|wanted| wanted.payment.as_ref());
        payment.is_none_or(|payment| payment.secured)
    }

    fn start(&mut self, lease: LeaseId, now: Now) -> Option<Effect> {
        let ticket = self.fresh();
        let Some(port) = self.ports.assign(lease, now.mono) else {
            let range = self.ports.range();
            let told = format!("All ports from {} to {} are in use.", range.start(), range.end());
            let workload = self.workloads.get_mut(&lease)?;
            workload.fail(Problem::new(ErrorCode::PortsExhausted, told), Vec::new(), now);
            return None;
        };
        let policy = Box::new(self.policy(lease, port)?);
        let workload = self.workloads.get_mut(&lease)?;
        workload.host_port = Some(port);
        workload.begin(Stage::Starting, ticket, now);
        Some(Effect::Start { lease, ticket, policy })
    }

    /// How the container of a lease must be.
    pub(super) fn policy(&self, lease: LeaseId, host_port: HostPort) -> Option<RunPolicy> {
        let Engine::Up(engine) = &self.engine else { return None };
        let workload = self.workloads.get(&lease)?;
        let image = workload.image.as_ref().map_or("", |image| image.digest.as_str());
        let place = Place { agent: self.id, image, host_port, uid: workload.uid, engine };
        let mut policy = RunPolicy::new(&workload.lease, place);
        if let Some((cpu, memory)) = self.squeezed.get(&lease) {
            (policy.cpu, policy.memory) = (*cpu, *memory);
        }
        Some(policy)
    }
}

fn is_due(stage: &Stage, now: Duration) -> bool {
    match stage {
        Stage::Waiting { until, .. } | Stage::BackingOff { until, .. } => *until <= now,
        Stage::Fetching
        | Stage::Building { .. }
        | Stage::Starting
        | Stage::Running(_)
        | Stage::GivingUp { .. }
        | Stage::Held(_)
        | Stage::Failed { .. }
        | Stage::Stopping { .. } => false,
    }
}
