//! A tunnel that came or went may be what a rollout waits for.

use crate::nudge::Nudge;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Runs until shutdown.
pub async fn run(nudge: Nudge, mut tunnels: watch::Receiver<u64>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = tunnels.changed() => if changed.is_err() { return },
        }
        nudge.sagas();
    }
}
