//! What a settlement costs as the program sends it: whole transactions on the node, their call data packed by Rust, under
//! the bound that a transaction has since Osaka. The same figures stand in the contract's own tests, with the call data
//! packed by Solidity; here they may be 2 % above what is promised and no more.

use crate::{chance::Chance, contract::Contract, node::Node};
use ttalkak_escrow::{
    Key,
    abi::{Opening, SignedTotal, encode_claim, encode_open, encode_settle},
    agreement_key,
    batch::{CHUNK_MAX, SettleItem, chunks},
    typed::Typed as _,
};
use ttalkak_protocol::money::{Amount, EvmAddress, Terms, Voucher};

const TENANTS: usize = 50;
const CAP: Amount = Amount(100_000_000);

/// What was promised, in gas, for a whole transaction or for each agreement of many.
const EACH_OF_100_PAYEES: u64 = 8_500;
const EACH_OF_1000_PAYEES: u64 = 18_800;
const ONE: u64 = 62_000;
const CLAIM: u64 = 70_000;
const OPEN: u64 = 40_000;
const NEW_PAYEES: u64 = 15_000_000;

#[tokio::test]
async fn whole_transactions_cost_what_was_promised() {
    let Some(node) = Node::start().await else { return };
    let mut scale = Scale::new(node, Chance::new("gas")).await;
    let (open, each, _) = scale.settled(1000, 100).await;
    within("a relayed open, of 100", open, OPEN);
    within("settled and paid, each of 1,000 of 100 payees", each, EACH_OF_100_PAYEES);
    let (_, each, first) = scale.settled(1000, 1000).await;
    within("settled and paid, each of 1,000 of 1,000 payees", each, EACH_OF_1000_PAYEES);
    within("settled and paid, 400 payees that had nothing before", first, NEW_PAYEES);
    let (_, one, _) = scale.settled(1, 1).await;
    within("settled and paid, one agreement", one, ONE);
    within("a claim that is paid out", scale.claimed().await, CLAIM);
}

fn within(what: &str, gas: u64, promised: u64) {
    eprintln!("{what}: {gas} gas of {promised}");
    assert!(gas * 100 <= promised * 102, "{what}: {gas} gas, more than 2 % above {promised}");
}

struct Scale {
    node: Node,
    chance: Chance,
    contract: Contract,
    tenants: Vec<Key>,
    batch: u64,
}

impl Scale {
    async fn new(mut node: Node, mut chance: Chance) -> Self {
        let meter = chance.key();
        let contract = Contract::deploy(&mut node, meter, EvmAddress([0xfe; 20]), 500, false).await;
        let tenants: Vec<Key> = (0..TENANTS).map(|_| chance.key()).collect();
        for tenant in &tenants {
            contract.equip(&mut node, tenant, Amount(1 << 60)).await;
            assert!(contract.deposit(&mut node, tenant, Amount(1 << 60)).await.succeeded);
        }
        let mut scale = Self { node, chance, contract, tenants, batch: 0 };
        // So that the fee's account is in use.
        scale.settled(1, 1).await;
        scale
    }

    /// Opens so many of so many payees and settles them twice. Gas of an open, of an agreement of the second time, and
    /// of the costliest transaction of the first.
    async fn settled(&mut self, count: usize, payees: usize) -> (u64, u64, u64) {
        let all = self.terms(count, payees);
        let mut opened = 0;
        for some in all.chunks(100) {
            opened += self.open(some).await;
        }
        self.node.mine(self.node.now + 30 * 3600).await;
        let first = self.settle(&all, Amount(1_000_000)).await;
        let second = self.settle(&all, Amount(2_000_000)).await;
        let count = count as u64;
        (opened / count, second.iter().sum::<u64>() / count, first.into_iter().max().unwrap())
    }

    fn terms(&mut self, count: usize, payees: usize) -> Vec<Terms> {
        let payees: Vec<EvmAddress> = (0..payees).map(|_| self.chance.key().address()).collect();
        let terms = |at: usize| Terms {
            tenant: self.tenants[at % TENANTS].address(),
            provider: payees[at % payees.len()],
            token: self.contract.token,
            rate_per_hour: Amount(277_777),
            start: self.node.now,
            expiry: self.node.now + 365 * 86_400,
            // As many bytes as a salt may have on the wire.
            salt: self.chance.below(1 << 53),
        };
        (0..count).map(terms).collect()
    }

    async fn open(&mut self, some: &[Terms]) -> u64 {
        let tenant = |terms: &Terms| self.tenants.iter().find(|key| key.address() == terms.tenant).unwrap();
        let opening = |terms: &Terms| -> Opening { self.contract.opening(tenant(terms), *terms, CAP) };
        let input = encode_open(&some.iter().map(opening).collect::<Vec<_>>());
        let meter = self.contract.meter.clone();
        self.node.must(&meter, self.contract.address(), input).await.gas
    }

    /// Gas of each transaction.
    async fn settle(&mut self, all: &[Terms], cumulative: Amount) -> Vec<u64> {
        let items: Vec<_> =
            all.iter().map(|terms| SettleItem { terms: *terms, cumulative, ending: false }).collect();
        let meter = self.contract.meter.clone();
        let mut used = Vec::new();
        for chunk in chunks(&items, CHUNK_MAX) {
            self.batch += 1;
            let input = encode_settle(self.batch, self.contract.token, &chunk);
            used.push(self.node.must(&meter, self.contract.address(), input).await.gas);
        }
        used
    }

    /// The second claim under an agreement.
    async fn claimed(&mut self) -> u64 {
        let terms = self.terms(1, 1)[0];
        self.open(&[terms]).await;
        self.node.mine(self.node.now + 30 * 3600).await;
        let meter = self.contract.meter.clone();
        let mut gas = 0;
        for cumulative in [Amount(1_000_000), Amount(2_000_000)] {
            let voucher = Voucher { agreement: agreement_key(&terms), cumulative };
            let signature = Some(meter.sign(voucher.digest(&self.contract.domain)));
            let input = encode_claim(&[SignedTotal { terms, cumulative, signature }], true);
            gas = self.node.must(&meter, self.contract.address(), input).await.gas;
        }
        gas
    }
}
