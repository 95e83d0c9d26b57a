//! The sender: every way in which a call can be late, lost, doubled or undone, and that it counts exactly once.

use crate::{
    proxy::{Fault, Proxy},
    world::{METER, TENANT, World, config, key},
};
use serde_json::json;
use ttalkak_coordinator::{
    chain::Chain as _,
    jobs::{chain_work::ChainWork, send::Sender, watch_chain::Watcher},
    logic::outbox::{OutboxState, Policy},
    store::Store,
};
use ttalkak_protocol::{money::Amount, unit::Millis};

const CAP: u128 = 200_000_000;
const FIRST: u128 = 30_000_001;
const SECOND: u128 = 70_000_003;

#[tokio::test]
async fn calls_go_out_in_order_and_the_provider_is_paid() {
    let Some(world) = World::start().await else { return };
    let mut workers = world.workers();
    let wanted =
        [world.want_open(CAP).await, world.want_settle(FIRST).await, world.want_settle(SECOND).await];
    world.pump(&mut workers, wanted[2], OutboxState::Final).await;
    for id in wanted {
        let row = world.row(id).await;
        assert_eq!((row.row.state, row.row.attempts.len()), (OutboxState::Final, 1), "{row:?}");
    }
    world.assert_paid_once(SECOND).await;
    assert_eq!(world.rpc.agreement(world.agreement(), None).await.unwrap().cap, Amount(CAP));
    let ended: Vec<_> = world.heard.ended.lock().unwrap().clone();
    assert_eq!(ended, wanted.map(|id| (id, None)), "each end is told once");
    assert!(world.rpc.mandate_used(ttalkak_escrow::mandate_id(&world.mandate), None).await.unwrap().accepted);
}

#[tokio::test]
async fn what_the_contract_refuses_fails_without_a_nonce_and_frees_its_number() {
    let Some(world) = World::start().await else { return };
    let mut workers = world.workers();
    let early = world.want_settle(FIRST).await;
    let behind = world.want_settle(SECOND).await;
    world.pump(&mut workers, behind, OutboxState::Failed).await;
    let row = world.row(early).await;
    assert_eq!(
        (row.row.state, row.row.nonce, row.batch),
        (OutboxState::Failed, None, None),
        "nothing is locked"
    );
    assert!(row.problem.unwrap().message.contains("OverBound"));
    assert!(
        world.row(behind).await.problem.unwrap().message.contains("BadBatch"),
        "its number came too early"
    );
    world.want_open(CAP).await;
    let anew = world.want_settle(FIRST).await;
    assert_eq!(world.row(anew).await.batch, Some(1));
    world.pump(&mut workers, anew, OutboxState::Final).await;
    world.assert_paid_once(FIRST).await;
}

#[tokio::test]
async fn without_coin_it_waits_and_goes_on_after_a_top_up() {
    let Some(world) = World::start().await else { return };
    let mut workers = world.workers();
    let me = key(METER).address();
    world.node.call("anvil_setBalance", json!([me, "0x1"])).await;
    let id = world.want_open(CAP).await;
    for _ in 0..5 {
        workers.0.turn().await;
    }
    assert_eq!(world.state(id).await, OutboxState::Planned);
    world.node.call("anvil_setBalance", json!([me, "0xde0b6b3a7640000"])).await;
    world.pump(&mut workers, id, OutboxState::Final).await;
}

#[tokio::test]
async fn a_dropped_transaction_is_sent_again_with_the_same_bytes() {
    let Some(world) = World::start().await else { return };
    let mut workers = world.workers();
    world.node.automine(false).await;
    let id = world.want_open(CAP).await;
    world.pump(&mut workers, id, OutboxState::Broadcast).await;
    let hash = world.row(id).await.row.attempts[0].hash;
    world.node.call("anvil_dropTransaction", json!([hash])).await;
    world.node.mine(1).await;
    assert_eq!(world.rpc.receipt(hash).await.unwrap(), None);
    workers.0.turn().await;
    world.node.mine(1).await;
    world.pump(&mut workers, id, OutboxState::Final).await;
    assert_eq!(world.row(id).await.row.attempts.len(), 1);
    assert!(world.rpc.receipt(hash).await.unwrap().unwrap().succeeded);
}

#[tokio::test]
async fn a_price_that_became_too_low_is_raised_with_the_same_nonce_and_call() {
    let Some(world) = World::start().await else { return };
    let mut work = world.work(&[&world.node.url]);
    work.policy = Policy { replace_after: Millis(0), ..work.policy };
    let mut workers = (Sender::new(work.clone()), Watcher::new(work));
    world.node.automine(false).await;
    let id = world.want_open(CAP).await;
    world.pump(&mut workers, id, OutboxState::Broadcast).await;
    let before = world.row(id).await;
    world.node.call("anvil_setNextBlockBaseFeePerGas", json!(["0x2540be400"])).await;
    world.node.mine(1).await;
    world.node.mine(1).await;
    assert_eq!(
        world.rpc.receipt(before.row.attempts[0].hash).await.unwrap(),
        None,
        "10 gwei is above the offer"
    );
    world.node.automine(true).await;
    world.pump(&mut workers, id, OutboxState::Final).await;
    let after = world.row(id).await;
    assert_eq!((after.row.nonce, &after.input), (before.row.nonce, &before.input));
    let offers: Vec<_> = after.row.attempts.iter().map(|attempt| attempt.offer.max_fee).collect();
    assert!(offers.len() > 1 && offers.windows(2).all(|two| two[1] * 10 >= two[0] * 11), "{offers:?}");
}

