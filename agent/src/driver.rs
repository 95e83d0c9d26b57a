//! The one loop of the agent: events in, effects out. It owns every task that works on a workload; a task that panics
//! becomes an event like any other. Deliberately absent: decisions, which are `logic`, and the work, which is `io`.

use crate::{
    address::Coordinator,
    io::{
        clock::Clock,
        engine::Engine,
        logs::{self, LogCommand, Logs},
        source::Sources,
    },
    link_event::{LinkCommand, LinkEvent, LinkHandle},
    logic::{
        agent::Agent,
        effect::Effect,
        event::{EngineFacts, Event},
        ports::Ports,
    },
    order::Order,
    view::{AgentView, LinkView},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    error::Problem,
    id::{AgentId, LeaseId},
    link::{Capacity, DrainPlan, HandedBack, Lending, MachineReading, MoneyReport, Report},
};

mod carry_out;
mod engine_watch;
mod money;
mod orders;
mod show;
mod tasks;
mod work;

pub use money::Money;

use money::Till;
use tasks::Tasks;

/// Facts that may wait for the loop. Tasks wait when it is full; the loop never waits for them.
const FACTS_MAX: usize = 256;
/// Changes that come together go into one report.
const REPORT_DEBOUNCE: Duration = Duration::from_millis(50);
/// Changes that come together are shown at once; soon enough for an eye.
const SHOW_DEBOUNCE: Duration = Duration::from_millis(50);
/// Heartbeat until the coordinator says its own.
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// At shutdown workloads get the longest grace of any lease and so much more.
const LEAVE_MARGIN: Duration = Duration::from_secs(20);

/// What the driver needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Who we are; only objects with this id on their label are touched.
    pub agent: AgentId,
    /// Where source archives come from.
    pub coordinator: Coordinator,
    /// For source archives.
    pub http: reqwest::Client,
    /// Where source archives are kept.
    pub data_dir: PathBuf,
    /// The engine's address, when it was said; found by itself otherwise.
    pub engine: Option<String>,
    /// `XDG_RUNTIME_DIR`, where rootless engines have their sockets.
    pub runtime_dir: Option<String>,
    /// Host ports that workloads may get.
    pub ports: RangeInclusive<u16>,
    /// What is lent; the driver fills in the engine's name.
    pub capacity: Capacity,
    /// The machine's newest reading.
    pub machine: watch::Receiver<MachineReading>,
    /// The way to the coordinator.
    pub link: LinkHandle,
    /// What comes from there.
    pub link_events: mpsc::Receiver<LinkEvent>,
    /// Lease to loopback address, for the tunnel.
    pub backends: watch::Sender<BTreeMap<String, SocketAddr>>,
    /// For screens.
    pub view: watch::Sender<AgentView>,
    /// Offer, keys and counters.
    pub money: Money,
    /// Whether new work is taken at the start.
    pub lending: Lending,
    /// What the owner wants, while it runs.
    pub orders: mpsc::Receiver<Order>,
    /// Whether workloads are stopped and removed when the agent ends; otherwise they run on and are adopted later.
    pub stop_workloads_on_exit: bool,
}

/// Runs until `shutdown`, and then until everything that should stop has stopped.
pub async fn run(deps: Deps, shutdown: CancellationToken) {
    let (facts_in, mut facts) = mpsc::channel(FACTS_MAX);
    let (engine_in, mut engines) = mpsc::channel(4);
    let (logs, log_commands) = logs::channel();
    let helpers = TaskTracker::new();
    let helpers_end = CancellationToken::new();
    helpers.spawn(logs::run(log_commands, deps.link.clone(), helpers_end.clone()));
    helpers.spawn(engine_watch::run(
        (deps.agent, deps.engine.clone(), deps.runtime_dir.clone()),
        engine_in,
        helpers_end.clone(),
    ));
    let mut driver = Driver::open(deps, facts_in, logs).await;
    let mut leave_by = None;
    loop {
        let wake = driver.agent.next_wake(driver.clock.now()).map(|mono| driver.clock.instant(mono));
        tokio::select! {
            Some(event) = driver.link_events.recv() => driver.on_link(event).await,
            Some(event) = facts.recv() => driver.on(event).await,
            Some(order) = driver.orders.recv() => driver.on_order(order).await,
            Some(news) = engines.recv() => driver.on_engine(news).await,
            Some(panicked) = driver.tasks.ended() => driver.on_task_end(panicked).await,
            () = sleep_until(wake.unwrap_or_else(far)), if wake.is_some() => driver.on(Event::Tick).await,
            () = sleep_until(driver.report_at) => driver.report(),
            () = sleep_until(driver.view_at.unwrap_or_else(far)), if driver.view_at.is_some() => driver.show(),
            () = shutdown.cancelled(), if leave_by.is_none() => {
                if !driver.stop_workloads_on_exit { break; }
                leave_by = Some(Instant::now() + driver.longest_grace + LEAVE_MARGIN);
                driver.on(Event::Leave).await;
            }
            () = sleep_until(leave_by.unwrap_or_else(far)), if leave_by.is_some() => break,
        }
        if leave_by.is_some() && driver.agent.is_idle() {
            break;
        }
    }
    driver.end().await;
    helpers_end.cancel();
    helpers.close();
    helpers.wait().await;
}

