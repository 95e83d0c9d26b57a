//! The whole product: a kill at any question to the chain, before or after the node acted; then a bad network of one kind;
//! then a reorganisation of any depth up to 70 blocks. In each cell one batch is settled, and each is paid exactly once. The
//! cells have numbers, so that any of them can be run again. Usually a handful is drawn; `cargo xtask soak --product FILE`
//! walks through all of them, and goes on where it was interrupted.

use crate::{
    proxy::{Fault, Proxy},
    world::{METER, World, config, key},
};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use ttalkak_coordinator::{
    chain::Chain as _,
    jobs::{chain_work::ChainWork, send::Sender, watch_chain::Watcher},
    logic::outbox::OutboxState,
};

const QUESTIONS: [&str; 8] = [
    "eth_estimateGas",
    "eth_maxPriorityFeePerGas",
    "eth_getBalance",
    "eth_getTransactionCount",
    "eth_sendRawTransaction",
    "eth_getTransactionReceipt",
    "eth_getBlockByNumber",
    "eth_getLogs",
];
const KILLS: [Fault; 2] = [Fault::HangBefore, Fault::HangAfter];
const FAULTS: [Fault; 7] = [
    Fault::Pass,
    Fault::Broken,
    Fault::AnswerLost,
    Fault::Truncated,
    Fault::Twice,
    Fault::Status(503),
    Fault::Status(429),
];
const DEPTHS: u64 = 71;
const CELLS: u64 = QUESTIONS.len() as u64 * KILLS.len() as u64 * FAULTS.len() as u64 * DEPTHS;
/// Coprime to the number of cells, so that any run of neighbours in this order is spread over all of them.
const STRIDE: u64 = 4_999;
/// How many are run when nobody asks for all.
const SAMPLE: u64 = 2;
/// Deeper than any reorganisation: what is undone here was never final.
const CONFIRMATIONS: u64 = DEPTHS + 1;
/// What each cell settles.
const SUM: u128 = 1_003;
/// Each chain is used for so many cells; an older one grows slow.
const CELLS_PER_CHAIN: u64 = 60;
const IN_TIME: Duration = Duration::from_secs(90);

/// One cell.
#[derive(Debug, Clone, Copy)]
struct Cell {
    question: &'static str,
    kill: Fault,
    fault: Fault,
    depth: u64,
}

fn cell(number: u64) -> Cell {
    let (rest, depth) = (number / DEPTHS, number % DEPTHS);
    let at = |count: usize, of: u64| usize::try_from(of % count as u64).unwrap();
    let (fault, rest) = (FAULTS[at(FAULTS.len(), rest)], rest / FAULTS.len() as u64);
    let (kill, rest) = (KILLS[at(KILLS.len(), rest)], rest / KILLS.len() as u64);
    Cell { question: QUESTIONS[at(QUESTIONS.len(), rest)], kill, fault, depth }
}

/// Where the walk stands, when all cells are wanted.
#[allow(clippy::disallowed_methods, reason = "where the long run keeps its place")]
fn place() -> Option<PathBuf> {
    std::env::var_os("TTALKAK_PRODUCT").map(PathBuf::from)
}

/// The same sample each time, since a gate must not depend on the day; the soak walks all cells.
#[allow(clippy::disallowed_methods, reason = "a switch of this test alone")]
fn drawn_from() -> u64 {
    std::env::var("TTALKAK_CELL").ok().and_then(|text| text.parse().ok()).unwrap_or(2_026) % CELLS
}

