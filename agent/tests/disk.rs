//! The real engine: a clean-up removes what is ours and unused, and nothing of anybody else.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test ends the test")]

mod rig;

use rig::{Cleaner, engine, fresh_agent};
use std::collections::BTreeMap;
use ttalkak_agent::{
    disk::{Known, Store, is_pinned},
    io::engine::Engine,
};
use ttalkak_protocol::{
    desk::{ImageHold, Reply},
    error::ErrorCode,
    id::AgentId,
    unit::Bytes,
};

/// An image with a few bytes and the label of an agent; tests of other agents never touch it.
fn import(agent: AgentId, key: &str) -> String {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), key).unwrap();
    let tar =
        std::process::Command::new("tar").arg("-C").arg(root.path()).args(["-c", "file"]).output().unwrap();
    let archive = root.path().join("image.tar");
    std::fs::write(&archive, tar.stdout).unwrap();
    let made = std::process::Command::new("docker")
        .args(["import", "--change", &format!("LABEL ttalkak.agent={agent}")])
        .args(["--change", &format!("LABEL ttalkak.build_key={key}"), "--change", "CMD [\"/none\"]"])
        .arg(&archive)
        .arg(format!("ttalkak/{key}:latest"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

async fn held(store: &Store, engine: &Engine, limit: Option<Bytes>) -> BTreeMap<String, ImageHold> {
    store.look(Some(engine), Known::default(), limit).await;
    let told = store.told().borrow().clone();
    assert_eq!(told.problem, None);
    told.images.into_iter().map(|row| (row.digest, row.held)).collect()
}

#[tokio::test]
async fn a_clean_up_leaves_foreign_images_and_pinned_ones_alone() {
    let (us, them) = (fresh_agent(), fresh_agent());
    let Some(engine) = engine(us).await else { return };
    let (_ours, _theirs) = (Cleaner(us), Cleaner(them));
    let key = |what: &str, agent: AgentId| format!("disk-{what}-{}", agent.short());
    let (old, pinned) = (import(us, &key("old", us)), import(us, &key("pinned", us)));
    let foreign = import(them, &key("foreign", them));
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path());
    let seen = held(&store, &engine, None).await;
    assert_eq!(seen.keys().collect::<Vec<_>>().len(), 2, "only ours are seen: {seen:?}");
    store.pin(&pinned, true).await.unwrap();
    assert!(is_pinned(data.path(), &key("pinned", us)));
    let refused = store.remove(&engine, &pinned).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ImageHeld);
    assert_eq!(store.remove(&engine, &foreign).await.unwrap_err().code, ErrorCode::NotHere);
    let Reply::Freed(would) = store.clean_up(&engine, true, false).await.unwrap() else { panic!() };
    assert!(would.only_looked && would.images == 1);
    // The pins outlive the daemon.
    let store = Store::open(data.path());
    held(&store, &engine, None).await;
    let Reply::Freed(freed) = store.clean_up(&engine, false, false).await.unwrap() else { panic!() };
    assert_eq!((freed.images, freed.bytes), (1, would.bytes));
    let left = held(&store, &engine, Some(Bytes(0))).await;
    assert_eq!(left, BTreeMap::from([(pinned.clone(), ImageHold::Pinned)]));
    assert!(!left.contains_key(&old));
    let other = Engine::new(engine.address().clone(), them).unwrap();
    assert_eq!(other.our_images().await.unwrap().len(), 1, "the other's image survives");
    // Above the limit what is not pinned goes by itself.
    store.pin(&pinned, false).await.unwrap();
    assert!(held(&store, &engine, Some(Bytes(0))).await.is_empty());
    assert_eq!(other.our_images().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_engine_tells_its_build_cache_and_what_it_is() {
    let Some(engine) = engine(fresh_agent()).await else { return };
    let info = engine.describe().await.unwrap();
    assert!(info.builds && info.limits.memory && info.cpus > 0, "{info:?}");
    if !info.podman {
        assert!(engine.build_cache().await.unwrap().is_some());
    }
}
