//! Where calls go that look at the machine: doctor, disk, ports, earnings, wallet. Each room publishes its own sections.
//! Deliberately absent: calls on lending, settings and workloads, which the daemon's own loop answers.

use super::World;
use crate::desk::{Asked, Hub, Refusal};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{desk::Settings, error::ErrorCode};

/// What a room may use.
#[derive(Debug, Clone)]
#[expect(dead_code, reason = "rooms move in one by one")]
pub(super) struct Surroundings {
    /// Where sections are published.
    pub hub: Hub,
    /// The running parts; `None` while this machine is not enrolled.
    pub world: watch::Receiver<Option<World>>,
    /// What the owner chose.
    pub settings: watch::Receiver<Settings>,
}

/// Answers until `stop`.
pub(super) async fn run(around: Surroundings, mut asks: mpsc::Receiver<Asked>, stop: CancellationToken) {
    let _ = around;
    loop {
        let asked = tokio::select! {
            asked = asks.recv() => asked,
            () = stop.cancelled() => return,
        };
        let Some(asked) = asked else { return };
        asked.reply(Err(Refusal::new(ErrorCode::NotHere, "This daemon has no such room.")));
    }
}
