//! The life of one workload: `Waiting → Fetching → Building → Starting → Running → BackingOff → …`, ending in `Failed`
//! or, when the lease is dropped, in `Stopping`. Pure. Deliberately absent: what workloads share (ports, the one build,
//! images), which is the agent's to give.

use super::{
    backoff,
    effect::Effect,
    event::{Exit, Fact, Now, Ticket},
    meter::{Bar, Soundness},
};
use std::time::Duration;
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    link::{Health, ImageReport, Lease, Phase, Timings, WorkloadReport},
    unit::{Bytes, HostPort, Millis, UnixMillis},
};

mod running;
pub use running::Running;

/// An app that ends before it was ever healthy is started again so often.
const EARLY_RESTARTS: u32 = 2;
/// After the engine was lost, or a fetch failed, the next try waits at least so long.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// The longest wait between two fetches.
const FETCH_LONGEST: Duration = Duration::from_secs(30);

/// Where a workload stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// For its turn, its image, or the engine.
    Waiting {
        /// Worth telling.
        why: Option<Problem>,
        /// Not before this.
        until: Duration,
    },
    /// Its source archive is on its way.
    Fetching,
    /// Its image is being made.
    Building {
        /// Steps finished.
        step: u32,
        /// Steps known.
        total: u32,
        /// The step at work.
        doing: String,
    },
    /// Its container is being made, or taken over.
    Starting,
    /// Its container runs.
    Running(Box<Running>),
    /// It ended by itself and is started again later.
    BackingOff {
        /// How it ended.
        last: Problem,
        /// When it is started again.
        until: Duration,
        /// The same for people.
        until_wall: UnixMillis,
    },
    /// It never became healthy; its last lines are being kept and its container removed.
    GivingUp {
        /// Why.
        problem: Problem,
    },
    /// Its payment is missing or wrong, and nothing of it is on the machine.
    Held(Bar),
    /// Nothing more is tried.
    Failed {
        /// Why.
        problem: Problem,
        /// The last lines it wrote.
        last_lines: Vec<String>,
    },
    /// Its lease is gone; its work is cancelled and its container stopped.
    Stopping {
        /// Whether a build of it may still be running in the engine.
        was_building: bool,
    },
}

/// One workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Under which lease; never changes.
    pub lease: Lease,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub since: UnixMillis,
    /// The work whose answers count.
    pub ticket: Ticket,
    /// User and group of its app.
    pub uid: u32,
    /// The image it was made of.
    pub image: Option<ImageReport>,
    /// Its port, once it has one.
    pub host_port: Option<HostPort>,
    /// Whether the source archive is on disk.
    pub source_ready: bool,
    /// Started again so often.
    pub restarts: u32,
    /// How long the parts took.
    pub timings: Timings,
    /// When last read.
    pub memory_used: Option<Bytes>,
    /// Whether any probe ever found it healthy: then it is never given up.
    pub was_healthy: bool,
    early_exits: u32,
    restarts_in_row: u32,
    fetches: u32,
}

impl Workload {
    /// A lease that was just granted.
    pub fn new(lease: Lease, uid: u32, now: Now) -> Self {
        Self {
            lease,
            stage: Stage::Waiting { why: None, until: now.mono },
            since: now.wall,
            ticket: Ticket::default(),
            uid,
            image: None,
            host_port: None,
            source_ready: false,
            restarts: 0,
            timings: Timings::default(),
            memory_used: None,
            was_healthy: false,
            early_exits: 0,
            restarts_in_row: 0,
            fetches: 0,
        }
    }

    /// Moves on to another stage.
    pub fn go(&mut self, stage: Stage, now: Now) {
        self.stage = stage;
        self.since = now.wall;
    }

    /// Begins a piece of work: answers to older work no longer count.
    pub fn begin(&mut self, stage: Stage, ticket: Ticket, now: Now) {
        self.ticket = ticket;
        self.go(stage, now);
    }

    /// Back in the queue.
    pub fn wait(&mut self, why: Option<Problem>, pause: Duration, now: Now) {
        self.go(Stage::Waiting { why, until: now.mono + pause }, now);
    }

    /// Gives up without a container to remove.
    pub fn fail(&mut self, problem: Problem, last_lines: Vec<String>, now: Now) {
        self.go(Stage::Failed { problem, last_lines }, now);
    }

