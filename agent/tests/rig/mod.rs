//! A real engine and a real driver; the coordinator is played by the test: it hands out assignments, serves source
//! archives and reads reports and logs. Every rig has its own agent id, and removes on drop what carries it.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed step of a test ends the test, and a skip is told aloud"
)]
#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(dead_code, reason = "each test binary uses its own part of the rig")]

mod archives;

use archives::{archive, serve};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use ttalkak_agent::{
    driver::{self, Deps, Money},
    identity::{AgentRecord, Identity},
    io::{egress::Egress, engine::Engine, machine, source, wallet::Wallet},
    link_event::{self, LinkEnd, LinkEvent, Session},
    logic::meter::Lending,
    order::{self, Order},
    view::AgentView,
};
use ttalkak_protocol::{
    error::{ErrorCode, Problem},
    id::{AgentId, DeploymentId, LeaseId, ReleaseId},
    link::{
        Assignment, BuildSpec, Exposure, Health, Lease, LogLine, LogMark, MachineReading, Phase, Report,
        RunSpec, SourceRef, Welcome, WorkloadReport,
    },
    secret::Secret,
    unit::{Bytes as Size, ContainerPort, MilliCpu, Millis},
    version::Version,
};
use uuid::Uuid;

/// Nothing that a test waits for takes so long on a machine that works.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// The agent's own key.
pub const SECRET: [u8; 32] = [3; 32];
/// Each rig gets its own hundred ports, so that tests run side by side.
static NEXT_PORTS: AtomicU16 = AtomicU16::new(41_000);

/// The engine of this machine; `None`, said aloud, when there is none.
pub async fn engine(agent: AgentId) -> Option<Engine> {
    match Engine::find(None, None, agent).await {
        Ok((engine, _)) => Some(engine),
        Err(error) => {
            let must =
                std::env::vars_os().any(|(key, value)| key == "TTALKAK_REQUIRE_ENGINE" && value == "1");
            assert!(!must, "TTALKAK_REQUIRE_ENGINE is set and no container engine answers: {error}");
            eprintln!("SKIPPED: no container engine answers ({error}); this test shows nothing");
            None
        }
    }
}

pub fn fresh_agent() -> AgentId {
    AgentId::new(Uuid::new_v4())
}

/// Removes everything of one agent when dropped, also when the test panics.
pub struct Cleaner(pub AgentId);

impl Drop for Cleaner {
    fn drop(&mut self) {
        let agent = self.0;
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let Ok((engine, _)) = Engine::find(None, None, agent).await else { return };
                // What the driver was about to make when it was dropped may appear a moment later.
                let mut look = tokio::time::interval(std::time::Duration::from_millis(100));
                for _ in 0..20 {
                    look.tick().await;
                    let seen = engine.observe().await.unwrap_or_default();
                    for container in &seen.containers {
                        let _ = engine.remove_container(&container.id).await;
                    }
                    for image in &seen.images {
                        let _ = engine.remove_image(&image.build_key).await;
                    }
                    for image in &seen.stray_images {
                        let _ = engine.remove_stray_image(image).await;
                    }
                    let _ = engine.remove_own_network().await;
                    if engine.observe().await.is_ok_and(|seen| seen == Default::default()) {
                        break;
                    }
                }
            });
        };
        let _ = std::thread::spawn(work).join();
    }
}

/// What an app is made of.
#[derive(Clone)]
pub struct App {
    pub dockerfile: String,
    pub files: BTreeMap<String, String>,
    pub args: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, Secret<String>>,
    pub build_deadline: Duration,
    pub start_deadline: Duration,
    pub memory: Size,
    pub exposure: Exposure,
    pub health_path: Option<String>,
}

impl App {
    pub fn new(dockerfile: &str) -> Self {
        Self {
            dockerfile: dockerfile.to_owned(),
            files: BTreeMap::new(),
            args: BTreeMap::new(),
            secrets: BTreeMap::new(),
            build_deadline: Duration::from_secs(60),
            start_deadline: Duration::from_secs(30),
            memory: Size::mib(128),
            exposure: Exposure::Http,
            health_path: None,
        }
    }

    /// A Python program on the local image, with `PORT` 8080.
    pub fn python(program: &str) -> Self {
        let mut app =
            Self::new("FROM python:3.11-slim\nCOPY app.py /app.py\nCMD [\"python3\", \"-u\", \"/app.py\"]\n");
        app.files.insert("app.py".to_owned(), program.to_owned());
        app
    }