#[tokio::test]
async fn a_block_that_goes_away_is_followed_by_the_same_bytes() {
    let Some(world) = World::start().await else { return };
    let mut slow = config(&[&world.node.url], world.domain, world.token);
    slow.confirmations = Some(8);
    let work = world.work_with(world.store.clone(), slow);
    let mut workers = (Sender::new(work.clone()), Watcher::new(work));
    world.node.mine(8).await;
    world.want_open(CAP).await;
    let id = world.want_settle(FIRST).await;
    world.pump(&mut workers, id, OutboxState::Mined).await;
    for depth in 1..=3 {
        world.node.call("anvil_reorg", json!([depth, []])).await;
        world.pump(&mut workers, id, OutboxState::Mined).await;
        world.node.mine(1).await;
        workers.0.turn().await;
    }
    // Both calls are in blocks again, or are sent again; then they become final.
    let begun = std::time::Instant::now();
    while world.state(id).await != OutboxState::Final {
        world.node.mine(2).await;
        workers.0.turn().await;
        workers.1.turn().await;
        assert!(begun.elapsed().as_secs() < 40, "{:?}", world.row(id).await);
    }
    world.assert_paid_once(FIRST).await;
}

#[tokio::test]
async fn a_nonce_taken_by_another_program_with_our_key_is_given_up_for_a_new_one() {
    let Some(world) = World::start().await else { return };
    let mut workers = world.workers();
    world.node.automine(false).await;
    let id = world.want_open(CAP).await;
    world.pump(&mut workers, id, OutboxState::Broadcast).await;
    let before = world.row(id).await.row;
    world.node.call("anvil_dropTransaction", json!([before.attempts[0].hash])).await;
    let foreign = world.transaction(key(TENANT).address(), before.nonce.unwrap(), Vec::new());
    world.rpc.send_raw(&foreign.sign(&key(METER)).raw).await.unwrap();
    world.node.automine(true).await;
    world.node.mine(1).await;
    world.pump(&mut workers, id, OutboxState::Final).await;
    let after = world.row(id).await.row;
    assert_eq!(after.nonce, Some(before.nonce.unwrap() + 1));
    assert_eq!(after.attempts.len(), 2);
}

#[tokio::test]
async fn two_workers_on_one_database_pay_once() {
    let Some(world) = World::start().await else { return };
    world.want_open(CAP).await;
    let wanted = [world.want_settle(FIRST).await, world.want_settle(SECOND).await];
    let second = Store::open(world.folder.path()).await.unwrap();
    let works: [ChainWork; 2] = [
        world.work(&[&world.node.url]),
        world.work_with(second, config(&[&world.node.url], world.domain, world.token)),
    ];
    let mut both = works.map(|work| (Sender::new(work.clone()), Watcher::new(work)));
    let begun = std::time::Instant::now();
    while world.state(wanted[1]).await != OutboxState::Final {
        let [(one, first), (two, other)] = &mut both;
        tokio::join!(one.turn(), two.turn(), first.turn(), other.turn());
        assert!(begun.elapsed().as_secs() < 40, "{:?}", world.row(wanted[1]).await);
    }
    world.assert_paid_once(SECOND).await;
    assert_eq!(world.rpc.last_batch(None).await.unwrap(), 2);
}

#[tokio::test]
async fn a_kill_at_any_question_to_the_chain_is_gone_on_from() {
    let questions = [
        "eth_estimateGas",
        "eth_maxPriorityFeePerGas",
        "eth_getBalance",
        "eth_getTransactionCount",
        "eth_sendRawTransaction",
        "eth_getTransactionReceipt",
        "eth_getBlockByNumber",
        "eth_getLogs",
    ];
    let Some(world) = World::start().await else { return };
    let proxy = Proxy::start(&world.node.url).await;
    let work = || world.work(&[&proxy.url]);
    world.want_open(CAP).await;
    let mut total = 0;
    for question in questions {
        for fault in [Fault::HangBefore, Fault::HangAfter] {
            total += 1_000_003;
            let id = world.want_settle(total).await;
            proxy.plan(move |method| if method == question { fault } else { Fault::Pass });
            let (mut sender, mut watcher) = (Sender::new(work()), Watcher::new(work()));
            let endless = async {
                loop {
                    sender.turn().await;
                    watcher.turn().await;
                }
            };
            tokio::select! {
                () = endless => {}
                () = proxy.hung() => {}
            }
            // Both are dropped here, in the middle of what they did; what follows begins from the table alone.
            proxy.plan(|_| Fault::Pass);
            world.pump(&mut (Sender::new(work()), Watcher::new(work())), id, OutboxState::Final).await;
            assert_eq!(world.row(id).await.row.attempts.len(), 1, "{question} {fault:?}");
        }
    }
    world.assert_paid_once(total).await;
}

#[tokio::test]
async fn on_another_chain_nothing_is_sent() {
    let Some(world) = World::start().await else { return };
    world.pump(&mut world.workers(), world.want_open(CAP).await, OutboxState::Final).await;
    let other = World::start().await.unwrap();
    let id = world.want_settle(FIRST).await;
    // The same chain id and address, and yet another contract's past: the database is about the first.
    let mut elsewhere = config(&[&other.node.url], other.domain, other.token);
    elsewhere.token = world.terms.tenant;
    let mut sender = Sender::new(world.work_with(world.store.clone(), elsewhere));
    for _ in 0..3 {
        assert!(!sender.turn().await);
    }
    assert_eq!(world.state(id).await, OutboxState::Planned);
}