    /// Takes in a fact whose ticket is the current one. `fresh`: a ticket for work that this starts.
    /// A fact that does not fit the stage is late and changes nothing.
    pub fn on(&mut self, fact: Fact, fresh: Ticket, round: u64, now: Now) -> Vec<Effect> {
        match (&mut self.stage, fact) {
            (Stage::Fetching, Fact::SourceFetched { took }) => {
                self.source_ready = true;
                self.timings.fetch = took;
                self.wait(None, Duration::ZERO, now);
            }
            (Stage::Fetching, Fact::SourceFailed { problem, again }) => {
                self.on_source_failed(problem, again, now)
            }
            (Stage::Building { step, total, doing }, Fact::BuildStepped { step: s, total: t, doing: d }) => {
                (*step, *total, *doing) = (s, t, d);
            }
            (Stage::Building { .. }, Fact::ImageBuilt { image, took }) => {
                self.timings.build = took;
                self.image = Some(image);
                self.wait(None, Duration::ZERO, now);
            }
            (Stage::Building { .. }, Fact::BuildFailed { problem, last_lines }) => {
                self.fail(problem, last_lines, now);
            }
            (Stage::Starting, Fact::Started { container, port, took, ran_for }) => {
                return self.on_started(
                    Running::new(container.clone(), port, ran_for, round, now),
                    took,
                    now,
                );
            }
            (Stage::Starting, Fact::StartFailed { problem }) => self.fail(problem, Vec::new(), now),
            (Stage::Starting, Fact::NotAdopted | Fact::PortTaken { .. } | Fact::ImageMissing) => {
                self.wait(None, Duration::ZERO, now);
            }
            (Stage::Running(_), Fact::Probed(probed)) => return self.on_probed(probed, fresh, now),
            (Stage::Running(_), Fact::Exited(exit)) => return self.on_exited(exit, now),
            (Stage::Running(running), Fact::WatchLost) => running.unwatched = true,
            (Stage::GivingUp { problem }, Fact::GaveUp { last_lines }) => {
                let problem = problem.clone();
                self.fail(problem, last_lines, now);
            }
            (Stage::Fetching | Stage::Building { .. } | Stage::Starting, Fact::EngineLost { problem }) => {
                self.wait(Some(problem), TRY_AGAIN, now);
            }
            (_, Fact::Panicked { work }) => return self.on_panic(work, now),
            // Everything else is late: the stage moved on while the answer was under way.
            (_, _) => {}
        }
        Vec::new()
    }

    fn on_source_failed(&mut self, problem: Problem, again: bool, now: Now) {
        if !again {
            return self.fail(problem, Vec::new(), now);
        }
        let pause = backoff::doubled(TRY_AGAIN, self.fetches, FETCH_LONGEST);
        self.fetches += 1;
        self.wait(Some(problem), pause, now);
    }

    fn on_started(&mut self, running: Running, took: Millis, now: Now) -> Vec<Effect> {
        self.timings.start = took;
        self.host_port = Some(running.port);
        // An adopted app that outlived its time to start was healthy once, or it would have been removed.
        self.was_healthy |= running.age(now) >= self.start_deadline();
        let watch = Effect::Watch {
            lease: self.lease.lease,
            ticket: self.ticket,
            container: running.container.clone(),
        };
        self.go(Stage::Running(Box::new(running)), now);
        vec![watch]
    }

    fn on_exited(&mut self, exit: Exit, now: Now) -> Vec<Effect> {
        let Stage::Running(running) = &self.stage else { return Vec::new() };
        let remove = Effect::RemoveContainer { id: running.container.clone() };
        if running.restarting {
            self.memory_used = None;
            self.wait(None, Duration::ZERO, now);
            return vec![remove];
        }
        let healthy_for = running.healthy_since.map(|since| now.mono.saturating_sub(since));
        let problem = exit_problem(&exit, running.age(now));
        self.memory_used = None;
        if !self.was_healthy {
            self.early_exits += 1;
            if exit.out_of_memory || self.early_exits > EARLY_RESTARTS {
                self.fail(problem.clone(), exit.last_lines, now);
                return vec![remove, self.say(problem.message)];
            }
        }
        if healthy_for.is_some_and(|time| time >= backoff::RESTART_FORGIVEN_AFTER) {
            self.restarts_in_row = 0;
        }
        let wait = backoff::restart_wait(self.restarts_in_row);
        self.restarts_in_row += 1;
        self.restarts += 1;
        let told = self.say(format!("{} It is started again in {} s.", problem.message, wait.as_secs()));
        let wait_ms = Millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.go(
            Stage::BackingOff { last: problem, until: now.mono + wait, until_wall: now.wall.after(wait_ms) },
            now,
        );
        vec![remove, told]
    }

