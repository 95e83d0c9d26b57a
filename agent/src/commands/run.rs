//! `ttalkak-agent run`: wires the parts together and takes them apart in order.
//! Deliberately absent: everything that a part does.

use super::{DataLock, Failure, Part, lending, signal::stop_wished, stop_in_order};
use crate::{
    config::{Config, Surroundings, Texts},
    driver,
    enrol::{Enrolment, create_data_dir, enrol},
    identity::{Identity, read_record},
    io::{
        egress::Egress,
        link::{self, Link, LinkTimes},
        machine::{self, MachineSize},
        tunnel::{self, Backends, TunnelClient, TunnelState, TunnelTimes},
        wallet::Wallet,
    },
    link_event,
    logic::meter::Lending,
    view::AgentView,
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use ttalkak_protocol::link::MachineReading;

/// What a part gets to end in beyond its own promise.
const MARGIN: Duration = Duration::from_secs(3);
/// The driver ends by itself after the longest grace of its workloads; this is only for a driver that does not.
const DRIVER_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Where Docker keeps its images; their disk is the one that fills up.
const ENGINE_DATA: &str = "/var/lib/docker";

/// What `run` takes. Each flag is a setting of the same name in the settings file.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Where the agent keeps its key and state.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// A settings file; agent.example.toml shows all there is.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Host ports that workloads may get.
    #[arg(long, value_name = "FIRST-LAST")]
    port_range: Option<String>,
    /// Processors to lend, such as 2 or 500m; half of the machine when not said.
    #[arg(long)]
    cpu: Option<String>,
    /// Memory to lend, such as 2GiB; half of the machine when not said.
    #[arg(long)]
    memory: Option<String>,
    /// Most workloads at a time.
    #[arg(long, value_name = "COUNT")]
    workloads_max: Option<String>,
    /// The engine's socket, such as unix:///var/run/docker.sock.
    #[arg(long, value_name = "ADDRESS")]
    engine: Option<String>,
    /// Let workloads run on when the agent stops.
    #[arg(long)]
    keep_workloads: bool,
    /// A one-time code: enrols this machine first, if it is not enrolled yet.
    #[arg(long, value_name = "CODE")]
    enrol_code: Option<String>,
    /// The coordinator to enrol with.
    #[arg(long, value_name = "URL")]
    coordinator: Option<String>,
    /// What to call this machine when it is enrolled.
    #[arg(long)]
    name: Option<String>,
}

