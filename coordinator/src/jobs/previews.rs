//! Keeps a promise about previews: one whose time is over, that cost what it may, or whose deployment is gone is deleted.
//! Deliberately absent: making them, which a pull request does.

use crate::{clock, flows::world::World, store::StoreError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::unit::UnixMillis;

/// How often it is looked; that costs two questions of our own tables.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until shutdown.
pub async fn run(world: World, shutdown: CancellationToken) {
    loop {
        if let Err(error) = look(&world, clock::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not look at the previews");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn look(world: &World, now: UnixMillis) -> Result<(), StoreError> {
    for (account, preview) in world.store.previews_over(now).await? {
        world.store.request_delete(account, &preview.to_string(), now).await?;
        world.nudge.sagas();
    }
    Ok(())
}
