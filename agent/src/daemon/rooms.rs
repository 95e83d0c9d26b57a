//! Where calls go that look at the machine: doctor, disk, ports, gauges, earnings, wallet. Each room publishes its own
//! sections. Deliberately absent: calls on lending, settings and workloads, which the daemon's own loop answers, and what
//! the rooms do.

mod coordinator;
mod engine;
mod money;
mod watch_machine;

use super::{Later, World};
use crate::{
    config::Config,
    desk::{Answer, Asked, Hub},
    disk::{Known, Store},
    doctor::{Doctor, Mended},
    io::{
        clock,
        doctor::{Scope, System},
        engine::Engine,
        listeners,
        wallet::{Kept, Wallet},
    },
    logic::{
        doctor::{ProxyFacts, Role, Wanted},
        port_scan::{self, PortBook},
    },
    wallet_desk,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::spawn_blocking,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    desk::{Call, DoctorCheck, KeyStore, News, PortOfOurs, Reply, Settings},
    error::{ErrorCode, Problem},
    unit::UnixMillis,
};

/// The engine's images are looked at so often when nobody asks; the list is cheap, adding up the build cache is not.
const DISK_EVERY: Duration = Duration::from_secs(10 * 60);
/// Ports come and go by themselves.
const PORTS_EVERY: Duration = Duration::from_secs(60);
/// Changes of workloads that come together are looked at together.
const SETTLE: Duration = Duration::from_secs(2);

/// What a room may use.
#[derive(Clone)]
pub(super) struct Surroundings {
    /// Where sections are published.
    pub hub: Hub,
    /// The running parts; `None` while this machine is not enrolled.
    pub world: watch::Receiver<Option<World>>,
    /// What the owner chose.
    pub settings: watch::Receiver<Settings>,
    /// What flags, environment and file say.
    pub config: Arc<Config>,
    /// The proxy of this program's environment.
    pub proxy: ProxyFacts,
    /// Tells the daemon's loop that the wallet is another now.
    pub later: mpsc::Sender<Later>,
}

/// The rooms together.
struct Rooms {
    around: Surroundings,
    doctor: Doctor,
    store: Store,
    wallet: Wallet,
    engine: Mutex<Option<Engine>>,
    nudge: watch::Sender<u64>,
    said: watch::Sender<coordinator::Said>,
}

/// Answers until `stop`.
pub(super) async fn run(around: Surroundings, mut asks: mpsc::Receiver<Asked>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let Some(rooms) = Rooms::open(around).await else { return };
    let rooms = Arc::new(rooms);
    let (engine_in, engine) = watch::channel(None);
    tasks.spawn(rooms.doctor.clone().keep(engine, stop.clone()));
    let works: [std::pin::Pin<Box<dyn Future<Output = ()> + Send>>; 7] = [
        Box::pin(rooms.clone().follow_engine(engine_in)),
        Box::pin(rooms.clone().tell_doctor()),
        Box::pin(rooms.clone().keep_disk()),
        Box::pin(rooms.clone().keep_ports()),
        Box::pin(watch_machine::run(rooms.clone())),
        Box::pin(money::run(rooms.clone())),
        Box::pin(coordinator::run(rooms.clone())),
    ];
    for work in works {
        let stop = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = stop.cancelled() => {}
            }
        });
    }
    loop {
        let asked = tokio::select! {
            Some(asked) = asks.recv() => asked,
            () = stop.cancelled() => break,
        };
        let (rooms, stop) = (rooms.clone(), stop.clone());
        // A password may be typed meanwhile: no ask waits for another.
        tasks.spawn(async move {
            let Asked { call, answer, .. } = asked;
            let answered = tokio::select! {
                answered = rooms.answer(call) => answered,
                () = stop.cancelled() => return,
            };
            // The desk may be gone.
            let _ = answer.send(answered);
        });
    }
    tasks.close();
    tasks.wait().await;
}

