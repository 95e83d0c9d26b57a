//! Clears away what nobody needs any more: old answers, codes, uploads, and source archives that no release names.

use crate::{
    clock,
    flows::{FlowError, world::World},
};
use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::unit::{Millis, UnixMillis};

const EVERY: Duration = Duration::from_secs(600);
/// First answers are kept a day, as clients expect of idempotency keys.
const ANSWERS: Millis = Millis(24 * 60 * 60 * 1000);
/// An archive younger than this may belong to a release that is not written yet.
const YOUNG: Duration = Duration::from_secs(600);

/// Runs until shutdown.
pub async fn run(world: World, shutdown: CancellationToken) {
    loop {
        if let Err(error) = sweep(&world).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not clear away old rows and archives"
            );
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn sweep(world: &World) -> Result<(), FlowError> {
    let now = clock::now();
    world.store.expire_uploads(now).await?;
    world.store.forget_expired(now, UnixMillis(now.0 - i64::try_from(ANSWERS.0).unwrap_or(i64::MAX))).await?;
    let needed = world.store.archives_in_use().await?;
    let folder = world.sources.clone();
    let removed = tokio::task::spawn_blocking(move || remove_unneeded(&folder, &needed)).await?;
    if removed > 0 {
        tracing::info!(removed, "cleared away {removed} source archives");
    }
    Ok(())
}

/// Removes old files of the folder that are not needed; one that cannot be removed is tried again next time.
fn remove_unneeded(folder: &std::path::Path, needed: &BTreeSet<String>) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let old = |entry: &std::fs::DirEntry| {
        let modified = entry.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        modified.elapsed().is_ok_and(|age| age > YOUNG)
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            !needed.contains(name.trim_end_matches(".tar.gz")) && old(entry)
        })
        .filter(|entry| {
            entry.file_type().is_ok_and(|kind| kind.is_file()) && std::fs::remove_file(entry.path()).is_ok()
        })
        .count()
}
