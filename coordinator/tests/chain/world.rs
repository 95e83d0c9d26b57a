//! A chain with the contracts, a tenant with money in them, and the two workers on a database.

use crate::node::Node;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use ttalkak_coordinator::{
    chain::{Chain as _, EscrowEvent, EscrowLog, Rpc, RpcConfig, deploy},
    jobs::{
        chain_work::{ChainWork, OnChainEvent},
        send::Sender,
        watch_chain::Watcher,
    },
    logic::outbox::{OutboxKind, OutboxState, Policy},
    nudge::Nudge,
    store::{
        Store, StoreResult, Tx,
        outbox::{OutboxRow, outbox_add, outbox_next_batch},
    },
};
use ttalkak_escrow::{
    Key,
    abi::{MandatedOpening, encode_approve, encode_deposit, encode_mint, encode_open_under, encode_settle},
    agreement_key,
    batch::SettleItem,
    tx::Eip1559,
    typed::Typed as _,
};
use ttalkak_protocol::{
    error::Problem,
    id::OutboxId,
    money::{Amount, ChainHash, Domain, EvmAddress, Mandate, Terms},
    unit::{Millis, UnixMillis},
};
use url::Url;

/// Anvil's first accounts; they have coin and no secret.
pub(crate) const METER: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
pub(crate) const TENANT: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
pub(crate) const PROVIDER: EvmAddress = EvmAddress([0x77; 20]);
pub(crate) const FEE_TO: EvmAddress = EvmAddress([0x66; 20]);
pub(crate) const DEPOSIT: u128 = 1_000_000_000;
/// 100 tokens an hour, begun 50 minutes ago: a test may settle up to 83 tokens.
pub(crate) const RATE: u128 = 100_000_000;
/// In 1/10000.
pub(crate) const FEE: u128 = 500;

pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) rpc: Arc<Rpc>,
    pub(crate) domain: Domain,
    pub(crate) token: EvmAddress,
    pub(crate) terms: Terms,
    pub(crate) mandate: Mandate,
    pub(crate) heard: Arc<Heard>,
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
}

/// What the workers told.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) events: Mutex<Vec<EscrowLog>>,
    pub(crate) ended: Mutex<Vec<(OutboxId, Option<Problem>)>>,
    /// So many events are refused.
    pub(crate) deaf: Mutex<u32>,
}

impl OnChainEvent for Heard {
    fn event<'a>(
        &'a self,
        _: &'a mut Tx,
        log: &'a EscrowLog,
        _: UnixMillis,
    ) -> BoxFuture<'a, StoreResult<()>> {
        let mut deaf = self.deaf.lock().unwrap();
        if *deaf > 0 {
            *deaf -= 1;
            return Box::pin(async { Err(sqlx::Error::WorkerCrashed.into()) });
        }
        self.events.lock().unwrap().push(log.clone());
        Box::pin(async { Ok(()) })
    }

    fn ended<'a>(
        &'a self,
        _: &'a mut Tx,
        row: &'a OutboxRow,
        problem: Option<&'a Problem>,
        _: UnixMillis,
    ) -> BoxFuture<'a, StoreResult<()>> {
        self.ended.lock().unwrap().push((row.id, problem.cloned()));
        Box::pin(async { Ok(()) })
    }
}

pub(crate) fn key(hex: &str) -> Key {
    Key::from_hex(hex).unwrap()
}

impl World {
    /// `None` when there is no anvil.
    pub(crate) async fn start() -> Option<Self> {
        let node = Node::start(&[]).await?;
        let wanted = deploy::Wanted {
            guardian: EvmAddress::ZERO,
            fee_to: FEE_TO,
            fee_bps: u16::try_from(FEE).unwrap(),
            with_dev_token: true,
        };
        let deployed = deploy::deploy(node.url.clone(), &key(METER), wanted).await.unwrap();
        let token = deployed.token.unwrap();
        let domain = Domain { chain_id: deployed.chain_id, contract: deployed.escrow };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let rpc = Arc::new(Rpc::new(config(&[&node.url], domain, token)));
        let tenant = key(TENANT);
        let now = rpc.head().await.unwrap().timestamp_secs;
        let (start, expiry) = (now - 3_000, now + 86_400);
        let terms = Terms {
            tenant: tenant.address(),
            provider: PROVIDER,
            token,
            rate_per_hour: Amount(RATE),
            start,
            expiry,
            salt: 1,
        };
        let mandate = Mandate {
            tenant: tenant.address(),
            token,
            rate_per_hour_max: Amount(RATE),
            cap: Amount(DEPOSIT),
            period: 0,
            start,
            expiry,
            salt: 1,
        };
        let heard = Arc::default();
        let world = Self { node, rpc, domain, token, terms, mandate, heard, folder, store };
        world.fund(&tenant).await;
        Some(world)
    }

    async fn fund(&self, tenant: &Key) {
        let escrow = self.domain.contract;
        self.transact(tenant, self.token, encode_mint(tenant.address(), Amount(DEPOSIT))).await;
        self.transact(tenant, self.token, encode_approve(escrow, Amount(DEPOSIT))).await;
        self.transact(tenant, escrow, encode_deposit(self.token, Amount(DEPOSIT))).await;
    }

