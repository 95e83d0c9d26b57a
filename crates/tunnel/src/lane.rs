//! The multiplexed lane as its two owners see it: the edge opens streams, the agent accepts them.
//! Deliberately absent: tasks. The caller starts the driver that each constructor returns, and joins it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use tokio_util::sync::CancellationToken;

use crate::code::ResetCode;
use crate::driver::Driver;
use crate::error::{CloseReason, OpenError};
use crate::limits::Limits;
use crate::session::{Role, Session, Stats};
use crate::shared::{Shared, remember};
use crate::target::OpenTarget;
use crate::transport::Transport;
use crate::tunnel_stream::TunnelStream;

/// Makes the two ends of a tunnel out of a transport.
#[derive(Debug)]
pub struct Tunnel;

impl Tunnel {
    /// The end that opens streams. The driver must be polled for anything to move; it returns why the tunnel
    /// ended. Cancelling `shutdown` drains: no new streams, the existing ones until `limits.drain` has passed.
    pub fn edge<T: Transport>(
        transport: T,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> (EdgeHandle, impl Future<Output = CloseReason> + Send + 'static) {
        let (shared, driver) = start(Role::Edge, transport, limits, shutdown);
        (EdgeHandle { shared }, driver)
    }

    /// The end that accepts streams; otherwise as `edge`.
    pub fn agent<T: Transport>(
        transport: T,
        limits: Limits,
        shutdown: CancellationToken,
    ) -> (AgentHandle, impl Future<Output = CloseReason> + Send + 'static) {
        let (shared, driver) = start(Role::Agent, transport, limits, shutdown);
        (AgentHandle { shared }, driver)
    }
}

fn start<T: Transport>(
    role: Role,
    transport: T,
    limits: Limits,
    shutdown: CancellationToken,
) -> (Arc<Shared>, Driver<T>) {
    let shared = Arc::new(Shared::new(Session::new(role, limits, std::time::Duration::ZERO)));
    let driver = Driver::new(transport, Arc::clone(&shared), shutdown.cancelled_owned());
    (shared, driver)
}

/// The edge's end. Clones speak of the same tunnel.
#[derive(Debug, Clone)]
pub struct EdgeHandle {
    shared: Arc<Shared>,
}

impl EdgeHandle {
    /// Opens a stream. Does not wait for the agent, so that a visitor's first bytes travel along; a refusal shows
    /// as an error of `TunnelStream::confirmed`, of reading, or of writing.
    ///
    /// Errors: `OpenError`; the agent has heard nothing then.
    pub async fn open(&self, target: &OpenTarget) -> Result<TunnelStream, OpenError> {
        let id = self.shared.with(|core| core.session.open(target))?;
        Ok(TunnelStream::new(Arc::clone(&self.shared), id))
    }

    /// Whether `open` has a chance: neither closed nor draining.
    pub fn is_alive(&self) -> bool {
        is_alive(&self.shared)
    }

    /// Waits for the end of the tunnel. Cancel-safe.
    pub async fn closed(&self) -> CloseReason {
        closed(&self.shared).await
    }

    /// The counters now.
    pub fn stats(&self) -> Stats {
        self.shared.with(|core| core.session.stats())
    }
}

/// The agent's end: one owner, which accepts. Dropping it drains the tunnel.
#[derive(Debug)]
pub struct AgentHandle {
    shared: Arc<Shared>,
}

impl AgentHandle {
    /// Waits for the next stream; `None` once the tunnel has closed. At most `limits.max_streams` wait here.
    /// Cancel-safe. A stream that cannot be served is answered by `TunnelStream::reject`.
    pub async fn accept(&mut self) -> Option<(OpenTarget, TunnelStream)> {
        let accepted = poll_fn(|cx| {
            self.shared.with(|core| match core.session.accept() {
                Some(stream) => Poll::Ready(Some(stream)),
                None if core.session.closed().is_some() => Poll::Ready(None),
                None => {
                    remember(&mut core.acceptor, cx.waker());
                    Poll::Pending
                }
            })
        });
        let (id, target) = accepted.await?;
        Some((target, TunnelStream::new(Arc::clone(&self.shared), id)))
    }

    /// Whether new streams may come: neither closed nor draining.
    pub fn is_alive(&self) -> bool {
        is_alive(&self.shared)
    }

    /// Waits for the end of the tunnel. Cancel-safe.
    pub async fn closed(&self) -> CloseReason {
        closed(&self.shared).await
    }

    /// The counters now.
    pub fn stats(&self) -> Stats {
        self.shared.with(|core| core.session.stats())
    }
}

impl Drop for AgentHandle {
    fn drop(&mut self) {
        let now = self.shared.now();
        self.shared.with(|core| {
            while let Some((id, _)) = core.session.accept() {
                core.session.reset(id, ResetCode::GoingAway);
                core.session.release(id);
            }
            core.session.drain(now);
        });
    }
}

fn is_alive(shared: &Shared) -> bool {
    shared.with(|core| core.session.closed().is_none() && !core.session.is_draining())
}

async fn closed(shared: &Shared) -> CloseReason {
    shared.closed.cancelled().await;
    shared.close_reason().expect("the token is cancelled after the session has closed")
}
