//! What the tests stand on: pairs of tunnel ends whose drivers run in a set of tasks, and a deadline for waits.

use std::future::Future;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use ttalkak_tunnel::{
    AgentHandle, CloseReason, EdgeHandle, Limits, OpenTarget, TargetKind, Transport, Tunnel,
};

/// Generous, as it is only there so that a hang fails instead of hanging.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("the wait must not hang")
}

pub(crate) struct World {
    pub(crate) edge: EdgeHandle,
    pub(crate) edge_shutdown: CancellationToken,
    pub(crate) agent_shutdown: CancellationToken,
    pub(crate) tasks: JoinSet<CloseReason>,
}

pub(crate) async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, dialled)
}

pub(crate) fn over<A: Transport, B: Transport>(edge: A, agent: B) -> (World, AgentHandle) {
    let (edge_shutdown, agent_shutdown) = (CancellationToken::new(), CancellationToken::new());
    let (edge, edge_driver) = Tunnel::edge(edge, Limits::default(), edge_shutdown.clone());
    let (agent, agent_driver) = Tunnel::agent(agent, Limits::default(), agent_shutdown.clone());
    let mut tasks = JoinSet::new();
    tasks.spawn(edge_driver);
    tasks.spawn(agent_driver);
    (World { edge, edge_shutdown, agent_shutdown, tasks }, agent)
}

/// Answers every stream with its own bytes; a half close is answered by a half close.
pub(crate) async fn echo(mut agent: AgentHandle) {
    let mut streams = JoinSet::new();
    while let Some((_, mut stream)) = agent.accept().await {
        streams.spawn(async move {
            let mut buffer = vec![0; 10_000];
            while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..n]).await.is_err() {
                    return;
                }
            }
            stream.shutdown().await.ok();
        });
    }
}

pub(crate) fn target(name: &str) -> OpenTarget {
    OpenTarget::new(name, TargetKind::Tcp).unwrap()
}

/// Bytes that differ from stream to stream and from place to place.
pub(crate) fn pattern(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i.wrapping_mul(31).wrapping_add(seed.wrapping_mul(7)) >> 2) as u8).collect()
}

/// Sends `bytes`, half closes, and returns what comes back.
pub(crate) async fn there_and_back(edge: &EdgeHandle, bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    let stream = edge.open(&target("echo")).await.expect("the tunnel is open");
    let (mut read, mut write) = tokio::io::split(stream);
    let send = async {
        write.write_all(&bytes).await?;
        write.shutdown().await
    };
    let mut back = Vec::new();
    let (sent, received) = tokio::join!(send, read.read_to_end(&mut back));
    sent?;
    received?;
    Ok(back)
}
