//! The bound on what is earned: Rust's ceiling is exactly the contract's, at every second and by every way to be paid.

use crate::{
    chance::{Chance, TIME_MAX},
    contract::Contract,
    node::{Mined, Node},
};
use ttalkak_escrow::{
    Key,
    abi::{SignedTotal, encode_claim, encode_open, encode_request_close, encode_settle},
    agreement_key,
    batch::SettleItem,
    ceiling::ceiling,
    typed::Typed as _,
};
use ttalkak_protocol::money::{Amount, ChainHash, EvmAddress, Terms, Voucher};

const AGREEMENTS: usize = 30;
const GAS: u64 = 300_000;

/// One agreement, when its end is asked for, and what it comes to.
struct Case {
    terms: Terms,
    cap: Amount,
    end_at: Option<u64>,
    ended_at: Option<u64>,
    claimed: Amount,
}

#[tokio::test]
async fn the_ceiling_is_accepted_and_one_more_is_refused_at_every_time() {
    let Some(mut node) = Node::start().await else { return };
    let mut chance = Chance::new("ceiling");
    let (meter, tenant) = (chance.key(), chance.key());
    let contract = Contract::deploy(&mut node, meter, EvmAddress([0xfe; 20]), 500, false).await;
    contract.equip(&mut node, &tenant, Amount(Amount::MAX.0 * 64)).await;
    for _ in 0..AGREEMENTS {
        assert!(contract.deposit(&mut node, &tenant, Amount::MAX).await.succeeded);
    }
    let mut probe =
        Probe { cases: cases(&mut chance, &node, &contract, &tenant), node, contract, tenant, batch: 0 };
    probe.open().await;
    let mut probed = 0;
    for at in times(&mut chance, &probe) {
        probe.end_what_is_due(at).await;
        if at > probe.node.now {
            probed += probe.at(&mut chance, at).await;
        }
    }
    eprintln!("{probed} bounds were held against the contract");
    assert!(probed > 500);
}

/// Rates around whole units per second and per hour, starts before and after now, ends and expiries in between.
fn cases(chance: &mut Chance, node: &Node, contract: &Contract, tenant: &Key) -> Vec<Case> {
    let rates = [1, 2, 3599, 3600, 3601, 7199, 277_777, 1_000_000_007];
    let case = |at: usize| {
        let start = if chance.one_in(6) { 0 } else { node.now - 2000 + chance.below(6000) };
        let expiry = if chance.one_in(6) { TIME_MAX } else { node.now + 600 + chance.below(12_000) };
        let rate = rates.get(at).map_or_else(|| chance.amount(), |rate| Amount(*rate));
        let terms = Terms {
            tenant: tenant.address(),
            token: contract.token,
            provider: chance.key().address(),
            rate_per_hour: rate,
            start,
            expiry,
            ..chance.terms()
        };
        let end_at = (!chance.one_in(3)).then(|| node.now + 300 + chance.below(12_000));
        // One below what fits, so that one more can be asked for.
        let cap = Amount(chance.amount().0.clamp(1, Amount::MAX.0 - 1));
        Case { terms, cap, end_at, ended_at: None, claimed: Amount::ZERO }
    };
    (0..AGREEMENTS).map(case).collect()
}

/// Any times, and those around which something changes.
fn times(chance: &mut Chance, probe: &Probe) -> Vec<u64> {
    let now = probe.node.now;
    let around = |at: u64| [at.saturating_sub(1), at, at + 1];
    let edges = |case: &Case| [Some(case.terms.start), Some(case.terms.expiry), case.end_at];
    let edges = probe.cases.iter().flat_map(edges).flatten().flat_map(around);
    let mut times: Vec<u64> = edges.filter(|at| (now + 2..now + 20_000).contains(at)).collect();
    times.extend((0..30).map(|_| now + 2 + chance.below(14_000)));
    times.sort_unstable();
    times.dedup();
    times
}

struct Probe {
    node: Node,
    contract: Contract,
    tenant: Key,
    cases: Vec<Case>,
    batch: u64,
}

impl Probe {
    async fn open(&mut self) {
        let openings: Vec<_> =
            self.cases.iter().map(|case| self.contract.opening(&self.tenant, case.terms, case.cap)).collect();
        self.node.must(&self.tenant, self.contract.address(), encode_open(&openings)).await;
    }

    /// Asks for the ends that fall on this time, in a block of this time: what is probed then stands in the next.
    async fn end_what_is_due(&mut self, at: u64) {
        let due = |case: &Case| case.ended_at.is_none() && case.end_at.is_some_and(|end| end <= at);
        let ending: Vec<usize> = (0..self.cases.len()).filter(|index| due(&self.cases[*index])).collect();
        if ending.is_empty() || at <= self.node.now {
            return;
        }
        for index in &ending {
            let input = encode_request_close(&self.cases[*index].terms);
            self.node.send(&self.tenant, self.contract.call(input), GAS).await;
        }
        self.node.mine(at).await;
        for index in ending {
            self.cases[index].ended_at = Some(at);
            assert_eq!(self.contract.agreement(&self.cases[index].terms).await.ended_at, Some(at));
        }
    }

    /// In one block: one more than the ceiling, then the ceiling, for some agreements.
    async fn at(&mut self, chance: &mut Chance, at: u64) -> usize {
        let mut sent = Vec::new();
        for index in 0..self.cases.len() {
            if chance.one_in(2) {
                continue;
            }
            let case = &self.cases[index];
            let most = ceiling(&case.terms, case.cap, at, case.ended_at);
            let settled = chance.one_in(2);
            // A refused batch leaves its number to the next.
            let over = self.pay(index, Amount(most.0 + 1), settled).await;
            let exact = self.pay(index, most, settled).await;
            self.batch += u64::from(settled);
            sent.push((index, most, over, exact, settled));
        }
        self.node.mine(at).await;
        let count = sent.len();
        for (index, most, over, exact, settled) in sent {
            let context = format!("at {at}, {most} of {:?}, settled: {settled}", self.cases[index].terms);
            let (over, exact) = (self.mined(over).await, self.mined(exact).await);
            assert!(!over.succeeded, "one more than the ceiling was accepted: {context}");
            assert!(exact.succeeded, "the ceiling was refused: {context}");
            let case = &mut self.cases[index];
            // A ceiling never falls, so what was claimed before is no more than it is now.
            assert!(most >= case.claimed, "{context}");
            case.claimed = most;
            assert_eq!(self.contract.agreement(&self.cases[index].terms).await.claimed, most, "{context}");
        }
        count
    }

    /// Sends a claim, or a batch of one.
    async fn pay(&mut self, index: usize, cumulative: Amount, settled: bool) -> ChainHash {
        let terms = self.cases[index].terms;
        let meter = self.contract.meter.clone();
        let input = if settled {
            encode_settle(
                self.batch + 1,
                self.contract.token,
                &[SettleItem { terms, cumulative, ending: false }],
            )
        } else {
            let voucher = Voucher { agreement: agreement_key(&terms), cumulative };
            let signature = Some(meter.sign(voucher.digest(&self.contract.domain)));
            encode_claim(&[SignedTotal { terms, cumulative, signature }], false)
        };
        self.node.send(&meter, self.contract.call(input), GAS).await
    }

    async fn mined(&self, hash: ChainHash) -> Mined {
        self.node.mined(hash).await
    }
}
