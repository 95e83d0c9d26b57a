//! A running container and what its probes say: quick questions until the first answer, then one every five seconds.

use super::{Stage, Workload};
use crate::logic::{
    effect::{Effect, ProbeOrder},
    event::{Now, Probed, Ticket},
    meter::Soundness,
};
use std::time::Duration;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::Health,
    unit::{HostPort, Millis},
};

/// The first question comes so soon after the start, and again after so long.
const QUICK: Duration = Duration::from_millis(100);
/// The slowest of the quick questions.
const QUICK_SLOWEST: Duration = Duration::from_millis(500);
/// Between questions to an app that was healthy once.
const STEADY: Duration = Duration::from_secs(5);
/// After a miss the next question comes sooner, so that an outage is known within seconds.
const AFTER_MISS: Duration = Duration::from_secs(1);
/// So many misses in a row are an outage; one or two are a busy moment.
const MISSES_MAX: u32 = 3;
/// An app that is not healthy after so long is looked into: what it listens on may tell that it never will be.
const LOOK_AFTER: Duration = Duration::from_secs(5);
/// And again after so long.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The same wrong door so many times in a row is no accident of a slow start: nobody has to wait for the deadline.
const WRONG_DOORS_MAX: u32 = 4;
/// How long a quick question waits for its answer. An app that is just starting may accept and answer seconds later.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running container.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// The engine's id.
    pub container: String,
    /// Where it listens on our loopback.
    pub port: HostPort,
    /// What the probes say.
    pub health: Health,
    /// Healthy without a break since then.
    pub healthy_since: Option<Duration>,
    /// The observation round at its start: only later ones can miss it.
    pub round: u64,
    /// Whether its watch ended because the engine went away.
    pub unwatched: bool,
    seen_at: Duration,
    ran_before: Duration,
    misses: u32,
    answered_at: Duration,
    next_probe: Duration,
    probing: bool,
    last_look: bool,
    looking: bool,
    look_due: Duration,
    wrong_doors: u32,
    gap: Duration,
    /// The owner wants it started again; it is being stopped for that.
    pub(super) restarting: bool,
}

impl Running {
    /// Seen to run at `now`, and `ran_for` before that.
    pub fn new(container: String, port: HostPort, ran_for: Duration, round: u64, now: Now) -> Self {
        Self {
            container,
            port,
            health: Health::Unknown,
            healthy_since: None,
            round,
            unwatched: false,
            seen_at: now.mono,
            ran_before: ran_for,
            misses: 0,
            answered_at: now.mono,
            next_probe: now.mono,
            probing: false,
            last_look: false,
            looking: false,
            look_due: LOOK_AFTER,
            wrong_doors: 0,
            gap: QUICK,
            restarting: false,
        }
    }

    /// How long it has been running.
    pub fn age(&self, now: Now) -> Duration {
        now.mono.saturating_sub(self.seen_at) + self.ran_before
    }

    /// Healthy until the last answer, as far as anybody knows.
    pub fn soundness(&self) -> Soundness {
        match self.health {
            Health::Healthy => Soundness::Healthy { seen: self.answered_at, doubted: self.misses > 0 },
            Health::Unknown | Health::Unhealthy { .. } => Soundness::Down,
        }
    }

    /// When the next question is due; `None` while one is under way.
    pub fn next_wake(&self) -> Option<Duration> {
        (!self.probing).then_some(self.next_probe)
    }

    /// A probe came back, or was lost: the next one is due after `gap`.
    pub fn probe_ended(&mut self, gap: Duration, now: Now) {
        self.probing = false;
        self.next_probe = now.mono + gap;
    }
}

impl Workload {
    /// Started again by the owner's wish: what runs is stopped first, what waits for its next try gets it now. What is
    /// on its way up or down already goes on.
    pub fn restart(&mut self, now: Now) -> Option<Effect> {
        let told = "The provider starts the app again.".to_owned();
        match &mut self.stage {
            Stage::Running(running) if !running.restarting => {
                running.restarting = true;
                let (lease, container) = (self.lease.lease, running.container.clone());
                Some(Effect::StopContainer { lease, container, grace: self.lease.run.stop_grace })
            }
            Stage::BackingOff { .. } | Stage::Failed { .. } => {
                (self.early_exits, self.restarts_in_row) = (0, 0);
                self.wait(None, Duration::ZERO, now);
                Some(self.say(told))
            }
            Stage::Waiting { .. }
            | Stage::Fetching
            | Stage::Building { .. }
            | Stage::Starting
            | Stage::Running(_)
            | Stage::GivingUp { .. }
            | Stage::Held(_)
            | Stage::Stopping { .. } => None,
        }
    }