impl RunArgs {
    fn texts(self) -> Texts {
        let said = [
            ("data_dir", self.data_dir),
            ("port_range", self.port_range),
            ("cpu", self.cpu),
            ("memory", self.memory),
            ("workloads_max", self.workloads_max),
            ("engine", self.engine),
            ("keep_workloads", self.keep_workloads.then(|| "true".to_owned())),
            ("enrol_code", self.enrol_code),
            ("coordinator", self.coordinator),
            ("name", self.name),
        ];
        said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

pub(super) async fn run(args: RunArgs, mut surroundings: Surroundings) -> Result<ExitCode, Failure> {
    surroundings.read_file(args.config.as_deref())?;
    let config = Config::read(args.texts(), &surroundings, MachineSize::read())?;
    create_data_dir(&config.data_dir)?;
    let _lock = DataLock::take(&config.data_dir)?;
    let identity = Arc::new(identity(&config).await?);
    let record = &identity.record;
    tracing::info!(agent.id = %record.agent, "agent {} of {} starts", record.agent, record.coordinator);
    if record.coordinator.readable_by_others() {
        tracing::warn!(
            "the coordinator is reached without TLS: others on the way can read source and settings"
        );
    }
    let tasks = TaskTracker::new();
    let lending = lending::lending(&config).await;
    let mut parts = start(&tasks, &config, &identity, lending)?;
    let ended_early = tokio::select! {
        wished = stop_wished() => { wished?; None }
        name = any_ended(&mut parts) => Some(name),
    };
    tracing::info!("stopping; a second signal ends the agent at once");
    let stuck = tokio::select! {
        stuck = stop_in_order(parts) => stuck,
        _ = stop_wished() => vec!["everything, as was wished"],
    };
    if !stuck.is_empty() {
        tracing::error!("did not stop in time: {}", stuck.join(", "));
    }
    if let Some(name) = ended_early {
        return Err(format!("the {name} ended by itself; this is a bug").into());
    }
    Ok(if stuck.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The identity on disk; enrols first when there is a code and no identity.
async fn identity(config: &Config) -> Result<Identity, Failure> {
    let enrolled = read_record(&config.data_dir)?.is_some();
    match (&config.enrol_code, &config.coordinator) {
        (Some(code), Some(coordinator)) if !enrolled => {
            let name = config.name.clone().or_else(machine::host_name).unwrap_or_else(|| "agent".to_owned());
            let (coordinator, code) = (coordinator.clone(), code.clone());
            Ok(enrol(&config.data_dir, Enrolment { coordinator, code, name, force: false }).await?)
        }
        (Some(_), None) if !enrolled => Err("an enrolment code needs --coordinator URL beside it".into()),
        _ => {
            let identity = Identity::open(&config.data_dir)?;
            refuse_another_coordinator(config, &identity)?;
            Ok(identity)
        }
    }
}

/// A coordinator that was named and is not the one of the record would otherwise be ignored without a word.
fn refuse_another_coordinator(config: &Config, identity: &Identity) -> Result<(), Failure> {
    let known = &identity.record.coordinator;
    match &config.coordinator {
        Some(named) if named != known => Err(format!(
            "this machine is enrolled with {known}, not with {named}; enrol it anew with `ttalkak-agent enrol --force`"
        )
        .into()),
        Some(_) | None => Ok(()),
    }
}

/// Starts the parts; they are listed in the order in which they stop: visitors first, then workloads, and the link
/// last, so that the coordinator hears how it went.
fn start(
    tasks: &TaskTracker,
    config: &Config,
    identity: &Arc<Identity>,
    lending: Lending,
) -> Result<Vec<Part>, Failure> {
    let (handle, link_events, link_end) = link_event::channels();
    let (token_in, token) = watch::channel(None);
    let (backends_in, backends) = watch::channel(Backends::new());
    let (readings, machine) = watch::channel(MachineReading::default());
    let (tunnel_state, _) = watch::channel(TunnelState::default());
    let (view, _) = watch::channel(AgentView::default());
    let capacity = machine::capacity(config.cpu, config.memory, config.workloads_max);
    let coordinator = identity.record.coordinator.clone();

    let egress = Egress::default();
    let wallet = Wallet::new(&config.data_dir, config.money.wallet_keyring);
    let money = driver::Money { lending, identity: identity.clone(), wallet, egress: egress.clone() };
    let times = TunnelTimes { drain: config.drain, ..TunnelTimes::default() };
    let client = TunnelClient {
        coordinator: coordinator.clone(),
        token,
        backends,
        state: tunnel_state,
        streams_max: config.tunnel_streams_max,
        egress,
        times,
    };
    let deps = driver::Deps {
        agent: identity.record.agent,
        coordinator,
        http: http_client()?,
        data_dir: config.data_dir.clone(),
        engine: config.engine.clone(),
        runtime_dir: config.runtime_dir.clone(),
        ports: config.port_range.clone(),
        capacity: capacity.clone(),
        machine,
        link: handle,
        link_events,
        backends: backends_in,
        view,
        money,
        stop_workloads_on_exit: !config.keep_workloads,
    };
    let times = LinkTimes::default();
    let link = Link { identity: identity.clone(), capacity, tunnel_token: token_in, times };
    let engine_data =
        Some(Path::new(ENGINE_DATA)).filter(|path| path.exists()).unwrap_or(&config.data_dir).to_owned();
    Ok(vec![
        Part::start(tasks, "tunnel", config.drain + MARGIN, |stop| tunnel::run(client, stop)),
        Part::start(tasks, "driver", DRIVER_WITHIN, |stop| driver::run(deps, stop)),
        Part::start(tasks, "link", times.goodbye + MARGIN, |stop| link::run(link, link_end, stop)),
        Part::start(tasks, "machine", MARGIN, |stop| machine::run(engine_data, readings, stop)),
    ])
}

/// For source archives: no limit in all, as they may be large, and a short one without a byte.
fn http_client() -> Result<reqwest::Client, Failure> {
    // The first to install wins, and every one installs the same.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let (connect, silent) = (Duration::from_secs(10), Duration::from_secs(30));
    Ok(reqwest::Client::builder().connect_timeout(connect).read_timeout(silent).build()?)
}

/// Waits for a part that ends before it was asked to.
async fn any_ended(parts: &mut [Part]) -> &'static str {
    let waits = parts.iter_mut().map(|part| Box::pin(part.ended()));
    futures_util::future::select_all(waits).await.0
}