    /// A transaction of somebody, with the next nonce; in a block at once.
    pub(crate) async fn transact(&self, from: &Key, to: EvmAddress, input: Vec<u8>) -> ChainHash {
        let nonce = self.rpc.nonce(from.address(), None).await.unwrap();
        let signed = self.transaction(to, nonce, input).sign(from);
        let hash = self.rpc.send_raw(&signed.raw).await.unwrap();
        // Anvil makes the block at once, but after its answer.
        while self.rpc.receipt(hash).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        hash
    }

    pub(crate) fn transaction(&self, to: EvmAddress, nonce: u64, input: Vec<u8>) -> Eip1559 {
        let (max_fee, tip) = (100_000_000_000, 1_000_000_000);
        let chain_id = self.domain.chain_id;
        Eip1559 { chain_id, nonce, gas_limit: 500_000, max_fee, tip, to: Some(to), value: 0, input }
    }

    /// The workers' parts, with bounds that make tests quick.
    pub(crate) fn work(&self, urls: &[&Url]) -> ChainWork {
        let mut config = config(urls, self.domain, self.token);
        config.meter = Some(key(METER).address());
        self.work_with(self.store.clone(), config)
    }

    pub(crate) fn work_with(&self, store: Store, config: RpcConfig) -> ChainWork {
        let policy = Policy { resend_after: Millis(0), replace_after: Millis(600_000), ..Policy::default() };
        ChainWork {
            store,
            chain: Arc::new(Rpc::new(config)),
            key: key(METER),
            policy,
            look: Duration::from_millis(10),
            first_block: 0,
            nudge: Nudge::default(),
            ears: self.heard.clone(),
        }
    }

    pub(crate) fn workers(&self) -> (Sender, Watcher) {
        let work = self.work(&[&self.node.url]);
        (Sender::new(work.clone()), Watcher::new(work))
    }

    pub(crate) fn agreement(&self) -> ChainHash {
        agreement_key(&self.terms)
    }

    pub(crate) async fn want_open(&self, cap: u128) -> OutboxId {
        let signature = Some(key(TENANT).sign(self.mandate.digest(&self.domain)));
        let (terms, cap, mandate) = (self.terms, Amount(cap), self.mandate);
        let input = encode_open_under(&[MandatedOpening { terms, cap, mandate, signature }]);
        let mut tx = self.store.begin().await.unwrap();
        let id = outbox_add(&mut tx, OutboxKind::Open, &input, &json!({}), UnixMillis(1)).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Wants a batch with this total of the one agreement.
    pub(crate) async fn want_settle(&self, cumulative: u128) -> OutboxId {
        let on_chain = self.rpc.last_batch(None).await.unwrap();
        let mut tx = self.store.begin().await.unwrap();
        let batch = outbox_next_batch(&mut tx, on_chain).await.unwrap();
        let item = SettleItem { terms: self.terms, cumulative: Amount(cumulative), ending: false };
        let input = encode_settle(batch, self.token, &[item]);
        let id = outbox_add(&mut tx, OutboxKind::Settle, &input, &json!({}), UnixMillis(1)).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub(crate) async fn row(&self, id: OutboxId) -> OutboxRow {
        self.store.outbox_row(id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: OutboxId) -> OutboxState {
        self.row(id).await.row.state
    }

    /// Takes turns of both workers until a row is in this state.
    pub(crate) async fn pump(
        &self,
        (sender, watcher): &mut (Sender, Watcher),
        id: OutboxId,
        wanted: OutboxState,
    ) {
        let begun = Instant::now();
        loop {
            sender.turn().await;
            watcher.turn().await;
            let row = self.row(id).await;
            if row.row.state == wanted {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(40), "{wanted:?} is awaited: {row:?}");
        }
    }

    pub(crate) async fn balance(&self, of: EvmAddress) -> u128 {
        let selector = &ttalkak_escrow::keccak(b"balanceOf(address)").0[..4];
        let data = format!("0x{}{:0>64}", hex::encode(selector), hex::encode(of.0));
        let answer = self.node.call("eth_call", json!([{"to": self.token, "data": data}, "latest"])).await;
        u128::from_str_radix(&answer.as_str().unwrap()[34..], 16).unwrap()
    }

    /// The provider has been paid for this total exactly once, and books and chain agree on everything.
    pub(crate) async fn assert_paid_once(&self, total: u128) {
        let state = self.rpc.agreement(self.agreement(), None).await.unwrap();
        assert_eq!(state.claimed, Amount(total));
        let fee = self.rpc.credit(FEE_TO, None).await.unwrap().0;
        assert_eq!(self.balance(PROVIDER).await + fee, total, "each base unit is paid once");
        let settled = |log: &EscrowLog| {
            if let EscrowEvent::Settled { gross, .. } = log.event { gross.0 } else { 0 }
        };
        let told: u128 = self.heard.events.lock().unwrap().iter().map(settled).sum();
        assert_eq!(told, total, "each settlement is told once");
    }
}

pub(crate) fn config(urls: &[&Url], domain: Domain, token: EvmAddress) -> RpcConfig {
    let urls = urls.iter().map(|url| (*url).clone()).collect();
    let deadline = Duration::from_secs(5);
    RpcConfig {
        confirmations: Some(0),
        deadline,
        ..RpcConfig::new(urls, domain.chain_id, domain.contract, token)
    }
}
