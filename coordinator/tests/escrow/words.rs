//! The packed words of a settlement: what Rust puts into them is what the contract moves.

use crate::{chance::Chance, chance::TIME_MAX, contract::Contract, node::Node};
use ttalkak_escrow::{
    Key,
    abi::{decode_settle, encode_open, encode_settle},
    agreement_key,
    batch::{CHUNK_MAX, SettleItem, chunks},
    ceiling::ceiling,
};
use ttalkak_protocol::money::{Amount, EvmAddress, Terms};

const AGREEMENTS: usize = 60;
const BATCHES: u64 = 12;

/// An agreement and what the contract should say of it.
struct Expected {
    terms: Terms,
    cap: Amount,
    claimed: Amount,
    ended_at: Option<u64>,
}

#[tokio::test]
async fn every_line_of_a_batch_moves_its_own_agreement_and_no_other() {
    let Some(mut node) = Node::start().await else { return };
    let mut chance = Chance::new("words");
    let meter = chance.key();
    let fee_to = EvmAddress([0xfe; 20]);
    let contract = Contract::deploy(&mut node, meter, fee_to, 500, false).await;
    let mut all = open_some(&mut node, &mut chance, &contract).await;
    let mut number = 0;
    for _ in 0..BATCHES {
        let at = node.now + 1 + chance.below(40_000);
        let items = some_items(&mut chance, &all, at);
        for chunk in chunks(&items, CHUNK_MAX) {
            number += 1;
            let input = encode_settle(number, contract.token, &chunk);
            let (_, _, groups) = decode_settle(&input).unwrap();
            let mut read: Vec<_> = groups.into_iter().flat_map(|group| group.items).collect();
            let mut sent = chunk.clone();
            read.sort_by_key(|item| agreement_key(&item.terms));
            sent.sort_by_key(|item| agreement_key(&item.terms));
            assert_eq!(read, sent);
            let hash = node.send(&contract.meter, contract.call(input), crate::node::GAS_MAX).await;
            node.mine(at.max(node.now + 1)).await;
            assert!(node.mined(hash).await.succeeded, "batch {number} was refused");
            for item in chunk {
                let one = all.iter_mut().find(|one| one.terms == item.terms).unwrap();
                one.claimed = one.claimed.max(item.cumulative);
                one.ended_at = one.ended_at.or(item.ending.then_some(node.now));
            }
        }
        for one in &all {
            let stands = contract.agreement(&one.terms).await;
            assert_eq!((stands.cap, stands.claimed, stands.ended_at), (one.cap, one.claimed, one.ended_at));
        }
    }
}

/// Agreements of a few tenants and providers; their numbers fill their fields as far as an opening allows.
async fn open_some(node: &mut Node, chance: &mut Chance, contract: &Contract) -> Vec<Expected> {
    let tenants: Vec<Key> = (0..4).map(|_| chance.key()).collect();
    for tenant in &tenants {
        contract.equip(node, tenant, Amount(Amount::MAX.0 * 64)).await;
        for _ in 0..20 {
            assert!(contract.deposit(node, tenant, Amount::MAX).await.succeeded);
        }
    }
    let providers: Vec<EvmAddress> = (0..9).map(|_| chance.key().address()).collect();
    let mut all = Vec::new();
    let mut openings = Vec::new();
    for _ in 0..AGREEMENTS {
        let tenant = &tenants[chance.index(tenants.len())];
        let terms = Terms {
            tenant: tenant.address(),
            provider: providers[chance.index(providers.len())],
            token: contract.token,
            start: if chance.one_in(8) { 0 } else { node.now - chance.below(5000) },
            expiry: if chance.one_in(4) { TIME_MAX } else { node.now + 1000 + chance.below(200_000) },
            ..chance.terms()
        };
        let cap = Amount(chance.amount().0.max(1));
        openings.push(contract.opening(tenant, terms, cap));
        all.push(Expected { terms, cap, claimed: Amount::ZERO, ended_at: None });
    }
    let sender = tenants[0].clone();
    for some in openings.chunks(100) {
        node.must(&sender, contract.address(), encode_open(some)).await;
    }
    all
}

/// Lines for some of them: growing totals, the whole of what may be claimed, and totals of yesterday.
fn some_items(chance: &mut Chance, all: &[Expected], at: u64) -> Vec<SettleItem> {
    let mut items = Vec::new();
    for one in all {
        if chance.one_in(3) {
            continue;
        }
        let most = ceiling(&one.terms, one.cap, at, one.ended_at);
        let cumulative = chance.up_to(most);
        items.push(SettleItem { terms: one.terms, cumulative, ending: chance.one_in(10) });
    }
    items
}