impl Rooms {
    async fn open(around: Surroundings) -> Option<Self> {
        let data = around.config.data_dir.clone();
        let store = spawn_blocking(move || Store::open(&data)).await.ok()?;
        let wallet = Wallet::new(&around.config.data_dir, around.config.money.wallet_keyring);
        let place = {
            let (around, wallet) = (around.clone(), wallet.clone());
            Arc::new(move || scope(&around, &wallet))
        };
        let doctor = Doctor::new(place);
        Some(Self {
            around,
            doctor,
            store,
            wallet,
            engine: Mutex::new(None),
            nudge: watch::Sender::new(0),
            said: watch::Sender::default(),
        })
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "the daemon's own loop answers all others")]
    async fn answer(&self, call: Call) -> Answer {
        match call {
            Call::RunDoctor => {
                self.doctor.round().await;
                Ok(Reply::Done)
            }
            Call::Mend { check } => self.mend(check).await,
            Call::LookAtDisk => {
                self.look_at_disk().await;
                Ok(Reply::Done)
            }
            Call::RemoveImage { digest } => {
                let engine = self.need_engine().await?;
                Ok(self.store.remove(&engine, &digest).await?)
            }
            Call::PinImage { digest, pinned } => Ok(self.store.pin(&digest, pinned).await?),
            Call::CleanUp { only_look, build_cache } => {
                let engine = self.need_engine().await?;
                Ok(self.store.clean_up(&engine, only_look, build_cache).await?)
            }
            Call::RefreshEarnings => {
                self.ask_coordinator().await;
                Ok(Reply::Done)
            }
            Call::Claim => self.claim().await,
            Call::SetThreshold { amount } => self.set_threshold(amount).await,
            Call::Statement { month, format } => self.statement(&month, format).await,
            Call::ScanPorts => {
                self.scan_ports().await;
                Ok(Reply::Done)
            }
            other => self.answer_money(other).await,
        }
    }

    async fn mend(&self, check: DoctorCheck) -> Answer {
        match self.doctor.mend(check).await? {
            Mended::Done => Ok(Reply::Done),
            Mended::CleanUp => {
                let engine = self.need_engine().await?;
                self.store.clean_up(&engine, false, false).await?;
                self.doctor.round().await;
                Ok(Reply::Done)
            }
            Mended::Ports(range) => Err(Problem::new(
                ErrorCode::PortsTaken,
                format!("The ports {} to {} are free.", range.start(), range.end()),
            )
            .with_next("Set this range in the settings.")
            .into()),
            Mended::WalletToFile => Err(Problem::new(
                ErrorCode::KeyStoreLocked,
                "New wallets go to a file by themselves while the key store is locked.",
            )
            .with_next("Make the wallet.")
            .into()),
        }
    }

    async fn tell_doctor(self: Arc<Self>) {
        let mut told = self.doctor.told();
        loop {
            let now = told.borrow_and_update().clone();
            self.around.hub.publish(News::Doctor(now));
            self.tell_wallet().await;
            if told.changed().await.is_err() {
                return;
            }
        }
    }

    async fn keep_disk(self: Arc<Self>) {
        let mut nudge = self.nudge.subscribe();
        let mut told = self.store.told();
        loop {
            self.look_at_disk().await;
            let again = sleep(DISK_EVERY);
            tokio::pin!(again);
            loop {
                let now = told.borrow_and_update().clone();
                self.around.hub.publish(News::Disk(now));
                tokio::select! {
                    Ok(()) = told.changed() => {}
                    Ok(()) = nudge.changed() => break,
                    () = &mut again => break,
                }
            }
        }
    }

    async fn look_at_disk(&self) {
        let engine = self.engine().await;
        let limit = self.around.settings.borrow().limits.disk;
        self.store.look(engine.as_ref(), self.known(), Some(limit)).await;
    }

    fn known(&self) -> Known {
        let world = self.around.world.borrow().clone();
        let Some(world) = world else { return Known::default() };
        let view = world.view.borrow();
        let assigned =
            view.leases.iter().map(|lease| (lease.build_key.clone(), lease.name.clone())).collect();
        // What the driver keeps beside those is what the coordinator wants kept: it removes all else by itself.
        let wanted = view.images.iter().map(|image| image.build_key.clone()).collect();
        Known { wanted, assigned }
    }

    async fn keep_ports(self: Arc<Self>) {
        let mut settings = self.around.settings.clone();
        let mut nudge = self.nudge.subscribe();
        loop {
            self.scan_ports().await;
            tokio::select! {
                Ok(()) = settings.changed() => {}
                Ok(()) = nudge.changed() => {}
                () = sleep(PORTS_EVERY) => {}
            }
            sleep(SETTLE).await;
        }
    }

    async fn scan_ports(&self) {
        let limits = self.around.settings.borrow().limits;
        let listening = spawn_blocking(listeners::listening).await.ok().flatten();
        let book = PortBook {
            range: limits.port_first..=limits.port_last,
            ours: ports_of(&self.around),
            avoided: BTreeMap::new(),
            exhausted: exhausted(&self.around),
        };
        self.around.hub.publish(News::Ports(port_scan::section(&book, listening.as_deref(), clock::wall())));
    }

    /// The section of the wallet, with what the doctor last saw of the key store.
    async fn tell_wallet(&self) {
        let key_store = self.key_store();
        let payee = self.around.settings.borrow().payee;
        let wallet = self.wallet.clone();
        if let Ok(news) = spawn_blocking(move || wallet_desk::news(&wallet, payee, key_store)).await {
            self.around.hub.publish(News::Wallet(news));
        }
    }

    fn key_store(&self) -> KeyStore {
        self.doctor.key_store()
    }
}

