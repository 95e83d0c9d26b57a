//! The HTTP API under `/v1`: reads a request, checks what can be checked without the tables, asks the store, and
//! answers with a view or a problem. The work itself is done by sagas that the store's rows and a nudge start.
//!
//! Handlers reach the store only through [`caller::Caller`] or [`caller::Anyone`]: one that asks for neither does not
//! compile. Deliberately absent: SQL, retries, decisions about what may be asked in which state.

mod audit;
mod billing;
pub mod caller;
mod deployments;
mod devices;
mod earnings;
mod env;
pub mod error;
mod events;
mod extract;
mod finish;
mod github;
mod health;
mod hooks;
mod idempotency;
mod invitations;
mod logs;
mod machine;
mod me;
mod names;
mod openapi;
mod oversize;
mod pages;
mod pairing;
mod plans;
mod projects;
mod providers;
mod push;
mod rate;
mod releases;
mod repositories;
mod session;
mod shape;
mod sign_in;
pub mod source;
mod statement;
mod team;
mod tokens;
mod tunnels;
mod uploads;
mod validate;
mod wallet;

pub use openapi::description;
pub use tokens::{NewToken, new_token};

use crate::{
    clock,
    config::Config,
    flows::plan::Plans,
    github::GitHub,
    log_hub::LogHub,
    mail::Mailer,
    money::Money,
    nudge::Nudge,
    online::Online,
    seal::Sealer,
    store::{Store, name::PortPool, route::AddressRow, tunnel::TunnelRow},
};
use axum::{Router, extract::DefaultBodyLimit, middleware};
use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    api::deployment::Exposure,
    id::{AccountId, AgentId, DeploymentId, TunnelId, UserId},
    unit::{PublicPort, UnixMillis},
};

/// The largest body but for uploads. An environment of 64 KiB in JSON fits many times.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The edge as the API sees it: tunnels of their own come and go there, and parts of a project find each other.
pub trait EdgeDoor: Send + Sync {
    /// Whether somebody holds the tunnel open.
    fn is_open(&self, tunnel: TunnelId) -> bool;
    /// A tunnel was made: its address exists from now on.
    fn made(&self, tunnel: &TunnelRow);
    /// A tunnel was deleted: its connection ends and its address is gone.
    fn deleted(&self, tunnel: &TunnelRow);
    /// A deployment became another part of its project.
    fn changed(&self, address: &AddressRow);
    /// Those of `ports` that cannot be opened now.
    fn busy(&self, ports: RangeInclusive<u16>) -> BTreeSet<u16>;
}

/// What the API needs of the other rooms. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// Wanted state and facts.
    pub store: Store,
    /// Seals and opens secrets.
    pub sealer: Sealer,
    /// Wakes the workers.
    pub nudge: Nudge,
    /// Wakes those who follow logs.
    pub logs: LogHub,
    /// Whose link stands.
    pub online: Online,
    /// Addresses, port pool, folders, development switches.
    pub config: Arc<Config>,
    /// How deployments are paid for; `None`: they are not.
    pub money: Option<Arc<Money>>,
    /// Where people and repositories come from; `None`: not set up.
    pub github: Option<GitHub>,
    /// Sends mail.
    pub mail: Mailer,
    /// What a deploy would do.
    pub plans: Plans,
    /// Where visitors are let in.
    pub edge: Arc<dyn EdgeDoor>,
    /// Owns the tasks that this room starts.
    pub tasks: TaskTracker,
    /// Ends event streams when the process shuts down.
    pub shutdown: CancellationToken,
}

impl ApiState {
    /// Where visitors find a deployment or tunnel.
    fn url(&self, name: &str, port: Option<PublicPort>) -> String {
        self.config.public_url(name, port)
    }

    /// Where a public port is taken from. Nothing is probed for what needs none.
    fn port_pool(&self, exposure: Exposure) -> PortPool {
        let all = self.config.public_ports.clone();
        let busy = match exposure {
            Exposure::Tcp => self.edge.busy(all.clone()),
            Exposure::Http => BTreeSet::new(),
        };
        PortPool { all, busy }
    }

    /// Where source archives lie.
    fn sources_dir(&self) -> std::path::PathBuf {
        self.config.data_dir.join("sources")
    }
}

/// What lives as long as this router.
pub(crate) struct Room {
    state: ApiState,
    known: caller::Known,
    pages: pages::PageCache,
    enrolling: rate::Buckets,
    polling: rate::Buckets<[u8; 32]>,
    polling_from: rate::Buckets,
    guessing: rate::Buckets<AccountId>,
    asking: rate::Buckets<AgentId>,
    signing_in: rate::Buckets,
    devices_from: rate::Buckets,
    device_polls: rate::Buckets<[u8; 32]>,
    mailing: rate::Buckets<UserId>,
    seen_at_github: repositories::Seen,
    changing: rate::Buckets<AccountId>,
    hooking: rate::Buckets<DeploymentId>,
    planning: rate::Buckets<AccountId>,
    streams: events::Streams,
    uploading: tokio::sync::Semaphore,
    /// Claims of idempotency keys from before this belong to a process that is gone.
    started: UnixMillis,
}

/// The whole API.
pub fn router(state: ApiState) -> Router {
    let room = Arc::new(Room {
        state,
        known: caller::Known::default(),
        pages: pages::PageCache::default(),
        enrolling: rate::Buckets::new(providers::ENROL_RATE),
        polling: rate::Buckets::new(pairing::POLL_RATE),
        polling_from: rate::Buckets::new(pairing::POLL_ADDRESS_RATE),
        guessing: rate::Buckets::new(pairing::GUESS_RATE),
        asking: rate::Buckets::new(machine::RATE),
        signing_in: rate::Buckets::new(sign_in::RATE),
        devices_from: rate::Buckets::new(devices::ASK_RATE),
        device_polls: rate::Buckets::new(devices::POLL_RATE),
        mailing: rate::Buckets::new(me::CODE_RATE),
        seen_at_github: repositories::Seen::default(),
        changing: rate::Buckets::new(caller::CHANGE_RATE),
        hooking: rate::Buckets::new(hooks::RATE),
        planning: rate::Buckets::new(plans::RATE),
        streams: events::Streams::default(),
        uploading: tokio::sync::Semaphore::new(uploads::AT_A_TIME),
        started: clock::now(),
    });
    let door = caller::Door::new(room);
    let (routes, _) = openapi::routes().split_for_parts();
    routes
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::unknown_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(door.clone(), audit::note))
        .layer(middleware::from_fn_with_state(door.clone(), idempotency::once))
        .layer(middleware::from_fn(oversize::refuse))
        .layer(middleware::from_fn_with_state(door.clone(), finish::finish))
        .with_state(door)
}
