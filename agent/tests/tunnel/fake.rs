//! An edge and some backends on loopback, all over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failure in the rig is a failed test, and its tasks end with it"
)]

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use ttalkak_agent::io::{
    egress::Egress,
    pace::PaceLimits,
    tunnel::{self, Backends, Throttle, TunnelClient, TunnelState, TunnelTimes},
};
use ttalkak_protocol::Secret;
use ttalkak_tunnel::{EdgeHandle, Limits, OpenTarget, TargetKind, Tunnel, TunnelStream};

/// Far more than loopback needs; a test that reaches it has failed.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) struct Edge {
    listener: TcpListener,
}

/// One tunnel at the edge's side.
pub(crate) struct Accepted {
    pub(crate) handle: EdgeHandle,
    pub(crate) request: String,
    driver: AbortOnDropHandle<ttalkak_tunnel::CloseReason>,
}

/// The tunnel under test.
pub(crate) struct Subject {
    pub(crate) token: watch::Sender<Option<Secret<String>>>,
    pub(crate) backends: watch::Sender<Backends>,
    pub(crate) state: watch::Receiver<TunnelState>,
    pub(crate) egress: Egress,
    pub(crate) throttle: Throttle,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Edge {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn tunnel(&self, change: impl FnOnce(&mut TunnelTimes)) -> Subject {
        let (token, token_in) = watch::channel(Some(Secret::new("tok".to_owned())));
        let (backends, backends_in) = watch::channel(Backends::new());
        let (state, state_out) = watch::channel(TunnelState::default());
        let pace =
            PaceLimits { first: Duration::from_millis(5), most: Duration::from_millis(40), good_after: SOON };
        let mut times = TunnelTimes { pace, ..TunnelTimes::default() };
        change(&mut times);
        let (egress, throttle) = (Egress::default(), Throttle::default());
        let client = TunnelClient {
            egress: egress.clone(),
            throttle: throttle.clone(),
            coordinator: format!("http://{}", self.listener.local_addr().unwrap()).parse().unwrap(),
            token: token_in,
            backends: backends_in,
            state,
            streams_max: 64,
            times,
        };
        let shutdown = CancellationToken::new();
        let task = tokio::task::spawn(tunnel::run(client, shutdown.clone()));
        Subject { token, backends, state: state_out, egress, throttle, shutdown, task }
    }

    /// The next connection and the head of its request.
    pub(crate) async fn dialled(&self) -> (TcpStream, String) {
        let (mut tcp, _) = timeout(SOON, self.listener.accept()).await.expect("the agent dials").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        (tcp, String::from_utf8(head).unwrap())
    }

    pub(crate) async fn accept(&self) -> Accepted {
        let (mut tcp, request) = self.dialled().await;
        tcp.write_all(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ttalkak-tunnel\r\n\r\n",
        )
        .await
        .unwrap();
        let (handle, driver) = Tunnel::edge(tcp, Limits::default(), CancellationToken::new());
        Accepted { handle, request, driver: AbortOnDropHandle::new(tokio::task::spawn(driver)) }
    }
}

impl Accepted {
    pub(crate) async fn open(&self, target: &str) -> TunnelStream {
        let target = OpenTarget::new(target, TargetKind::Http).unwrap();
        self.handle.open(&target).await.unwrap()
    }

    /// Cuts the connection without a word.
    pub(crate) async fn cut(self) {
        self.driver.abort();
        let _ = self.driver.await;
    }
}

impl Subject {
    pub(crate) async fn until(&mut self, what: impl FnMut(&TunnelState) -> bool) -> TunnelState {
        timeout(SOON, self.state.wait_for(what)).await.expect("the state comes").unwrap().clone()
    }

    pub(crate) fn serve(&self, target: &str, backend: SocketAddr) {
        self.backends.send_modify(|backends| {
            backends.insert(target.to_owned(), backend);
        });
    }
}

/// Reads to the end, then answers with the same bytes: works only if half-closing does.
pub(crate) async fn echo_at_end() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::task::spawn(async move {
                let mut all = Vec::new();
                socket.read_to_end(&mut all).await.unwrap();
                socket.write_all(&all).await.unwrap();
            });
        }
    });
    address
}