/// What the engine watch tells.
#[derive(Debug)]
enum EngineNews {
    Up(Engine, EngineFacts),
    Down(Problem),
}

struct Driver {
    agent: Agent,
    clock: Clock,
    tasks: Tasks,
    facts: mpsc::Sender<Event>,
    engine: Option<Engine>,
    sources: Sources,
    data_dir: PathBuf,
    logs: Logs,
    link: LinkHandle,
    link_events: mpsc::Receiver<LinkEvent>,
    link_view: LinkView,
    /// What becomes of leases that shall go.
    drain: DrainPlan,
    backends: watch::Sender<BTreeMap<String, SocketAddr>>,
    view: watch::Sender<AgentView>,
    machine: watch::Receiver<MachineReading>,
    view_at: Option<Instant>,
    orders: mpsc::Receiver<Order>,
    lending: Lending,
    handed_back: Vec<HandedBack>,
    capacity: Capacity,
    report_every: Duration,
    report_at: Instant,
    reported: Option<Report>,
    closing: BTreeSet<LeaseId>,
    longest_grace: Duration,
    till: Till,
    stop_workloads_on_exit: bool,
}

impl Driver {
    async fn open(deps: Deps, facts: mpsc::Sender<Event>, logs: Logs) -> Self {
        let (till, lending, book) = Till::open(deps.money, &deps.data_dir).await;
        let clock = Clock::start();
        let ports = Ports::new(deps.ports, BTreeMap::new());
        Self {
            agent: Agent::new(deps.agent, ports, clock.now()).lending(lending, book),
            clock,
            tasks: Tasks::default(),
            facts,
            engine: None,
            sources: Sources::new(&deps.data_dir, deps.coordinator, deps.http),
            data_dir: deps.data_dir,
            logs,
            link: deps.link,
            link_events: deps.link_events,
            link_view: LinkView::Dialling,
            drain: DrainPlan::default(),
            backends: deps.backends,
            view: deps.view,
            machine: deps.machine,
            view_at: None,
            orders: deps.orders,
            lending: deps.lending,
            handed_back: Vec::new(),
            capacity: deps.capacity,
            report_every: REPORT_EVERY,
            report_at: Instant::now() + REPORT_EVERY,
            reported: None,
            closing: BTreeSet::new(),
            longest_grace: Duration::ZERO,
            till,
            stop_workloads_on_exit: deps.stop_workloads_on_exit,
        }
    }

    /// The one way into the logic.
    async fn on(&mut self, event: Event) {
        if let Event::Gone { lease } = &event {
            self.closing.insert(*lease);
        }
        let now = self.clock.now();
        let sent = self.till.egress.read().map(Event::Sent);
        for event in sent.into_iter().chain([event]) {
            for effect in self.agent.on(event, now) {
                self.carry_out(effect).await;
            }
        }
        self.till.egress.keep(self.agent.paid_leases());
        self.close_logs().await;
        self.publish();
    }

