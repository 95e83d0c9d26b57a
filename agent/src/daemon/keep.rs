//! The daemon's one loop: calls, news of the running parts, what the machine tells, time.

use super::{Daemon, Later, Part, World, lending, startup::DaemonError};
use crate::{
    cause::Chain,
    desk::Asked,
    identity::Identity,
    io::{
        clock,
        senses::{Needs, Sensed},
        wallet::Wallet,
    },
    logic::{
        event::Now,
        lending::{decide, for_the_coordinator, shift_today},
        preferences::{Fit, Held, fit},
    },
    order::{Lent, Order},
};
use std::time::Duration;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    desk::{LendingState, NoticeKind, Settings},
    id::LeaseId,
    link,
    unit::UnixMillis,
};

/// Clocks are compared so often, and with them everything that time alone changes.
const TICK: Duration = Duration::from_secs(10);

/// What the loop is wired to.
pub(super) struct Wires {
    pub tasks: TaskTracker,
    pub asks: mpsc::Receiver<Asked>,
    pub laters: mpsc::Receiver<Later>,
    pub sensed: watch::Receiver<Sensed>,
    pub world: watch::Sender<Option<World>>,
    pub settings: watch::Sender<Settings>,
}

/// What is still to be stopped, and what went wrong.
pub(super) type Failed = (Vec<Part>, DaemonError);

/// Runs until `shutdown` or a desk's wish; returns the parts, which still run.
pub(super) async fn run(
    mut daemon: Daemon,
    identity: Result<Identity, DaemonError>,
    mut wires: Wires,
    shutdown: CancellationToken,
) -> Result<Vec<Part>, Failed> {
    match identity {
        Ok(identity) => {
            if let Err(error) = daemon.start_parts(&wires.tasks, identity).await {
                return Err((Vec::new(), error));
            }
        }
        Err(error) => daemon.not_enrolled(&error),
    }
    daemon.begin();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        daemon.settle(&wires).await;
        if let Some(keep) = daemon.ending.take() {
            return Ok(daemon.end(keep).await);
        }
        let wake = daemon.wake();
        tokio::select! {
            Some(asked) = wires.asks.recv() => daemon.on_ask(asked).await,
            Some(later) = wires.laters.recv() => {
                if let Err(error) = daemon.on_later(later, &wires.tasks).await {
                    return Err((daemon.end(None).await, error));
                }
            }
            ended = daemon.part_ended_or_view() => if let Some(name) = ended {
                return Err((daemon.end(None).await, DaemonError::PartEnded(name)));
            },
            changed = wires.sensed.changed() => if changed.is_ok() {
                daemon.sensed = wires.sensed.borrow_and_update().clone();
            },
            _ = ticks.tick() => daemon.on_tick(),
            () = sleep_until(wake.unwrap_or_else(|| Instant::now() + TICK)), if wake.is_some() => {}
            () = shutdown.cancelled() => return Ok(daemon.end(None).await),
        }
    }
}

impl Daemon {
    fn begin(&mut self) {
        self.publish_hello();
        self.publish_settings();
        self.publish_notices();
    }

    /// Brings everything in line with what is known now: what was decided, what the coordinator and the driver were
    /// told, what desks see.
    async fn settle(&mut self, wires: &Wires) {
        self.decide();
        self.leave_if_due();
        self.tell_needs();
        self.look_at_view();
        self.tell_lending().await;
        self.tell_squeeze().await;
        if let Some(running) = &self.running {
            running.throttle.set(self.settings.limits.download, self.settings.limits.upload);
        }
        self.publish_status();
        self.publish_workloads();
        wires.settings.send_if_modified(|old| {
            let changed = *old != self.settings;
            if changed {
                old.clone_from(&self.settings);
            }
            changed
        });
        let here = self.running.as_ref().map(|running| running.world.clone());
        wires.world.send_if_modified(|old| {
            let changed = old.as_ref().map(|world| world.identity.record.agent)
                != here.as_ref().map(|world| world.identity.record.agent);
            if changed {
                *old = here;
            }
            changed
        });
    }