    /// The question that is due, if one is.
    pub fn probe_if_due(&mut self, now: Now) -> Option<Effect> {
        let deadline = self.start_deadline();
        let was_healthy = self.was_healthy;
        let Stage::Running(running) = &mut self.stage else { return None };
        if running.probing || running.next_probe > now.mono {
            return None;
        }
        running.probing = true;
        let age = running.age(now);
        running.last_look = !was_healthy && age >= deadline;
        running.looking = !was_healthy && age >= running.look_due;
        if running.looking {
            running.look_due = age + LOOK_EVERY;
        }
        let order = ProbeOrder {
            container: running.container.clone(),
            host_port: running.port,
            container_port: self.lease.run.port,
            exposure: self.lease.run.exposure,
            health_path: self.lease.run.health_path.clone(),
            diagnose: running.last_look
                || running.looking
                || (was_healthy && running.misses + 1 >= MISSES_MAX),
            patience: if was_healthy { PATIENCE } else { PATIENCE.min(deadline.max(QUICK_SLOWEST)) },
        };
        Some(Effect::Probe { lease: self.lease.lease, ticket: self.ticket, order })
    }

    pub(super) fn on_probed(&mut self, probed: Probed, fresh: Ticket, now: Now) -> Vec<Effect> {
        match probed {
            Probed::Healthy => self.on_healthy(now),
            Probed::Sick { why } if self.was_healthy => self.on_miss(why, now),
            Probed::Sick { why } => self.on_not_yet(why, fresh, now),
        }
    }

    fn on_healthy(&mut self, now: Now) -> Vec<Effect> {
        let first = !self.was_healthy;
        self.was_healthy = true;
        let Stage::Running(running) = &mut self.stage else { return Vec::new() };
        running.probe_ended(STEADY, now);
        running.misses = 0;
        running.answered_at = now.mono;
        running.healthy_since.get_or_insert(now.mono);
        let age = Millis(u64::try_from(running.age(now).as_millis()).unwrap_or(u64::MAX));
        let changed = std::mem::replace(&mut running.health, Health::Healthy) != Health::Healthy;
        if changed {
            self.since = now.wall;
        }
        if first {
            self.timings.healthy = age;
            return vec![self.say(format!("The app is healthy {} ms after its start.", age.0))];
        }
        Vec::new()
    }

    fn on_miss(&mut self, why: Problem, now: Now) -> Vec<Effect> {
        let Stage::Running(running) = &mut self.stage else { return Vec::new() };
        running.misses += 1;
        let down = running.misses >= MISSES_MAX;
        running.probe_ended(if down { STEADY } else { AFTER_MISS }, now);
        if !down {
            return Vec::new();
        }
        running.healthy_since = None;
        let was_down = matches!(running.health, Health::Unhealthy { .. });
        running.health = Health::Unhealthy { why: why.clone() };
        if was_down {
            return Vec::new();
        }
        self.since = now.wall;
        vec![self.say(format!("The app does not answer any more. {}", why.message))]
    }

    /// Not healthy yet. The last look, taken after the deadline, says why; so do several looks before it that find the
    /// app listening where nobody will ever reach it.
    fn on_not_yet(&mut self, why: Problem, fresh: Ticket, now: Now) -> Vec<Effect> {
        let deadline = self.start_deadline();
        let (lease, grace) = (self.lease.lease, self.lease.run.stop_grace);
        let Stage::Running(running) = &mut self.stage else { return Vec::new() };
        // A question without a look tells only that nothing answered, which changes nothing.
        if running.looking {
            let wrong = [ErrorCode::AppWrongPort, ErrorCode::AppLoopbackOnly].contains(&why.code);
            running.wrong_doors = if wrong { running.wrong_doors + 1 } else { 0 };
        }
        if !running.last_look && running.wrong_doors < WRONG_DOORS_MAX {
            let left = deadline.saturating_sub(running.age(now));
            let gap = running.gap.min(left);
            running.gap = (running.gap * 5 / 4).min(QUICK_SLOWEST);
            running.probe_ended(gap, now);
            return Vec::new();
        }
        let container = running.container.clone();
        let waited = running.age(now).as_secs();
        let told = self.say(format!("{} It had {waited} s to become healthy.", why.message));
        let problem = Problem { code: known_cause(why.code), ..why };
        self.begin(Stage::GivingUp { problem }, fresh, now);
        vec![told, Effect::GiveUp { lease, ticket: fresh, container, grace }]
    }
}

/// A probe tells one of the app's own codes; anything else means only that it did not answer.
fn known_cause(code: ErrorCode) -> ErrorCode {
    let causes = [
        ErrorCode::AppLoopbackOnly,
        ErrorCode::AppWrongPort,
        ErrorCode::AppNeverListened,
        ErrorCode::AppUnhealthy,
    ];
    if causes.contains(&code) { code } else { ErrorCode::AppUnhealthy }
}
