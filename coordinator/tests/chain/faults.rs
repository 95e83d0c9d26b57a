//! A bad network, by dice: whatever breaks on the way, each batch is settled once. The seed of a failure is printed.

use crate::{
    proxy::{Fault, Proxy},
    world::World,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use ttalkak_coordinator::{
    jobs::{send::Sender, watch_chain::Watcher},
    logic::outbox::OutboxState,
};

/// Each takes some seconds.
const SEEDS: u64 = 4;

fn dice(seed: u64) -> impl FnMut(&str) -> Fault + Send {
    let mut rng = StdRng::seed_from_u64(seed);
    move |method| {
        let fault = match rng.random_range(0..100) {
            0..5 => Fault::Broken,
            5..10 => Fault::AnswerLost,
            10..14 => Fault::Truncated,
            14..20 => Fault::Twice,
            20..23 => Fault::Status(503),
            23..25 => Fault::Status(429),
            _ => Fault::Pass,
        };
        // What counts most is broken most.
        if method == "eth_sendRawTransaction" && rng.random_bool(0.3) { Fault::AnswerLost } else { fault }
    }
}

#[tokio::test]
async fn under_random_faults_and_lost_transactions_each_batch_counts_once() {
    for seed in 0..SEEDS {
        let Some(world) = World::start().await else { return };
        eprintln!("seed {seed}");
        let proxy = Proxy::start(&world.node.url).await;
        proxy.plan(dice(seed));
        let work = || world.work(&[&proxy.url]);
        let mut rng = StdRng::seed_from_u64(seed.wrapping_add(1_000));
        let mut workers = (Sender::new(work()), Watcher::new(work()));
        world.want_open(500_000_000).await;
        let mut total = 0;
        for _ in 0..6 {
            total += rng.random_range(1..10_000_000);
            let id = world.want_settle(total).await;
            world.node.automine(false).await;
            for _ in 0..rng.random_range(1..6) {
                workers.0.turn().await;
            }
            if rng.random_bool(0.5) {
                world.node.call("anvil_dropAllTransactions", json!([])).await;
            }
            if rng.random_bool(0.3) {
                // A kill: nothing is known but what the table holds.
                workers = (Sender::new(work()), Watcher::new(work()));
            }
            world.node.automine(true).await;
            world.node.mine(1).await;
            world.pump(&mut workers, id, OutboxState::Final).await;
        }
        world.assert_paid_once(total).await;
    }
}