    /// Decides anew whether it lends.
    pub(super) fn decide(&mut self) {
        let now = clock::wall();
        self.facts.agreed = self.agreed_by_command || self.settings.consent.is_some();
        self.facts.idle = self.sensed.idle.map(|(idle, _)| idle);
        self.facts.fullscreen = self.sensed.fullscreen;
        self.facts.battery = self.sensed.battery;
        self.facts.exclusive = self.sensed.program.clone();
        let decision = decide(&self.settings, &self.wishes, &self.facts, now, &self.zone);
        if self.keeper.step(decision, now) {
            tracing::debug!(state = ?self.keeper.state(), "lending");
        }
        if let Some(what) = self.happenings.lending(self.keeper.state()) {
            self.notice(what);
        }
    }

    /// When leaving is over, lending is off until somebody turns it on.
    fn leave_if_due(&mut self) {
        let LendingState::Leaving { by } = *self.keeper.state() else { return };
        let gone = self.view.workloads.is_empty();
        if by > clock::wall() || !gone {
            return;
        }
        self.wishes.leaving_by = None;
        self.settings.lend = false;
        self.chosen.lend = false;
        self.keep_wishes();
        if let Err(problem) = self.keep_settings(self.chosen.clone()) {
            tracing::warn!("that lending is off is not kept: {}", problem.message);
        }
        self.notice(NoticeKind::Left);
        self.publish_settings();
        self.decide();
    }

    fn tell_needs(&self) {
        let Settings { idle, battery, exclusive, .. } = &self.settings;
        let needs = Needs {
            owner: idle.on,
            battery: battery.on,
            programs: if exclusive.on { exclusive.programs.clone() } else { Vec::new() },
        };
        self.sense_needs.send_if_modified(|old| {
            let changed = *old != needs;
            *old = needs;
            changed
        });
    }

    /// What the coordinator should know of lending.
    pub(super) fn lending(&self) -> link::Lending {
        for_the_coordinator(self.keeper.state(), self.keeper.leaves_by())
    }

    async fn tell_lending(&mut self) {
        let lending = self.lending();
        if self.told_lending != Some(lending) {
            self.order(Order::Lending(lending)).await;
            self.told_lending = self.running.is_some().then_some(lending);
        }
    }

    /// Sends an order when there is a driver.
    pub(super) async fn order(&self, order: Order) {
        if let Some(running) = &self.running
            && running.orders.send(order).await.is_err()
        {
            tracing::debug!("the driver is gone and takes no order");
        }
    }

    /// Workloads as far as limits go.
    pub(super) fn held(&self) -> Vec<Held> {
        let used = |lease| {
            let workload = self.view.workloads.iter().find(|workload| workload.lease == lease);
            workload.and_then(|workload| workload.memory_used)
        };
        let leases = self.view.leases.iter();
        leases
            .map(|lease| Held {
                lease: lease.lease,
                cpu: lease.cpu,
                memory: lease.memory,
                memory_used: used(lease.lease),
                paid: lease.payment.is_some(),
            })
            .collect()
    }

    /// Holds what may be held to less to what is lent. What was squeezed stays so for as long as it has to.
    async fn tell_squeeze(&mut self) {
        let Fit { squeezed, .. } = fit(&self.settings.limits, &self.held());
        if squeezed != self.squeezed {
            self.order(Order::Squeeze(squeezed.clone())).await;
            self.squeezed = squeezed;
        }
    }

    /// Limits and rates that changed take hold at once.
    pub(super) async fn tell_limits(&self) {
        let limits = self.settings.limits;
        let lent = Lent {
            cpu: limits.cpu,
            memory: limits.memory,
            workloads_max: limits.workloads,
            ports: limits.port_first..=limits.port_last,
        };
        self.order(Order::Lend(lent)).await;
        self.order(Order::KeepWorkloads(self.settings.keep_workloads)).await;
        // Nobody is there to hear it only when the daemon ends.
        let _ = self.later.try_send(Later::MoneyChanged);
    }

    async fn on_later(&mut self, later: Later, tasks: &TaskTracker) -> Result<(), DaemonError> {
        match later {
            Later::Enrolled { made, answer } => return self.on_enrolled(made, answer, tasks).await,
            Later::MoneyChanged => {
                self.ask_for_backup();
                let (config, make) = (self.effective(), self.agreed_by_command);
                let later = self.later.clone();
                tasks.spawn(async move {
                    let money = lending::lending(&config, make).await;
                    // Nobody is there to hear it only when the daemon ends.
                    let _ = later.send(Later::Money(money)).await;
                });
            }
            Later::Money(money) => self.order(Order::Money(Box::new(money))).await,
        }
        Ok(())
    }