fn done_so_far(place: &Path) -> u64 {
    std::fs::read_to_string(place).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_kill_a_bad_network_and_a_reorganisation_of_any_depth_leave_each_batch_paid_once() {
    let place = place();
    let (first, steps) = match &place {
        Some(place) => (0, done_so_far(place)..CELLS),
        None => (drawn_from(), 0..SAMPLE),
    };
    let mut chain: Option<(World, u64, u128)> = None;
    for step in steps {
        if chain.as_ref().is_none_or(|(_, used, _)| *used >= CELLS_PER_CHAIN) {
            if let Some((world, _, total)) = chain.take() {
                world.assert_paid_once(total).await;
            }
            let Some(world) = World::start().await else { return };
            world.want_open(500_000_000).await;
            chain = Some((world, 0, 0));
        }
        let (world, used, total) = chain.as_mut().unwrap();
        let number = (first + step * STRIDE) % CELLS;
        eprintln!("cell {number} of {CELLS} (TTALKAK_CELL={number} runs it first): {:?}", cell(number));
        (*used, *total) = (*used + 1, *total + SUM);
        run(world, cell(number), *total).await;
        if let Some(place) = &place {
            std::fs::write(place, (step + 1).to_string()).unwrap();
        }
    }
    if let Some((world, _, total)) = chain {
        world.assert_paid_once(total).await;
    }
}

async fn run(world: &World, cell: Cell, total: u128) {
    let proxy = Proxy::start(&world.node.url).await;
    let work = || -> ChainWork {
        let mut config = config(&[&proxy.url], world.domain, world.token);
        (config.meter, config.confirmations) = (Some(key(METER).address()), Some(CONFIRMATIONS));
        world.work_with(world.store.clone(), config)
    };
    let id = world.want_settle(total).await;
    let Cell { question, kill, fault, depth } = cell;
    proxy.plan(move |method| if method == question { kill } else { Fault::Pass });
    let (mut sender, mut watcher) = (Sender::new(work()), Watcher::new(work()));
    let endless = async {
        loop {
            sender.turn().await;
            watcher.turn().await;
            world.node.mine(1).await;
        }
    };
    let killed = tokio::time::timeout(IN_TIME, async {
        tokio::select! {
            () = endless => {}
            () = proxy.hung() => {}
        }
    });
    assert!(killed.await.is_ok(), "{question} is never asked: {cell:?}");
    // Dropped in the middle of what they did; what follows begins from the table alone, over a bad network.
    let mut asked = 0_u32;
    proxy.plan(move |_| {
        asked += 1;
        // About every third, and not in step with a worker that asks three questions in a turn.
        if asked.wrapping_mul(2_654_435_761).rotate_left(9).is_multiple_of(3) { fault } else { Fault::Pass }
    });
    let mut workers = (Sender::new(work()), Watcher::new(work()));
    let begun = Instant::now();
    let (mut reorganised, mut confirmed) = (depth == 0, 0);
    loop {
        workers.0.turn().await;
        workers.1.turn().await;
        match world.state(id).await {
            OutboxState::Final => break,
            OutboxState::Mined if !reorganised => {
                reorganised = true;
                world.node.mine(depth - 1).await;
                world.node.call("anvil_reorg", json!([depth, []])).await;
            }
            // Enough to be final, and then a block at a time: a chain that runs ahead of a worker whose every third question
            // fails would be caught up with by nobody, and no chain does.
            OutboxState::Mined if confirmed < CONFIRMATIONS => {
                confirmed += CONFIRMATIONS / 2;
                world.node.mine(CONFIRMATIONS / 2).await;
            }
            OutboxState::Mined => world.node.mine(1).await,
            OutboxState::Planned | OutboxState::Signed | OutboxState::Broadcast => world.node.mine(1).await,
            OutboxState::Failed => panic!("{cell:?}: {:?}", world.row(id).await),
        }
        assert!(begun.elapsed() < IN_TIME, "{cell:?}: {:?}", world.row(id).await);
    }
    let claimed = world.rpc.agreement(world.agreement(), None).await.unwrap().claimed;
    assert_eq!(claimed.0, total, "{cell:?}");
}

#[test]
fn the_cells_are_all_different_and_their_order_reaches_each() {
    let all: std::collections::BTreeSet<String> =
        (0..CELLS).map(|number| format!("{:?}", cell(number))).collect();
    assert_eq!(all.len() as u64, CELLS);
    let visited: std::collections::BTreeSet<u64> = (0..CELLS).map(|step| step * STRIDE % CELLS).collect();
    assert_eq!(visited.len() as u64, CELLS);
}
