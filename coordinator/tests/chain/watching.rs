//! The watcher: every final event once and in order, whatever happens in between.

use crate::world::{DEPOSIT, World, config};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use ttalkak_coordinator::{
    chain::{EscrowEvent, RpcConfig},
    jobs::{
        chain_work::{ChainWork, ChainWorkError},
        watch_chain::{self, Watcher},
    },
    logic::outbox::OutboxState,
};

fn kinds(world: &World) -> Vec<String> {
    let name =
        |event: &EscrowEvent| serde_json::to_value(event).unwrap()["kind"].as_str().unwrap().to_owned();
    world.heard.events.lock().unwrap().iter().map(|log| name(&log.event)).collect()
}

fn work(world: &World, confirmations: u64) -> ChainWork {
    let config = RpcConfig {
        confirmations: Some(confirmations),
        ..config(&[&world.node.url], world.domain, world.token)
    };
    world.work_with(world.store.clone(), config)
}

#[tokio::test]
async fn each_event_is_told_once_and_in_order_also_after_a_restart() {
    let Some(world) = World::start().await else { return };
    let mut workers = world.workers();
    world.want_open(DEPOSIT / 2).await;
    let id = world.want_settle(1_000_000).await;
    world.pump(&mut workers, id, OutboxState::Final).await;
    let told = ["deposited", "opened", "provider_paid", "settled"];
    assert_eq!(kinds(&world), told);
    let mut again = Watcher::new(work(&world, 0));
    world.node.mine(3).await;
    while again.look().await.unwrap() {}
    assert_eq!(kinds(&world), told);
}

#[tokio::test]
async fn an_event_that_could_not_be_taken_is_told_again_and_never_left_out() {
    let Some(world) = World::start().await else { return };
    *world.heard.deaf.lock().unwrap() = 2;
    let mut watcher = Watcher::new(work(&world, 0));
    for _ in 0..2 {
        assert!(matches!(watcher.look().await, Err(ChainWorkError::Store(_))));
        assert_eq!(world.store.chain_mark().await.unwrap(), None, "the mark stays");
    }
    watcher.look().await.unwrap();
    assert_eq!(kinds(&world), ["deposited"]);
}

#[tokio::test]
async fn nothing_is_told_before_it_is_final() {
    let Some(world) = World::start().await else { return };
    let mut watcher = Watcher::new(work(&world, 4));
    world.node.mine(1).await;
    watcher.look().await.unwrap();
    assert_eq!(kinds(&world), [""; 0]);
    world.node.call("anvil_reorg", json!([1, []])).await;
    world.node.mine(4).await;
    watcher.look().await.unwrap();
    assert_eq!(kinds(&world), ["deposited"]);
}

#[tokio::test]
async fn a_past_that_changed_below_what_was_final_stops_the_reading_with_an_alarm() {
    let Some(world) = World::start().await else { return };
    world.node.mine(5).await;
    let mut watcher = Watcher::new(work(&world, 0));
    while watcher.look().await.unwrap() {}
    let mark = world.store.chain_mark().await.unwrap();
    world.node.call("anvil_reorg", json!([3, []])).await;
    world.node.mine(2).await;
    let error = watcher.look().await.unwrap_err();
    assert!(matches!(error, ChainWorkError::Rewritten { .. }) && error.is_alarm(), "{error:?}");
    assert_eq!(world.store.chain_mark().await.unwrap(), mark);
}

#[tokio::test]
async fn two_watchers_on_one_database_tell_once() {
    let Some(world) = World::start().await else { return };
    let mut two = [Watcher::new(work(&world, 0)), Watcher::new(work(&world, 0))];
    let [one, other] = &mut two;
    let (first, second) = tokio::join!(one.look(), other.look());
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(kinds(&world), ["deposited"]);
}

#[tokio::test]
async fn both_workers_run_by_themselves_and_end_when_told_to() {
    let Some(world) = World::start().await else { return };
    let (work, shutdown) = (work(&world, 0), CancellationToken::new());
    world.want_open(DEPOSIT / 2).await;
    let id = world.want_settle(5).await;
    let settled = async {
        let mut changes = world.store.changes();
        while world.state(id).await != OutboxState::Final {
            changes.changed().await.unwrap();
        }
        shutdown.cancel();
    };
    let all = async {
        tokio::join!(
            ttalkak_coordinator::jobs::send::run(work.clone(), shutdown.clone()),
            watch_chain::run(work.clone(), shutdown.clone()),
            settled,
        );
    };
    tokio::time::timeout(std::time::Duration::from_secs(40), all).await.unwrap();
    world.assert_paid_once(5).await;
}