    /// The name of a part that ended by itself; nothing when there is only a new view. Cancel-safe.
    async fn part_ended_or_view(&mut self) -> Option<&'static str> {
        let Some(running) = &mut self.running else { return std::future::pending().await };
        let waits = running.parts.iter_mut().map(|part| Box::pin(part.ended()));
        tokio::select! {
            (name, ..) = futures_util::future::select_all(waits) => Some(name),
            changed = running.world.view.changed() => {
                // The driver's end is told by its part.
                if changed.is_err() { std::future::pending::<()>().await; }
                None
            }
        }
    }

    fn look_at_view(&mut self) {
        let Some(running) = &mut self.running else { return };
        let view = running.world.view.borrow_and_update().clone();
        let now = Now { mono: clock::clocks().awake, wall: clock::wall() };
        let handed_back = &self.handed_back;
        let wishes = super::happenings::Wishes {
            handed_back: &|lease| handed_back.contains_key(lease),
            leaving: self.keeper.leaves_by().is_some(),
        };
        let found = self.happenings.look(&view, wishes, now);
        let here = |lease: &LeaseId| view.leases.iter().any(|view| view.lease == *lease);
        let before = self.handed_back.len();
        // A view without any lease may be one of a driver that has just begun.
        if view.generation > 0 {
            self.handed_back.retain(|lease, _| here(lease));
        }
        let fewer = self.handed_back.len() != before;
        self.view = view;
        if fewer {
            self.tell_handed_back();
        }
        for what in found {
            if self.past.is_news(&what) {
                self.notice(what);
            }
        }
    }

    /// Tells the driver which leases shall go.
    pub(super) fn tell_handed_back(&self) {
        let leases = self.handed_back.values().copied().collect();
        if let Some(running) = &self.running
            && running.orders.try_send(Order::HandedBack(leases)).is_err()
        {
            tracing::warn!("the driver has much to do; leases that shall go are told with the next change");
        }
    }

    fn on_tick(&mut self) {
        for what in self.clock.look(clock::clocks()) {
            tracing::info!(?what, "time");
            self.notice(what);
        }
        // The owner may have travelled.
        self.zone = jiff::tz::TimeZone::system();
        let schedule = &self.settings.schedule;
        if schedule.on
            && let Some(shift) = shift_today(schedule, clock::wall(), &self.zone)
            && self.past.tells_shift(shift.at)
        {
            self.notice(NoticeKind::SummerTime { ahead: shift.ahead });
        }
    }

    /// When time alone changes something.
    fn wake(&self) -> Option<Instant> {
        let now = clock::wall();
        let next = self.keeper.next().map(|next| next.at);
        let at = next.into_iter().chain(self.keeper.stops_at()).filter(|at| *at > now).min()?;
        let wait = Duration::from_millis(at.since(now).0 + 1);
        // A clock that is set must not put it off.
        (wait < TICK).then(|| Instant::now() + wait)
    }

    /// Something happened.
    pub(super) fn notice(&mut self, what: NoticeKind) {
        self.notices.add(what, &self.settings.announce, clock::wall());
        self.publish_notices();
    }

    /// Keeps what was asked for beside the settings.
    pub(super) fn keep_wishes(&mut self) {
        if let Err(error) = self.wishes_file.save(&self.wishes) {
            tracing::warn!("a pause is not kept across a restart: {}", Chain(&error));
        }
    }

    /// A wallet whose key is nowhere else is lost with this machine.
    fn ask_for_backup(&mut self) {
        let wallet = Wallet::new(&self.config.data_dir, self.config.money.wallet_keyring);
        if let Ok(Some(record)) = wallet.record()
            && record.backed_up.is_none()
            && self.past.asks_for_backup(record.address)
        {
            self.notice(NoticeKind::BackUpWallet);
        }
    }

    /// Hands over the parts, which stop next.
    async fn end(&mut self, keep_workloads: Option<bool>) -> Vec<Part> {
        self.past.ended();
        if let Some(keep) = keep_workloads {
            self.order(Order::KeepWorkloads(keep)).await;
        }
        self.running.take().map_or_else(Vec::new, |running| running.parts)
    }

    /// Now, for people.
    pub(super) fn now(&self) -> UnixMillis {
        clock::wall()
    }
}