    /// A lease of this app that no other lease is like.
    pub fn lease(&self) -> Lease {
        let id = Uuid::now_v7();
        let archive = archive();
        Lease {
            lease: LeaseId::new(id),
            deployment: DeploymentId::new(Uuid::new_v4()),
            release: ReleaseId::new(Uuid::new_v4()),
            name: "test".to_owned(),
            url: None,
            build: BuildSpec {
                build_key: hex::encode(Sha256::digest(id.as_bytes())),
                source: SourceRef {
                    path: "/v1/sources/any".to_owned(),
                    token: Secret::new("token".to_owned()),
                    digest: hex::encode(Sha256::digest(&archive)),
                    bytes: Size(archive.len() as u64),
                },
                dockerfile: self.dockerfile.clone(),
                files: self.files.clone(),
                args: self.args.clone(),
                secrets: self.secrets.clone(),
                deadline: Millis(u64::try_from(self.build_deadline.as_millis()).unwrap()),
            },
            run: RunSpec {
                env: BTreeMap::new(),
                port: ContainerPort::try_from(8080).unwrap(),
                exposure: self.exposure,
                memory: self.memory,
                cpu: MilliCpu(500),
                stop_grace: Millis(2_000),
                start_deadline: Millis(u64::try_from(self.start_deadline.as_millis()).unwrap()),
                health_path: self.health_path.clone(),
            },
            payment: None,
        }
    }
}

/// A driver on a real engine.
pub struct Rig {
    pub engine: Engine,
    pub agent: AgentId,
    pub data_dir: Arc<tempfile::TempDir>,
    pub backends: watch::Receiver<BTreeMap<String, SocketAddr>>,
    /// What the owner wants.
    pub orders: tokio::sync::mpsc::Sender<Order>,
    end: LinkEnd,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    lines: Arc<Mutex<Vec<LogLine>>>,
    stored: BTreeMap<LeaseId, LogMark>,
    generation: u64,
    session: u64,
    ports: u16,
    /// What the next boot lends for.
    pub lending: Lending,
    /// What visitors were sent; the tunnel is not part of the rig.
    pub egress: Egress,
    _cleaner: Cleaner,
}

impl Rig {
    /// A running driver that is connected and has no lease; `None` without an engine.
    pub async fn new() -> Option<Self> {
        let agent = fresh_agent();
        let engine = engine(agent).await?;
        let ports = NEXT_PORTS.fetch_add(100, Ordering::Relaxed);
        let (end, backends) = (link_event::channels().2, watch::channel(BTreeMap::new()).1);
        let mut rig = Self {
            engine,
            agent,
            data_dir: Arc::new(tempfile::tempdir().unwrap()),
            backends,
            orders: order::channel().0,
            end,
            shutdown: CancellationToken::new(),
            tasks: JoinSet::new(),
            lines: Arc::default(),
            stored: BTreeMap::new(),
            generation: 0,
            session: 0,
            ports,
            lending: Lending::default(),
            egress: Egress::default(),
            _cleaner: Cleaner(agent),
        };
        rig.boot(true).await;
        Some(rig)
    }

    /// Starts a fresh driver, as a new process would, and connects it.
    pub async fn boot(&mut self, stop_workloads_on_exit: bool) {
        let (link, link_events, end) = link_event::channels();
        let (backends, backends_out) = watch::channel(BTreeMap::new());
        let server = serve(&mut self.tasks).await;
        let (_machine, readings) = watch::channel(MachineReading::default());
        let deps = Deps {
            agent: self.agent,
            coordinator: format!("http://{server}").parse().unwrap(),
            http: source::http_client().unwrap(),
            data_dir: self.data_dir.path().to_owned(),
            engine: None,
            runtime_dir: None,
            ports: self.ports..=self.ports + 99,
            capacity: machine::capacity(MilliCpu(1000), Size::mib(1024), 10),
            machine: readings,
            link,
            link_events,
            backends,
            view: watch::channel(AgentView::default()).0,
            money: self.money(),
            lending: ttalkak_protocol::link::Lending::default(),
            orders: self.orders(),
            stop_workloads_on_exit,
        };
        (self.end, self.backends) = (end, backends_out);
        self.shutdown = CancellationToken::new();
        self.tasks.spawn(driver::run(deps, self.shutdown.clone()));
        self.connect(Duration::from_secs(3600)).await;
    }

    /// The way to the driver that is being booted.
    fn orders(&mut self) -> tokio::sync::mpsc::Receiver<Order> {
        let (orders, received) = order::channel();
        self.orders = orders;
        received
    }

