//! The whole agent as a value: the newest assignment, one workload per lease, the engine's state and the time until
//! which the leases hold. `Agent::on(event, now)` is the only way in, effects are the only way out.
//! Deliberately absent: clocks, sockets, and what is sent when.

use super::{
    effect::Effect,
    event::{EngineFacts, Event, Fact, Now, Ticket},
    meter::{Lending, Meter, MoneyBook},
    policy,
    ports::Ports,
    workload::{Stage, Workload},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use ttalkak_protocol::{
    error::Problem,
    id::{AgentId, LeaseId},
    link::{Assignment, ImageReport, Lease, WorkloadReport},
    unit::{Bytes, HostPort, MilliCpu, Millis},
};

mod money;
mod owner;
mod schedule;
mod sweep;

/// Containers that were found at the start are let run so long without a word from a coordinator.
const FIRST_TTL: Duration = Duration::from_secs(5 * 60);
/// Between two looks at everything of ours in the engine.
const OBSERVE_EVERY: Duration = Duration::from_secs(5);

/// Whether the engine answers.
#[derive(Debug, Clone, PartialEq)]
enum Engine {
    Down(Option<Problem>),
    Up(EngineFacts),
}

/// Everything an agent knows and wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    id: AgentId,
    ports: Ports,
    engine: Engine,
    generation: u64,
    wanted: BTreeMap<LeaseId, Lease>,
    pinned: BTreeSet<String>,
    assigned: bool,
    expired: bool,
    leaving: bool,
    ttl: Duration,
    renewed: Duration,
    workloads: BTreeMap<LeaseId, Workload>,
    images: BTreeMap<String, ImageReport>,
    /// Leases whose containers the last look found and that nobody had named yet.
    unclaimed: BTreeSet<LeaseId>,
    tickets: u64,
    round: u64,
    observing: bool,
    looked: bool,
    next_look: Duration,
    meter: Meter,
    /// Held to less than their plan.
    squeezed: BTreeMap<LeaseId, (MilliCpu, Bytes)>,
}

impl Agent {
    /// Knows nothing yet. `remembered`: the ports that leases had before this process started.
    pub fn new(id: AgentId, ports: Ports, now: Now) -> Self {
        Self {
            id,
            ports,
            engine: Engine::Down(None),
            generation: 0,
            wanted: BTreeMap::new(),
            pinned: BTreeSet::new(),
            assigned: false,
            expired: false,
            leaving: false,
            ttl: FIRST_TTL,
            renewed: now.mono,
            workloads: BTreeMap::new(),
            images: BTreeMap::new(),
            unclaimed: BTreeSet::new(),
            tickets: 0,
            round: 0,
            observing: false,
            looked: false,
            next_look: now.mono,
            meter: Meter::new(Lending::default(), MoneyBook::default()),
            squeezed: BTreeMap::new(),
        }
    }

    /// Takes in what happened; returns what is to be done, in this order.
    pub fn on(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        let renews = matches!(
            event,
            Event::Connected { .. }
                | Event::Assigned(_)
                | Event::Renewed { .. }
                | Event::Sent(_)
                | Event::Pause
        );
        if !renews {
            self.expire_if_due(now, &mut effects);
        }
        match event {
            Event::Connected { lease_ttl } => {
                self.ttl = Duration::from_millis(lease_ttl.0);
                // The coordinator was there a moment ago; what it wants follows at once.
                self.renewed = self.renewed.max(now.mono);
                self.assigned = false;
            }
            Event::Disconnected => self.assigned = false,
            Event::Assigned(assignment) => self.on_assigned(assignment, now, &mut effects),
            Event::Renewed { sent } => {
                self.on_renewed(sent, now, &mut effects);
                effects.extend(self.meter.heard(sent, now));
            }
            Event::EngineUp(facts) => self.on_engine_up(facts, now),
            Event::EngineDown(problem) => self.on_engine_down(problem),
            Event::Observed { round, seen } => self.on_observed(round, seen, now, &mut effects),
            Event::Of { lease, ticket, fact } => self.on_fact(lease, ticket, fact, now, &mut effects),
            Event::Gone { lease } => self.on_gone(lease, now, &mut effects),
            Event::Vouched(items) => effects.extend(self.meter.vouched(items, now)),
            // These two touch no workload.
            Event::Sent(sent) => {
                self.meter.count(sent);
                return effects;
            }
            Event::Pause => {
                self.meter.pause(now);
                return self.meter.flush(now).into_iter().collect();
            }
            Event::BookWritten { done } => self.meter.written(done, now),
            Event::CloseSigned(close) => self.meter.closed(close, now),
            Event::Restart { lease } => effects.extend(self.restart(lease, now)),
            Event::Lent(lending) => self.meter.lend(lending),
            Event::PortRange(range) => self.ports.set_range(range),
            Event::Squeezed(squeezed) => effects.extend(self.squeeze(squeezed)),
            Event::Tick => {}
            Event::Leave => {
                self.leaving = true;
                self.reconcile(now, &mut effects);
            }
        }
        self.expire_if_due(now, &mut effects);
        self.settle_up(now, &mut effects);
        effects.extend(self.meter.flush(now));
        self.schedule(now, &mut effects);
        effects
    }