    fn on_panic(&mut self, work: &'static str, now: Now) -> Vec<Effect> {
        match &mut self.stage {
            Stage::Running(running) => {
                running.probe_ended(Duration::from_secs(5), now);
                let container = running.container.clone();
                let watch = Effect::Watch { lease: self.lease.lease, ticket: self.ticket, container };
                if work == "watch" { vec![watch] } else { Vec::new() }
            }
            Stage::Stopping { .. }
            | Stage::Held(_)
            | Stage::Failed { .. }
            | Stage::Waiting { .. }
            | Stage::BackingOff { .. } => Vec::new(),
            Stage::Fetching | Stage::Building { .. } | Stage::Starting | Stage::GivingUp { .. } => {
                let problem =
                    Problem::new(ErrorCode::Internal, format!("The agent failed in its own {work}."));
                self.fail(problem, Vec::new(), now);
                Vec::new()
            }
        }
    }

    /// A line of ours for this workload's log.
    pub fn say(&self, text: String) -> Effect {
        Effect::Say { lease: self.lease.lease, text }
    }

    /// How long it may take to become healthy.
    pub fn start_deadline(&self) -> Duration {
        Duration::from_millis(self.lease.run.start_deadline.0)
    }

    /// Whether the engine's one build slot is in use by it.
    pub fn holds_build_slot(&self) -> bool {
        matches!(self.stage, Stage::Building { .. } | Stage::Stopping { was_building: true })
    }

    /// How it is, as far as money goes.
    pub fn soundness(&self) -> Soundness {
        match &self.stage {
            Stage::Running(running) => running.soundness(),
            Stage::Stopping { .. } => Soundness::Leaving,
            Stage::Waiting { .. }
            | Stage::Fetching
            | Stage::Building { .. }
            | Stage::Starting
            | Stage::BackingOff { .. }
            | Stage::GivingUp { .. }
            | Stage::Held(_)
            | Stage::Failed { .. } => Soundness::Down,
        }
    }

    /// When something is to be done about it although nothing happens.
    pub fn next_wake(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Waiting { until, .. } | Stage::BackingOff { until, .. } => Some(*until),
            Stage::Running(running) => running.next_wake(),
            Stage::Fetching
            | Stage::Building { .. }
            | Stage::Starting
            | Stage::GivingUp { .. }
            | Stage::Held(_)
            | Stage::Failed { .. }
            | Stage::Stopping { .. } => None,
        }
    }

    /// What is told of it. `engine`: why the engine does not answer, when it does not.
    pub fn report(&self, engine: Option<&Problem>) -> WorkloadReport {
        WorkloadReport {
            lease: self.lease.lease,
            phase: self.phase(engine),
            since: self.since,
            host_port: self.host_port,
            image: self.image.clone(),
            restarts: self.restarts,
            memory_used: self.memory_used,
            timings: self.timings,
        }
    }

    fn phase(&self, engine: Option<&Problem>) -> Phase {
        match &self.stage {
            Stage::Waiting { why, .. } => Phase::Waiting { why: engine.or(why.as_ref()).cloned() },
            Stage::Fetching => Phase::Fetching,
            Stage::Building { step, total, doing } => {
                Phase::Building { step: *step, total: *total, doing: doing.clone() }
            }
            Stage::Starting => Phase::Starting,
            Stage::Running(running) => Phase::Running { health: running.health.clone() },
            Stage::BackingOff { last, until_wall, .. } => {
                Phase::BackingOff { last: last.clone(), until: *until_wall }
            }
            Stage::GivingUp { problem } => {
                Phase::Running { health: Health::Unhealthy { why: problem.clone() } }
            }
            Stage::Held(Bar { problem, for_good: false }) => Phase::Waiting { why: Some(problem.clone()) },
            Stage::Held(Bar { problem, for_good: true }) => {
                Phase::Failed { problem: problem.clone(), last_lines: Vec::new() }
            }
            Stage::Failed { problem, last_lines } => {
                Phase::Failed { problem: problem.clone(), last_lines: last_lines.clone() }
            }
            Stage::Stopping { .. } => Phase::Stopping,
        }
    }
}

fn exit_problem(exit: &Exit, ran_for: Duration) -> Problem {
    if exit.out_of_memory {
        return Problem::new(
            ErrorCode::AppOutOfMemory,
            "The app used more memory than it may and was killed.",
        );
    }
    let after = match ran_for.as_secs() {
        0 => format!("{} ms", ran_for.as_millis()),
        seconds => format!("{seconds} s"),
    };
    Problem::new(ErrorCode::AppExited, format!("The app ended with exit code {} after {after}.", exit.code))
}

#[cfg(test)]
mod tests;
