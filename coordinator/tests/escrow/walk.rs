//! Walks by chance: tenants, providers and the meter do what they like, in any order and at any time. Each step is
//! carried out on the chain and booked from the contract's events; after each, books and contract must agree on every
//! place. In the end everybody leaves, and neither side has anything left.

mod books;
mod earnings;
mod exits;
mod locks;

use crate::{
    chance::{Chance, given},
    contract::Contract,
    node::{Call, Node},
};
use books::{Books, Known};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use ttalkak_coordinator::{
    chain::Chain as _,
    ledger::{
        Ledger,
        reconcile::{Place, View, compare},
    },
};
use ttalkak_escrow::{Key, abi, batch::SettleItem, mandate_id};
use ttalkak_protocol::{
    id::AccountId,
    money::{Amount, ChainHash, EvmAddress, Mandate},
};
use uuid::Uuid;

const WALKS: u64 = 25;
const STEPS: u64 = 30;
const GAS: u64 = 3_000_000;
/// How long a provider may still claim after an end was asked for, seconds.
const NOTICE: u64 = 86_400;
/// Returns nothing and takes nothing: code of a payee that refuses coins.
const REFUSES: &str = "0x5f5ffd";

#[tokio::test]
async fn books_and_contract_agree_after_every_step_of_any_walk() {
    let Some(mut node) = Node::start().await else { return };
    let mut chance = Chance::new("walk");
    let mut tally = BTreeMap::new();
    for number in 0..given("TTALKAK_WALKS").unwrap_or(WALKS) {
        let seed = chance.below(u64::MAX);
        let mut walk = Walk::begin(&mut node, Chance::of(seed)).await;
        for step in 0..STEPS {
            let context = format!("walk {number} (of its own seed {seed}), step {step}");
            let act = walk.step(&context).await;
            *tally.entry(act).or_insert(0) += 1;
        }
        walk.end(&format!("the end of walk {number} (of its own seed {seed})")).await;
    }
    eprintln!("steps taken: {tally:?}");
}

struct Tenant {
    key: Key,
    account: AccountId,
    mandate: Mandate,
    /// As the contract should count it.
    used: Amount,
    window: u64,
    revoked: bool,
}

struct Walk<'a> {
    node: &'a mut Node,
    chance: Chance,
    contract: Contract,
    tenants: Vec<Tenant>,
    providers: Vec<Key>,
    /// Payees whose code refuses coins now.
    refusing: BTreeSet<EvmAddress>,
    /// Pays for everybody's transactions.
    stranger: Key,
    books: Books,
    batch: u64,
    ids: u128,
    /// Time of the block of the step at hand.
    at: u64,
    context: String,
}

impl<'a> Walk<'a> {
    async fn begin(node: &'a mut Node, mut chance: Chance) -> Self {
        let keys: [Key; 7] = std::array::from_fn(|_| chance.key());
        let [meter, stranger, one, other, a, b, c] = keys;
        // Sometimes the platform itself lends a machine.
        let fee_to = if chance.one_in(3) { a.address() } else { EvmAddress([0xfe; 20]) };
        let fee_bps = [0, 333, 500, 1000][chance.index(4)];
        let coin = chance.one_in(2);
        let contract = Contract::deploy(node, meter, fee_to, fee_bps, coin).await;
        for key in [&stranger, &a, &b, &c] {
            node.enrich(key.address()).await;
        }
        let mut tenants = Vec::new();
        for (number, key) in [one, other].into_iter().enumerate() {
            contract.equip(node, &key, Amount::MAX).await;
            let account = AccountId::new(Uuid::from_u128(number as u128 + 1));
            let mandate = locks::mandate(&mut chance, &key, contract.token, node.now);
            tenants.push(Tenant { key, account, mandate, used: Amount::ZERO, window: 0, revoked: false });
        }
        let accounts = tenants.iter().map(|tenant| (tenant.key.address(), tenant.account)).collect();
        let (holds, agreements) = (BTreeMap::new(), BTreeMap::new());
        let books = Books { ledger: Ledger::default(), holds, accounts, agreements, fee_to, fee_bps };
        let (refusing, providers, at) = (BTreeSet::new(), vec![a, b, c], node.now);
        let context = String::new();
        Self {
            node,
            chance,
            contract,
            tenants,
            providers,
            refusing,
            stranger,
            books,
            batch: 0,
            ids: 0,
            at,
            context,
        }
    }

