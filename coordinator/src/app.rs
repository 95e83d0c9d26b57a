//! Wires the rooms together, runs them, and takes them down in order: stop accepting, tell peers, drain, close.

mod payments;

use crate::{
    api::{self, ApiState},
    clock,
    config::{self, Config},
    console::{self, Console},
    doors::{ConnectTokens, OpenDoor},
    edge::{self, EdgeConfig, EdgeState, Scheme, routes::RouteTable, tunnels::Tunnels},
    facts::Facts,
    flows::{plan::Plans, world::World},
    fresh, front,
    git::GitPolicy,
    github::GitHub,
    jobs,
    link::{self, LinkConfig, LinkState},
    log_hub::LogHub,
    mail::Mailer,
    nudge::Nudge,
    online::Online,
    seal::Sealer,
    store::Store,
    visitors::{EdgeVisitors, table},
};
use anyhow::{Context, Result};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::id::AccountId;

/// Requests at work and visitors' streams have so long to end after a shutdown was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// What is kept between runs.
pub struct Kept {
    /// Tables and logs.
    pub store: Store,
    /// Seals secrets.
    pub sealer: Sealer,
}

/// Opens the data folder, making it on the first run.
pub async fn open(config: &Config) -> Result<Kept> {
    let folder = &config.data_dir;
    std::fs::create_dir_all(folder.join("sources")).with_context(|| format!("make {}", folder.display()))?;
    crate::git::sweep(&folder.join("sources")).context("clear away what a killed fetch left")?;
    let sealer = Sealer::open(folder).context("open the master key")?;
    let store = Store::open(folder).await.context("open the database")?;
    if store.first_account().await?.is_none() {
        store.create_account(fresh::id(AccountId::new), "owner", clock::now()).await?;
    }
    Ok(Kept { store, sealer })
}

/// Both listeners, bound by the caller.
pub struct Listeners {
    /// API, links, tunnels.
    pub api: TcpListener,
    /// Visitors.
    pub edge: TcpListener,
}