    async fn on_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connected { session, welcome } => {
                self.link_view = LinkView::Connected;
                self.report_every = Duration::from_millis(welcome.report_every.0).max(REPORT_DEBOUNCE);
                self.logs.tell(LogCommand::Connected(session, welcome.log_marks)).await;
                self.on(Event::Connected { lease_ttl: welcome.lease_ttl }).await;
                self.report_soon();
            }
            LinkEvent::Assignment(assignment) => {
                let grace = assignment.leases.iter().map(|lease| lease.run.stop_grace.0).max().unwrap_or(0);
                self.longest_grace = self.longest_grace.max(Duration::from_millis(grace));
                self.on(Event::Assigned(assignment)).await;
                self.report_soon();
            }
            LinkEvent::Renewed { sent, .. } => self.on(Event::Renewed { sent: self.clock.mono(sent) }).await,
            LinkEvent::Vouchers(items) => self.on(Event::Vouched(items)).await,
            LinkEvent::LogsStored(marks) => self.logs.tell(LogCommand::Stored(marks)).await,
            LinkEvent::Drain(plan) => {
                self.drain = plan;
                self.publish();
            }
            LinkEvent::Disconnected { problem } => {
                self.link_view = LinkView::Down(problem);
                self.logs.tell(LogCommand::Disconnected).await;
                self.on(Event::Disconnected).await;
            }
            LinkEvent::Refused(refused) => {
                self.link_view = LinkView::Refused(refused.problem);
                self.publish();
            }
        }
    }

    async fn on_engine(&mut self, news: EngineNews) {
        match news {
            EngineNews::Up(engine, facts) => {
                tracing::info!("the container engine answers: {} at {}", facts.name, engine.address());
                self.engine = Some(engine);
                self.on(Event::EngineUp(facts)).await;
            }
            EngineNews::Down(problem) => {
                tracing::warn!("{}", problem.message);
                self.on(Event::EngineDown(problem)).await;
            }
        }
    }

    async fn on_task_end(&mut self, panicked: Option<Event>) {
        match panicked {
            Some(event) => self.on(event).await,
            None => self.close_logs().await,
        }
    }

    /// A lease's log is complete when nothing of it is left on the machine and no task of it runs any more.
    async fn close_logs(&mut self) {
        let done: Vec<LeaseId> =
            self.closing.iter().filter(|lease| !self.tasks.any(**lease)).copied().collect();
        for lease in done {
            self.closing.remove(&lease);
            self.logs.tell(LogCommand::Close(lease)).await;
        }
    }

    fn publish(&mut self) {
        let backends = self.agent.backends();
        self.backends.send_if_modified(|old| {
            let changed = *old != backends;
            *old = backends;
            changed
        });
        let report = self.make_report();
        let news = self.reported.as_ref().is_none_or(|old| {
            (old.generation, &old.workloads, &old.images, &old.capacity, &old.lending, &old.handed_back)
                != (
                    report.generation,
                    &report.workloads,
                    &report.images,
                    &report.capacity,
                    &report.lending,
                    &report.handed_back,
                )
        });
        if news {
            self.report_soon();
        }
        self.view_at.get_or_insert_with(|| Instant::now() + SHOW_DEBOUNCE);
    }

    fn report_soon(&mut self) {
        self.report_at = self.report_at.min(Instant::now() + REPORT_DEBOUNCE);
    }

    fn report(&mut self) {
        let mut report = self.make_report();
        report.money = self.till.report(self.agent.money_news(report.at));
        self.reported = Some(report.clone());
        self.report_at = Instant::now() + self.report_every;
        // A report is always taken; only log batches come back.
        let _ = self.link.send(LinkCommand::Report(report));
    }

    fn make_report(&self) -> Report {
        Report {
            generation: self.agent.generation(),
            at: self.clock.now().wall,
            workloads: self.agent.workload_reports(),
            images: self.agent.images(),
            machine: *self.machine.borrow(),
            capacity: Capacity { engine: self.agent.engine_name(), ..self.capacity.clone() },
            money: MoneyReport::default(),
            lending: self.lending,
            handed_back: self.handed_back.clone(),
        }
    }

    /// What was worked until now is kept before it is told. A book that is being written already is older than this one,
    /// and does not replace it.
    async fn last_readings(&mut self) {
        let now = self.clock.now();
        let sent = self.till.egress.read().map(Event::Sent);
        for event in sent.into_iter().chain([Event::Pause]) {
            for effect in self.agent.on(event, now) {
                if let Effect::KeepBook { version, entry } = effect {
                    let done = self.till.write(version, entry).await;
                    self.agent.on(Event::BookWritten { done }, now);
                }
            }
        }
    }

    /// Ends all tasks; the last report says what was left behind.
    async fn end(&mut self) {
        self.last_readings().await;
        self.report();
        self.show();
        self.tasks.abort_all().await;
        if let (true, Some(engine)) = (self.stop_workloads_on_exit, &self.engine)
            && let Err(error) = engine.remove_own_network().await
        {
            tracing::debug!(error = %error.told(), "the network stays");
        }
    }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}