    fn money(&self) -> Money {
        let coordinator = "http://127.0.0.1:1".parse().unwrap();
        let record = AgentRecord { agent: self.agent, coordinator, name: "rig".to_owned() };
        Money {
            lending: self.lending.clone(),
            identity: Arc::new(Identity::in_memory(record, SECRET)),
            wallet: Wallet::new(self.data_dir.path(), false),
            egress: self.egress.clone(),
        }
    }

    pub async fn connect(&mut self, lease_ttl: Duration) {
        self.session += 1;
        let welcome = Welcome {
            version: Version(1),
            report_every: Millis(1_000),
            lease_ttl: Millis(u64::try_from(lease_ttl.as_millis()).unwrap()),
            tunnel_token: Secret::new("t".to_owned()),
            log_marks: self.stored.values().copied().collect(),
            api_token: None,
        };
        self.tell(LinkEvent::Connected { session: Session(self.session), welcome }).await;
    }

    pub async fn disconnect(&mut self) {
        let problem = Problem::new(ErrorCode::Unavailable, "gone");
        self.tell(LinkEvent::Disconnected { problem }).await;
    }

    pub async fn tell(&mut self, event: LinkEvent) {
        self.end.events.send(event).await.unwrap();
    }

    /// Hands out these leases and no others.
    pub async fn assign(&mut self, leases: &[Lease]) {
        self.generation += 1;
        let assignment =
            Assignment { generation: self.generation, leases: leases.to_vec(), pinned: Vec::new() };
        self.tell(LinkEvent::Assignment(assignment)).await;
    }

    /// Waits until a report is as wanted; log lines are stored and told so meanwhile.
    pub async fn until<T>(&mut self, what: &str, wanted: impl Fn(&Report) -> Option<T>) -> T {
        let mut seen = VecDeque::new();
        let wait = async {
            loop {
                tokio::select! {
                    changed = self.end.reports.changed() => {
                        changed.expect("the driver runs");
                        let report = self.end.reports.borrow_and_update().clone().expect("a report was sent");
                        if let Some(found) = wanted(&report) {
                            return found;
                        }
                        seen.push_back(format!("{:?}", report.workloads));
                    }
                    Some((_, batch)) = self.end.logs.recv() => {
                        for line in batch.lines {
                            let mark = LogMark { lease: line.lease, seq: line.seq, engine_nanos: line.engine_nanos };
                            self.stored.insert(line.lease, mark);
                            self.lines.lock().unwrap().push(line);
                        }
                        let marks = self.stored.values().copied().collect();
                        self.end.events.send(LinkEvent::LogsStored(marks)).await.unwrap();
                    }
                }
            }
        };
        let found = timeout(PATIENCE, wait).await;
        found.unwrap_or_else(|_| {
            panic!("never {what}; last seen: {:#?}", seen.iter().rev().take(3).collect::<Vec<_>>())
        })
    }

    pub async fn until_phase(
        &mut self,
        what: &str,
        lease: LeaseId,
        wanted: impl Fn(&Phase) -> bool,
    ) -> WorkloadReport {
        self.until(what, |report| {
            report.workloads.iter().find(|w| w.lease == lease && wanted(&w.phase)).cloned()
        })
        .await
    }

    pub async fn until_healthy(&mut self, lease: LeaseId) -> WorkloadReport {
        self.until_phase("healthy", lease, |phase| *phase == Phase::Running { health: Health::Healthy }).await
    }

    /// The problem and last lines of a lease that fails.
    pub async fn until_failed(&mut self, lease: LeaseId) -> (Problem, Vec<String>) {
        let workload = self.until_phase("failed", lease, |phase| matches!(phase, Phase::Failed { .. })).await;
        let Phase::Failed { problem, last_lines } = workload.phase else { unreachable!("it was waited for") };
        (problem, last_lines)
    }

    pub async fn until_gone(&mut self, lease: LeaseId) {
        self.until("gone", |report| (!report.workloads.iter().any(|w| w.lease == lease)).then_some(())).await;
    }

    pub fn log(&self, lease: LeaseId) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.lease == lease).map(|line| line.text.clone()).collect()
    }

    /// Ends the driver as SIGTERM would, and waits for it.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        // The server of archives goes on; the driver is the only task that ends.
        timeout(PATIENCE, self.tasks.join_next()).await.expect("the driver ends").unwrap().unwrap();
    }

    /// Ends the driver as kill -9 would: no task of it gets a word in.
    pub async fn kill(&mut self) {
        self.tasks.shutdown().await;
    }

    /// What a visitor gets.
    pub async fn get(&self, lease: LeaseId) -> String {
        let backend = self.backends.borrow()[&lease.to_string()];
        let client = source::http_client().unwrap();
        client.get(format!("http://{backend}/")).send().await.unwrap().text().await.unwrap()
    }
}
