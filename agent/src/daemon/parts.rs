//! The running parts of an enrolled agent: started together, stopped in order, with what others may see of them.
//! Deliberately absent: when to start and stop them.

use super::{
    Part,
    startup::{DaemonError, http_client},
};
use crate::{
    config::Config,
    driver,
    identity::Identity,
    io::{
        egress::Egress,
        link::{self, Link, LinkTimes},
        machine,
        tunnel::{self, Backends, Throttle, TunnelClient, TunnelState, TunnelTimes},
        wallet::Wallet,
    },
    link_event,
    logic::meter,
    order::{self, Order},
    view::AgentView,
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use tokio_util::task::TaskTracker;
use ttalkak_protocol::{
    link::{Lending, MachineReading},
    secret::Secret,
};

/// What a part gets to end in beyond its own promise.
const MARGIN: Duration = Duration::from_secs(3);
/// The driver ends by itself after the longest grace of its workloads; this is only for a driver that does not.
const DRIVER_WITHIN: Duration = Duration::from_secs(15 * 60);
/// Where Docker keeps its images; their disk is the one that fills up.
const ENGINE_DATA: &str = "/var/lib/docker";

/// What may be seen of the running parts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct World {
    /// Who we are, and where the coordinator is.
    pub identity: Arc<Identity>,
    /// What was in force when the parts were started.
    pub config: Arc<Config>,
    /// What the driver shows.
    pub view: watch::Receiver<AgentView>,
    /// The tunnel's counters.
    pub tunnel: watch::Receiver<TunnelState>,
    /// The machine's newest reading.
    pub machine: watch::Receiver<MachineReading>,
    /// Opens the coordinator's API for this connection's agent; `None` while there is none.
    pub api_token: watch::Receiver<Option<Secret<String>>>,
}

/// The parts at work.
pub(super) struct Running {
    /// In the order in which they stop.
    pub parts: Vec<Part>,
    /// The way to the driver.
    pub orders: mpsc::Sender<Order>,
    /// What may be seen.
    pub world: World,
    /// Of the tunnel.
    pub throttle: Throttle,
}

/// What parts begin with.
pub(super) struct Begin<'a> {
    pub config: &'a Config,
    pub identity: Arc<Identity>,
    pub money: meter::Lending,
    pub lending: Lending,
}

/// Starts the parts; they are listed in the order in which they stop: visitors first, then workloads, and the link
/// last, so that the coordinator hears how it went.
pub(super) fn start(tasks: &TaskTracker, begin: Begin<'_>) -> Result<Running, DaemonError> {
    let Begin { config, identity, money, lending } = begin;
    let (handle, link_events, link_end) = link_event::channels();
    let (token_in, token) = watch::channel(None);
    let (api_token_in, api_token) = watch::channel(None);
    let (backends_in, backends) = watch::channel(Backends::new());
    let (readings, machine_out) = watch::channel(MachineReading::default());
    let (tunnel_state, tunnel_out) = watch::channel(TunnelState::default());
    let (view_in, view) = watch::channel(AgentView::default());
    let (orders, orders_out) = order::channel();
    let capacity = machine::capacity(config.cpu, config.memory, config.workloads_max);
    let coordinator = identity.record.coordinator.clone();
    let (egress, throttle) = (Egress::default(), Throttle::default());
    let wallet = Wallet::new(&config.data_dir, config.money.wallet_keyring);
    let money = driver::Money { lending: money, identity: identity.clone(), wallet, egress: egress.clone() };
    let client = TunnelClient {
        coordinator: coordinator.clone(),
        token,
        backends,
        state: tunnel_state,
        streams_max: config.tunnel_streams_max,
        egress,
        throttle: throttle.clone(),
        times: TunnelTimes { drain: config.drain, ..TunnelTimes::default() },
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
        machine: machine_out.clone(),
        link: handle,
        link_events,
        backends: backends_in,
        view: view_in,
        money,
        lending,
        orders: orders_out,
        stop_workloads_on_exit: !config.keep_workloads,
    };
    let times = LinkTimes::default();
    let link = Link {
        identity: identity.clone(),
        capacity,
        lending,
        tunnel_token: token_in,
        api_token: api_token_in,
        times,
    };
    let engine_data =
        Some(Path::new(ENGINE_DATA)).filter(|path| path.exists()).unwrap_or(&config.data_dir).to_owned();
    let parts = vec![
        Part::start(tasks, "tunnel", config.drain + MARGIN, |stop| tunnel::run(client, stop)),
        Part::start(tasks, "driver", DRIVER_WITHIN, |stop| driver::run(deps, stop)),
        Part::start(tasks, "link", times.goodbye + MARGIN, |stop| link::run(link, link_end, stop)),
        Part::start(tasks, "machine", MARGIN, |stop| machine::run(engine_data, readings, stop)),
    ];
    let config = Arc::new(config.clone());
    let world = World { identity, config, view, tunnel: tunnel_out, machine: machine_out, api_token };
    Ok(Running { parts, orders, world, throttle })
}