    /// Leases that were not renewed in time are over: their workloads stop, whoever may still want them.
    fn expire_if_due(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if !self.expired && now.mono >= self.renewed + self.ttl {
            self.expired = true;
            self.reconcile(now, effects);
        }
    }

    fn on_assigned(&mut self, assignment: Assignment, now: Now, effects: &mut Vec<Effect>) {
        if assignment.generation < self.generation {
            return;
        }
        self.generation = assignment.generation;
        self.wanted = assignment.leases.into_iter().map(|lease| (lease.lease, lease)).collect();
        self.pinned = assignment.pinned.into_iter().collect();
        self.assigned = true;
        // The coordinator counts on these leases now; the next stored report renews them properly.
        self.expired = false;
        self.renewed = self.renewed.max(now.mono);
        let wanted = &self.wanted;
        let workloads = &self.workloads;
        self.ports.retain(|lease| wanted.contains_key(lease) || workloads.contains_key(lease));
        effects.extend(self.meter.assigned(&self.wanted, now));
        self.reconcile(now, effects);
        let digests = self.wanted.values().map(|lease| lease.build.source.digest.clone()).collect();
        effects.push(Effect::KeepSources { digests });
        // What the assignment does not name is looked for at once and not in five seconds.
        self.next_look = now.mono;
        // A container that the look before the assignment could not place is taken over by the next one; starting the
        // lease before that would replace it.
        self.looked &= self.wanted.keys().all(|lease| !self.unclaimed.contains(lease));
    }

    fn on_renewed(&mut self, sent: Duration, now: Now, effects: &mut Vec<Effect>) {
        self.renewed = self.renewed.max(sent);
        if self.expired && self.renewed + self.ttl > now.mono {
            self.expired = false;
            self.reconcile(now, effects);
        }
    }

    fn on_engine_up(&mut self, facts: EngineFacts, now: Now) {
        if !matches!(self.engine, Engine::Up(_)) {
            (self.looked, self.observing) = (false, false);
            self.next_look = now.mono;
        }
        self.engine = Engine::Up(facts);
    }

    fn on_engine_down(&mut self, problem: Problem) {
        self.engine = Engine::Down(Some(problem));
        (self.looked, self.observing) = (false, false);
        for workload in self.workloads.values_mut() {
            if let Stage::Running(running) = &mut workload.stage {
                running.unwatched = true;
            }
        }
    }

    fn on_fact(&mut self, lease: LeaseId, ticket: Ticket, fact: Fact, now: Now, effects: &mut Vec<Effect>) {
        let fresh = self.fresh();
        let Some(workload) = self.workloads.get_mut(&lease) else { return };
        if workload.ticket != ticket {
            return;
        }
        if let (Stage::Starting, Fact::PortTaken { port }) = (&workload.stage, &fact) {
            self.ports.conflict(lease, *port, now.mono);
        }
        if let (Stage::Starting, Fact::ImageMissing) = (&workload.stage, &fact) {
            self.images.remove(&workload.lease.build.build_key);
        }
        if let (Stage::Building { .. }, Fact::ImageBuilt { image, .. }) = (&workload.stage, &fact) {
            self.images.insert(image.build_key.clone(), image.clone());
        }
        effects.extend(workload.on(fact, fresh, self.round, now));
        if matches!(workload.stage, Stage::Failed { .. }) {
            self.ports.release(lease);
            workload.host_port = None;
        }
    }