    /// One act by chance, and the comparison.
    async fn step(&mut self, context: &str) -> &'static str {
        let ahead = if self.chance.one_in(12) { 2 * NOTICE } else { 900 };
        self.at = self.node.now + 1 + self.chance.below(ahead);
        let act = match self.chance.below(22) {
            0..=1 => "deposit",
            2 => "withdraw",
            3..=5 => "hold",
            6..=7 => "open under a mandate",
            8 => "open by a lock",
            9..=11 => "charge",
            12..=14 => "settle",
            15..=16 => "claim",
            17 => "ask for the end",
            18 => "close",
            19 => "pay out",
            20 => "revoke",
            _ => "refuse coins",
        };
        self.context = format!("{context}: {act}");
        match act {
            "deposit" => self.deposit().await,
            "withdraw" => self.withdraw().await,
            "hold" => self.hold(),
            "open under a mandate" => self.open_held().await,
            "open by a lock" => self.open_by_lock().await,
            "charge" => self.charge(),
            "settle" => self.settle().await,
            "claim" => self.claim().await,
            "ask for the end" => self.request_close().await,
            "close" => self.close().await,
            "pay out" => self.pay_out().await,
            "revoke" => self.revoke().await,
            _ => self.turn_refusal().await,
        }
        self.compare().await;
        act
    }

    /// Everybody leaves.
    async fn end(&mut self, context: &str) {
        self.context = context.to_owned();
        self.leave().await;
        self.compare().await;
        assert_eq!(
            self.contract.holdings(self.node).await,
            Amount::ZERO,
            "{context}: something stays behind"
        );
        let rest: Vec<_> = self.books.ledger.balances().collect();
        assert!(rest.is_empty(), "{context}: the books keep {rest:?}");
    }

    /// Sends one transaction in the block of this step and books its events. `passes`: what must come of it.
    async fn carry_out(&mut self, from: &Key, call: Call, batch: &[SettleItem], passes: bool) {
        let input = call.input.clone();
        let hash = self.node.send(from, call, GAS).await;
        self.node.mine(self.at).await;
        self.at += 1;
        let mined = self.node.mined(hash).await;
        if mined.succeeded != passes {
            let reason = self.contract.refusal(from.address(), &input).await;
            panic!("{}: it should pass: {passes}; tried again, it is refused for {reason:?}", self.context);
        }
        let logs = self.contract.rpc.events(mined.block, mined.block).await.unwrap();
        assert!(passes || logs.is_empty(), "{}: what was undone left traces", self.context);
        self.books.read(&logs, batch);
    }

    /// The same for a call to the escrow without coins.
    async fn call(&mut self, from: &Key, input: Vec<u8>, passes: bool) {
        let call = self.contract.call(input);
        self.carry_out(from, call, &[], passes).await;
    }

    /// Books against contract, place by place; and what the walk believes of agreements and mandates.
    async fn compare(&self) {
        let rpc = &self.contract.rpc;
        let mut chain = View::default();
        for tenant in &self.tenants {
            let free = rpc.free(tenant.key.address(), None).await.unwrap();
            chain.0.insert(Place::Free(tenant.account), free);
            let state = rpc.mandate_used(mandate_id(&tenant.mandate), None).await.unwrap();
            let found = (state.used, state.window, state.revoked);
            assert_eq!(found, (tenant.used, tenant.window, tenant.revoked), "{}: a mandate", self.context);
        }
        let agreements: Vec<_> = self.books.agreements.iter().collect();
        let states = join_all(agreements.iter().map(|(key, _)| rpc.agreement(**key, None))).await;
        for ((_, known), state) in agreements.into_iter().zip(states) {
            let state = state.unwrap();
            let open = Amount(state.cap.0.checked_sub(state.claimed.0).expect("a cap is never passed"));
            chain.0.insert(Place::Agreement(known.id), open);
            let found = (state.cap, state.claimed);
            assert_eq!(found, (known.cap, known.claimed), "{}: {known:?}", self.context);
            assert!(known.closed || state.ended_at == known.ended_at, "{}: {known:?}", self.context);
        }
        for payee in self.payees() {
            chain.0.insert(Place::Credit(payee), rpc.credit(payee, None).await.unwrap());
        }
        let holdings = self.contract.holdings(self.node).await;
        chain.0.insert(Place::Holdings, holdings);
        let books = self.books.view();
        assert_eq!(compare(&books, &chain), [], "{}", self.context);
        // Nobody sends tokens astray here, so neither side may hold more.
        assert_eq!(books.at(Place::Holdings), holdings, "{}", self.context);
    }

    /// Whoever may have credit.
    fn payees(&self) -> BTreeSet<EvmAddress> {
        self.providers.iter().map(Key::address).chain([self.books.fee_to]).collect()
    }

    fn tenant_of(&self, known: &Known) -> usize {
        self.tenants.iter().position(|tenant| tenant.account == known.tenant).unwrap()
    }

    /// Agreements that pass, in any order.
    fn some(&mut self, most: usize, fits: impl Fn(&Known) -> bool) -> Vec<(ChainHash, Known)> {
        let mut all: Vec<_> = self
            .books
            .agreements
            .iter()
            .filter(|(_, known)| fits(known))
            .map(|(key, known)| (*key, *known))
            .collect();
        let mut chosen = Vec::new();
        while !all.is_empty() && chosen.len() < most {
            chosen.push(all.swap_remove(self.chance.index(all.len())));
        }
        chosen
    }

    async fn deposit(&mut self) {
        let tenant = self.chance.index(self.tenants.len());
        let amount = self.chance.up_to(Amount(1_000_000_000_000));
        let key = self.tenants[tenant].key.clone();
        let mut call = self.contract.call(abi::encode_deposit(self.contract.token, amount));
        call.value = if self.contract.token == EvmAddress::ZERO { amount.0 } else { 0 };
        self.carry_out(&key, call, &[], amount > Amount::ZERO).await;
    }

    /// A payee begins or ends to refuse coins. Tokens reach it all the same.
    async fn turn_refusal(&mut self) {
        let payee = self.providers[self.chance.index(self.providers.len())].address();
        let coin = self.contract.token == EvmAddress::ZERO;
        let code = if self.refusing.remove(&payee) || !coin {
            "0x"
        } else {
            self.refusing.insert(payee);
            REFUSES
        };
        self.node.ask::<Value>("anvil_setCode", json!([payee, code])).await;
    }
}
