//! Drives every open saga, each in a task of its own, the oldest of a deployment first.

use crate::{
    flows::{
        runner::{self, Drive},
        world::World,
    },
    store::StoreError,
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;
use ttalkak_protocol::id::SagaId;

/// Waiting sagas are looked at again after this, also without a nudge: deadlines must come to pass.
const LOOK: Duration = Duration::from_millis(500);

/// Runs until shutdown, then waits for the drives at work. What was cut short goes on after the next start.
pub async fn run(world: World, shutdown: CancellationToken) {
    let at_work: Arc<Mutex<BTreeSet<SagaId>>> = Arc::default();
    let drives = TaskTracker::new();
    loop {
        if let Err(error) = start_drives(&world, &at_work, &drives, &shutdown).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "could not list open sagas");
        }
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = world.nudge.sagas_nudged() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    drives.close();
    drives.wait().await;
}

async fn start_drives(
    world: &World,
    at_work: &Arc<Mutex<BTreeSet<SagaId>>>,
    drives: &TaskTracker,
    shutdown: &CancellationToken,
) -> Result<(), StoreError> {
    for row in world.store.open_sagas().await? {
        if !at_work.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id) {
            continue;
        }
        let (world, at_work, shutdown, id) = (world.clone(), at_work.clone(), shutdown.clone(), row.id);
        let span = tracing::info_span!("saga", id = %id, deployment.id = %row.deployment);
        let drive = async move {
            let _turn = Turn { at_work, id };
            let ended = tokio::select! {
                ended = runner::drive(&world, id) => ended,
                () = shutdown.cancelled() => return,
            };
            match ended {
                // Closed: the next saga of the same deployment may begin at once.
                Ok(Drive::Closed) => world.nudge.sagas(),
                Ok(Drive::Waiting) => {}
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "saga {id} is tried again");
                }
            }
        };
        drives.spawn(drive.instrument(span));
    }
    Ok(())
}

/// Frees a saga for the next drive, also when this one panicked.
struct Turn {
    at_work: Arc<Mutex<BTreeSet<SagaId>>>,
    id: SagaId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