    fn on_gone(&mut self, lease: LeaseId, now: Now, effects: &mut Vec<Effect>) {
        if self.workloads.get(&lease).is_some_and(|workload| matches!(workload.stage, Stage::Stopping { .. }))
        {
            self.workloads.remove(&lease);
            self.ports.release(lease);
            // Dropped and granted again, or expired and renewed, while it was being stopped.
            self.reconcile(now, effects);
        }
    }

    /// Makes the workloads those of the assignment: starts what is missing, stops what is too much.
    fn reconcile(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let nothing = BTreeMap::new();
        let wanted = if self.expired || self.leaving { &nothing } else { &self.wanted };
        for (id, workload) in &mut self.workloads {
            let stopping = matches!(workload.stage, Stage::Stopping { .. });
            let barred = money::is_barred(&self.meter, workload);
            if (!wanted.contains_key(id) || barred) && !stopping {
                effects.extend(barred.then(|| money::told(&self.meter, workload)).flatten());
                let was_building = workload.holds_build_slot();
                self.tickets += 1;
                workload.begin(Stage::Stopping { was_building }, Ticket(self.tickets), now);
                effects.push(Effect::Retire { lease: *id, grace: workload.lease.run.stop_grace });
            }
        }
        for (id, lease) in wanted {
            if !self.workloads.contains_key(id) {
                let used = self.workloads.values().map(|workload| workload.uid).collect();
                let uid = policy::choose_uid(*id, &used);
                self.workloads.insert(*id, Workload::new(lease.clone(), uid, now));
            }
        }
        effects.extend(self.workloads.values_mut().filter_map(|w| money::hold(&self.meter, w, now)));
    }

    fn fresh(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// When to send [`Event::Tick`] if nothing else happens before. What is due already was done by [`Agent::on`], or
    /// waits for something that will be an event of its own.
    pub fn next_wake(&self, now: Now) -> Option<Duration> {
        let workloads = self.workloads.values().filter_map(Workload::next_wake);
        let own = [self.next_look, self.renewed + self.ttl];
        workloads.chain(own).chain(self.meter.next_wake(now)).filter(|wake| *wake > now.mono).min()
    }

    fn ready(&self) -> bool {
        matches!(self.engine, Engine::Up(_)) && self.looked
    }

    /// The newest assignment that was acted on; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// One for each workload, by lease.
    pub fn workload_reports(&self) -> Vec<WorkloadReport> {
        let down = match &self.engine {
            Engine::Down(problem) => problem.as_ref(),
            Engine::Up(_) => None,
        };
        self.workloads.values().map(|workload| workload.report(down)).collect()
    }

    /// Images of ours, by build key.
    pub fn images(&self) -> Vec<ImageReport> {
        self.images.values().cloned().collect()
    }

    /// The engine's name while it answers.
    pub fn engine_name(&self) -> Option<String> {
        match &self.engine {
            Engine::Down(_) => None,
            Engine::Up(facts) => Some(facts.name.clone()),
        }
    }

    /// Why the engine does not answer, when that is known.
    pub fn engine_problem(&self) -> Option<&Problem> {
        match &self.engine {
            Engine::Down(problem) => problem.as_ref(),
            Engine::Up(_) => None,
        }
    }

    /// Where the tunnel finds each running workload.
    pub fn backends(&self) -> BTreeMap<String, SocketAddr> {
        let running = self.workloads.iter().filter_map(|(lease, workload)| match &workload.stage {
            Stage::Running(running) => Some((lease, running.port)),
            // Streams drain while it stops; nobody new is sent there.
            Stage::Stopping { .. } | Stage::GivingUp { .. } => Some((lease, workload.host_port?)),
            Stage::Waiting { .. }
            | Stage::Fetching
            | Stage::Building { .. }
            | Stage::Starting
            | Stage::BackingOff { .. }
            | Stage::Held(_)
            | Stage::Failed { .. } => None,
        });
        running.map(|(lease, port)| (lease.to_string(), (Ipv4Addr::LOCALHOST, port.get()).into())).collect()
    }

    /// Who has which port; worth keeping across a restart.
    pub fn ports(&self) -> &BTreeMap<LeaseId, HostPort> {
        self.ports.assigned()
    }

    /// Whether nothing of ours runs or is about to.
    pub fn is_idle(&self) -> bool {
        self.workloads.is_empty()
    }

    /// How long leases hold after a report that was stored.
    pub fn lease_ttl(&self) -> Millis {
        Millis(u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