/// Runs until `shutdown`, then takes everything down. Returns when nothing is left running.
pub async fn run(
    config: Config,
    kept: Kept,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> Result<()> {
    let Kept { store, sealer } = kept;
    let config = Arc::new(config);
    let (nudge, online, logs) = (Nudge::default(), Online::default(), LogHub::default());
    let (tasks, workers) = (TaskTracker::new(), TaskTracker::new());
    let opened = payments::open(&config.payments, &store).await.context("open payments")?;
    let money = opened.as_ref().map(|(money, _)| money.clone());
    let github = GitHub::open(&config.github).context("open GitHub")?;
    let routes = RouteTable::default();
    routes.replace_all(table(&store.addresses().await?, &store.tunnel_addresses().await?));
    let tunnels = open_tunnels(&online, &store, &tasks, &shutdown);
    let visitors = Arc::new(EdgeVisitors { routes: routes.clone(), tunnels: tunnels.clone() });
    let world = World::new(
        (store.clone(), sealer.clone()),
        (nudge.clone(), online.clone()),
        visitors,
        GitPolicy::new(config.allow_local_git, config::git_environment()),
        config.data_dir.join("sources"),
    )
    .with_money(money.clone())
    .with_github(github.clone());

    let plans = Plans::new(world.clone());
    start_jobs(&workers, &world, &config, &tunnels, &shutdown);
    if let Some((money, chain)) = &opened {
        jobs::paid::start(&workers, &world, (money, chain), &shutdown);
        jobs::rates::start(&workers, &store, money, &shutdown).await.context("take up kept rates")?;
    }

    let audience = store.setting("coordinator_id", &fresh::secret("ttc_")).await?;
    let links = LinkState {
        config: Arc::new(LinkConfig::new(audience)),
        registry: Arc::new(Facts::new(world, logs.clone(), config.clone())),
        online: online.clone(),
        nudge: nudge.clone(),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
    };
    let state = ApiState {
        store: store.clone(),
        sealer,
        nudge,
        logs,
        online,
        config: config.clone(),
        money,
        github,
        mail: Mailer::new(&config.accounts.mail()).context("open the way for mail")?,
        plans,
        edge: Arc::new(edge_door(&config, &routes, &tunnels)),
        tasks: tasks.clone(),
        shutdown: shutdown.clone(),
    };
    let http = api::router(state).merge(link::routes(links)).merge(tunnels.routes());
    let console = Console::new(console::BUILT, config.payments.public_rpc.as_deref(), &config.app_url("*"));
    let http = console.in_front_of(http);
    let edge = EdgeState::new(edge_config(&config), routes, tunnels, tasks.clone());
    workers.spawn(edge::serve_ports(edge.clone(), shutdown.clone()));
    workers.spawn(edge::serve(listeners.edge, edge, shutdown.clone()));
    let served = front::serve(listeners.api, http, shutdown.clone());
    tracing::info!(listen = %config.listen, edge = %config.edge_listen, "coordinator is ready");

    serve_out(served, &shutdown).await;
    take_down(&workers, &tasks).await;
    store.close().await;
    tracing::info!("coordinator has stopped");
    Ok(())
}

fn open_tunnels(
    online: &Online,
    store: &Store,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> Tunnels {
    let named = Arc::new(ConnectTokens(store.clone()));
    let limits = ttalkak_tunnel::Limits::default();
    Tunnels::new(online.clone(), named, limits, tasks.clone(), shutdown.clone())
}

/// Serves until the end was asked for and requests at work are done, or their time is over.
async fn serve_out(served: impl Future<Output = ()>, shutdown: &CancellationToken) {
    let grace = async {
        shutdown.cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = served => {}
        () = grace => tracing::warn!("requests at work were cut after {} s", DRAIN.as_secs()),
    }
    shutdown.cancel();
}

fn start_jobs(
    workers: &TaskTracker,
    world: &World,
    config: &Arc<Config>,
    tunnels: &Tunnels,
    shutdown: &CancellationToken,
) {
    if let Some(github) = &world.github {
        workers.spawn(jobs::push::run(world.clone(), github.clone(), config.clone(), shutdown.clone()));
    }
    workers.spawn(jobs::previews::run(world.clone(), shutdown.clone()));
    workers.spawn(jobs::sagas::run(world.clone(), shutdown.clone()));
    workers.spawn(jobs::leaving::run(world.clone(), shutdown.clone()));
    workers.spawn(jobs::presence::run(world.clone(), shutdown.clone()));
    workers.spawn(jobs::terms::run(world.clone(), shutdown.clone()));
    workers.spawn(jobs::sweep::run(world.clone(), shutdown.clone()));
    workers.spawn(jobs::wake::run(world.nudge.clone(), tunnels.changes(), shutdown.clone()));
}

async fn take_down(workers: &TaskTracker, tasks: &TaskTracker) {
    for (what, tracker) in [("workers", workers), ("connections", tasks)] {
        tracker.close();
        if tokio::time::timeout(DRAIN, tracker.wait()).await.is_err() {
            tracing::warn!(left = tracker.len(), "{} {what} did not stop in time", tracker.len());
        }
    }
}

fn edge_door(config: &Config, routes: &RouteTable, tunnels: &Tunnels) -> OpenDoor {
    OpenDoor { routes: routes.clone(), tunnels: tunnels.clone(), ports_address: config.edge_listen.ip() }
}

fn edge_config(config: &Config) -> EdgeConfig {
    let https = config.apps_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    EdgeConfig {
        apps_domain: config.apps_domain.clone(),
        scheme: if https { Scheme::Https } else { Scheme::Http },
        trusted_hops: config.trusted_proxies.clone(),
        ports_address: config.edge_listen.ip(),
        ..EdgeConfig::default()
    }
}