/// Ports that workloads have.
fn ports_of(around: &Surroundings) -> Vec<PortOfOurs> {
    let Some(world) = around.world.borrow().clone() else { return Vec::new() };
    let view = world.view.borrow();
    let of = |lease: ttalkak_protocol::id::LeaseId| view.leases.iter().find(|view| view.lease == lease);
    view.workloads
        .iter()
        .filter_map(|workload| {
            Some(PortOfOurs {
                port: workload.host_port?.get(),
                lease: workload.lease,
                name: of(workload.lease).map(|view| view.name.clone()).unwrap_or_default(),
                container_port: of(workload.lease).map_or(0, |view| view.port.get()),
            })
        })
        .collect()
}

/// Since when a workload waits for a port.
fn exhausted(around: &Surroundings) -> Option<UnixMillis> {
    use ttalkak_protocol::link::Phase;
    let world = around.world.borrow().clone()?;
    let view = world.view.borrow();
    let waits = view.workloads.iter().filter(|workload| {
        matches!(&workload.phase, Phase::Waiting { why: Some(why) } if why.code == ErrorCode::PortsExhausted)
    });
    waits.map(|workload| workload.since).max()
}

fn scope(around: &Surroundings, wallet: &Wallet) -> Scope {
    let config = &around.config;
    let limits = around.settings.borrow().limits;
    let world = around.world.borrow().clone();
    let coordinator = world.map(|world| world.identity.record.coordinator.clone());
    let ours: BTreeSet<u16> = ports_of(around).into_iter().map(|port| port.port).collect();
    Scope {
        engine: config.engine.clone(),
        runtime_dir: config.runtime_dir.clone(),
        data_dir: config.data_dir.clone(),
        role: Role::Daemon,
        coordinator: coordinator.or_else(|| config.coordinator.clone()),
        wanted: Wanted {
            cpu: limits.cpu,
            memory: limits.memory,
            ports: limits.port_first..=limits.port_last,
            workloads_max: limits.workloads,
        },
        ours,
        proxy: around.proxy.clone(),
        wallet_in_key_store: matches!(wallet.record(), Ok(Some(record)) if record.kept == Kept::Keyring),
        system: System::of_this_process(),
    }
}
