//! The edge: public listeners that find the tunnel of a name or port and copy bytes. Parses an HTTP head once, looks
//! at no body. Deliberately absent: decisions about routes (they are set from outside), TLS (a terminator in front
//! does it), and SQL.

mod body;
pub mod cause;
mod forward;
pub mod forwarded;
mod head_watch;
mod host;
mod http;
mod pool;
pub mod routes;
mod switch;
mod tcp;
pub mod tunnels;
mod upstream;
mod vet;

pub use http::serve;
pub use tcp::serve_ports;

use forwarded::TrustedHops;
use pool::Pool;
use routes::RouteTable;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio_util::task::TaskTracker;
use tunnels::Tunnels;

/// The limits and names of the edge. Tests shorten the times.
#[derive(Debug, Clone)]
pub struct EdgeConfig {
    /// Apps answer at `<name>.<apps_domain>`; lower case, without dots at its ends.
    pub apps_domain: String,
    /// What visitors speak to whatever stands in front: `http` or `https`.
    pub scheme: Scheme,
    /// Hops in front of the edge whose word on the visitor's address counts.
    pub trusted_hops: TrustedHops,
    /// From the first byte of a request head to its last; also how long a visitor's connection may idle.
    pub head_read_deadline: Duration,
    /// From the last byte of a request to the head of its answer.
    pub answer_deadline: Duration,
    /// How long a request waits for a tunnel that was there a moment ago.
    pub tunnel_grace: Duration,
    /// How long a connection to an app is kept for the next request.
    pub idle_max: Duration,
    /// Visitors' connections at a time.
    pub visitors_max: usize,
    /// Where public TCP ports are bound.
    pub ports_address: IpAddr,
    /// Connections of one public TCP port at a time.
    pub port_visitors_max: usize,
}

/// How visitors' browsers reach the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain.
    Http,
    /// TLS, ended by something in front.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL of this scheme need not name.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Default for EdgeConfig {
    fn default() -> Self {
        Self {
            apps_domain: "localhost".to_owned(),
            scheme: Scheme::Http,
            trusted_hops: TrustedHops::default(),
            head_read_deadline: Duration::from_secs(10),
            answer_deadline: Duration::from_secs(60),
            tunnel_grace: Duration::from_secs(2),
            idle_max: Duration::from_secs(30),
            // Each may cost a file descriptor and about 10 KiB while idle.
            visitors_max: 16 * 1024,
            ports_address: IpAddr::from([0, 0, 0, 0]),
            port_visitors_max: 1024,
        }
    }
}

/// What the edge needs. A cheap handle.
#[derive(Clone)]
pub struct EdgeState {
    inner: Arc<Edge>,
}

struct Edge {
    config: EdgeConfig,
    routes: RouteTable,
    tunnels: Tunnels,
    pool: Pool,
    tasks: TaskTracker,
}

impl EdgeState {
    /// `tasks` owns each visitor's task.
    pub fn new(config: EdgeConfig, routes: RouteTable, tunnels: Tunnels, tasks: TaskTracker) -> Self {
        let pool = Pool::new(config.idle_max);
        Self { inner: Arc::new(Edge { config, routes, tunnels, pool, tasks }) }
    }
}
