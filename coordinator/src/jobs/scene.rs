//! A tenant, a provider and a deployment on real tables, with a chain that is only a memory, for the tests of money's
//! workers. What the contract refuses is not looked at here: that is tested against the contract.

use crate::{
    chain::Chain,
    config::Payments,
    flows::world::{Visitors, World},
    git::GitPolicy,
    jobs::on_chain::OnChain,
    ledger::{Account, EntryKey, write},
    logic::{
        chain::{ChainFacts, EscrowEvent, EscrowLog, booking_order},
        deployment::Fact,
        outbox::Offer,
    },
    money::Money,
    nudge::Nudge,
    online::Online,
    seal::Sealer,
    store::{
        Store,
        agreement::{self, AgreementRow, NewAgreement},
        chain_event::{ChainMark, add_chain_event, move_chain_mark},
        deployment::{NewDeployment, NewSource},
        journal::journal_append,
        name::PortPool,
        opening::Opening,
        outbox::{OutboxRow, Signed},
        provider::NewAgent,
        route::AddressRow,
        wallet,
    },
};
use std::collections::BTreeSet;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use ttalkak_escrow::{Key, Typed};
use ttalkak_protocol::{
    api::deployment::{CPU_DEFAULT, Exposure, MEMORY_DEFAULT},
    id::{AccountId, AgentId, AgreementId, DeploymentId, LeaseId, SagaId},
    money::{Amount, ChainHash, EvmAddress, Mandate, Rates, Reserved, SignedVoucher, Terms, Voucher},
    unit::{Bytes, Millis, UnixMillis},
};
use uuid::Uuid;

mod memory_chain;
pub(super) use memory_chain::MemoryChain;

/// The present of every test.
pub(super) const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
pub(super) const HOUR: Millis = Millis(3_600_000);
/// Base units that an hour costs.
pub(super) const RATE: Amount = Amount(3_600);
pub(super) const TOKEN: EvmAddress = EvmAddress([0x70; 20]);
pub(super) const PAYEE: EvmAddress = EvmAddress([0xbb; 20]);
pub(super) const FEE_TO: EvmAddress = EvmAddress([0xfe; 20]);

pub(super) struct Scene {
    _dir: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) world: World,
    pub(super) money: Arc<Money>,
    pub(super) chain: MemoryChain,
    pub(super) tenant: AccountId,
    pub(super) wallet: Key,
    pub(super) provider: AccountId,
    pub(super) agent: AgentId,
    pub(super) deployment: DeploymentId,
    saga: SagaId,
    block: AtomicU64,
}

struct Nobody;

impl Visitors for Nobody {
    fn set(&self, _: &AddressRow) {}
    fn remove(&self, _: &AddressRow) {}
    fn reachable(&self, _: AgentId) -> bool {
        false
    }
    fn streams(&self, _: LeaseId) -> u64 {
        0
    }
}

pub(super) fn account(n: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(n))
}

impl Scene {
    /// A tenant without money and with a mandate, a provider with an agent, a deployment on its way.
    pub(super) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (store, sealer) = (Store::open(dir.path()).await.unwrap(), Sealer::open(dir.path()).unwrap());
        let (tenant, provider, wallet) = (account(1), account(2), Key::random());
        store.create_account(tenant, "tenant", NOW).await.unwrap();
        store.create_account(provider, "provider", NOW).await.unwrap();
        store.create_enrolment(provider, &[1; 32], NOW.after(HOUR), NOW).await.unwrap();
        let new = NewAgent { id: AgentId::new(Uuid::from_u128(3)), name: "box".into(), public_key: [7; 32] };
        let agent = store.enrol_agent(&[1; 32], &new, NOW).await.unwrap();
        let deployment = deploy(&store, &sealer, tenant, "shop").await;
        let saga = store.open_sagas().await.unwrap()[0].id;
        let mut tx = store.begin().await.unwrap();
        wallet::link(&mut tx, tenant, wallet.address()).await.unwrap();
        tx.commit().await.unwrap();
        let mandate = mandate(wallet.address());
        let signature = wallet.sign(ChainHash([1; 32]));
        store.set_mandate(tenant, (&mandate, &signature), NOW).await.unwrap();
        let money = money();
        let parts = ((store.clone(), sealer), (Nudge::default(), Online::default()));
        let git = GitPolicy::new(false, []);
        let world = World::new(parts.0, parts.1, Arc::new(Nobody), git, dir.path().to_owned());
        let world = world.with_money(Some(money.clone()));
        let (chain, block) = (MemoryChain::default(), AtomicU64::new(1));
        Self {
            _dir: dir,
            store,
            world,
            money,
            chain,
            tenant,
            wallet,
            provider,
            agent,
            deployment,
            saga,
            block,
        }
    }

    pub(super) fn books(&self) -> OnChain {
        OnChain { token: TOKEN, fee_to: FEE_TO, fee_bps: 100 }
    }

    /// An event in a transaction of its own.
    pub(super) async fn event(&self, event: EscrowEvent) -> EscrowLog {
        let block = self.block.fetch_add(1, Ordering::Relaxed);
        let mut name = [0; 32];
        name[..8].copy_from_slice(&block.to_be_bytes());
        self.events(ChainHash(name), &[event]).await.remove(0)
    }

    /// Events of one transaction.
    pub(super) async fn events(&self, tx: ChainHash, events: &[EscrowEvent]) -> Vec<EscrowLog> {
        let block = self.block.fetch_add(1, Ordering::Relaxed);
        let block_hash = ChainHash([9; 32]);
        let logs: Vec<EscrowLog> = (0..)
            .zip(events)
            .map(|(log_index, event)| EscrowLog { block, block_hash, log_index, tx, event: event.clone() })
            .collect();
        let before = self.store.chain_mark().await.unwrap();
        let mut writing = self.store.begin().await.unwrap();
        assert!(move_chain_mark(&mut writing, before, ChainMark { block, hash: block_hash }).await.unwrap());
        for log in &logs {
            add_chain_event(&mut writing, log).await.unwrap();
        }
        for log in booking_order(&logs) {
            self.chain.hear(log);
            self.books().apply(&mut writing, log, NOW).await.unwrap();
        }
        writing.commit().await.unwrap();
        logs
    }

    pub(super) async fn deposit(&self, amount: u128) {
        let who = self.wallet.address();
        self.event(EscrowEvent::Deposited { who, token: TOKEN, amount: Amount(amount) }).await;
    }

    /// An agreement that is on its way to the chain.
    pub(super) async fn agree(&self, cap: u128) -> AgreementId {
        let id =
            AgreementId::new(Uuid::from_u128(100 + u128::from(self.block.fetch_add(1, Ordering::Relaxed))));
        let mandate = self.store.mandate_in_force(self.tenant).await.unwrap().unwrap();
        let new = NewAgreement {
            id,
            deployment: self.deployment,
            deployment_name: "shop".into(),
            account: self.tenant,
            agent: self.agent,
            mandate: Some(mandate.id),
            terms: terms(self.wallet.address(), u64::try_from(id.uuid().as_u128()).unwrap()),
            rates: Rates { cpu_hour: RATE, ..Rates::default() },
            reserved: Reserved { cpu: CPU_DEFAULT, memory: MEMORY_DEFAULT, disk: Bytes(0) },
        };
        let opening = Opening { saga: self.saga, new, mandate, lock: (Amount(1), Amount(cap)) };
        self.store.open_agreement(&opening, NOW).await.unwrap();
        id
    }

    /// It stands on chain with this cap.
    pub(super) async fn opened(&self, id: AgreementId, cap: u128) {
        let row = self.agreement(id).await;
        self.event(EscrowEvent::Opened {
            agreement: row.key,
            tenant: row.terms.tenant,
            provider: row.terms.provider,
            token: TOKEN,
            cap: Amount(cap),
            mandate: row.mandate,
        })
        .await;
    }

    /// An agreement on chain, and a deployment that is live under it.
    pub(super) async fn live(&self, cap: u128) -> AgreementId {
        let id = self.agree(cap).await;
        self.opened(id, cap).await;
        let release = self.store.saga(self.saga).await.unwrap().unwrap().release.unwrap();
        let whose = (self.deployment, release);
        let lease = LeaseId::new(Uuid::from_u128(id.uuid().as_u128()));
        self.store.grant_lease(self.saga, lease, whose, (self.agent, Some(id)), NOW).await.unwrap();
        let rollout = self.store.rollout(release).await.unwrap();
        self.store.mark_live(&rollout, None, &Default::default(), NOW).await.unwrap();
        self.store.finish_saga(self.saga, crate::store::saga::SagaState::Done, NOW).await.unwrap();
        id
    }

    /// So much was used in all, and vouched for.
    pub(super) async fn used(&self, id: AgreementId, total: u128) {
        let mut row = self.agreement(id).await;
        let more = Amount(total).saturating_sub(row.charged);
        let voucher = Voucher { agreement: row.key, cumulative: Amount(total) };
        row.seq += 1;
        row.charged = Amount(total);
        let signature = self.money.meter.sign(voucher.digest(&self.money.domain()));
        row.voucher = Some(SignedVoucher { voucher, signature });
        let mut tx = self.store.begin().await.unwrap();
        let key = EntryKey::Charge { agreement: id, seq: row.seq };
        journal_append(&mut tx, &write::charge(id, more).unwrap(), key, NOW).await.unwrap();
        agreement::set_charged(&mut tx, &row).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn content(&self, id: AgreementId) {
        let mut tx = self.store.begin().await.unwrap();
        agreement::set_close_signature(&mut tx, id, &self.wallet.sign(ChainHash([2; 32]))).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn agreement(&self, id: AgreementId) -> AgreementRow {
        self.store.agreement(id).await.unwrap().unwrap()
    }

    pub(super) async fn balance(&self, account: Account) -> u128 {
        self.store.balance(account).await.unwrap().0
    }

    pub(super) async fn free(&self) -> u128 {
        self.balance(Account::Free(self.tenant)).await
    }

    /// Signs the oldest wanted call, as the sender does; the name of its transaction.
    pub(super) async fn sign_next(&self) -> Option<(OutboxRow, ChainHash)> {
        let row =
            self.store.outbox_at_work().await.unwrap().into_iter().find(|row| row.row.nonce.is_none())?;
        let block = self.block.fetch_add(1, Ordering::Relaxed);
        let hash = ChainHash([u8::try_from(block % 250).unwrap(); 32]);
        let offer = Offer { max_fee: 1, tip: 1 };
        let sign = |_| Signed { raw: vec![1], hash, offer, gas_limit: 1 };
        self.store.outbox_sign(row.id, self.money.meter.address(), 0, sign, NOW).await.unwrap().unwrap();
        Some((row, hash))
    }

    pub(super) fn chain(&self) -> &dyn Chain {
        &self.chain
    }

    /// Books are a replay of their journal and sum to zero.
    pub(super) async fn sound(&self) {
        assert_eq!(self.store.unbalanced().await.unwrap(), []);
        assert_eq!(self.store.replay().await.unwrap().sum(), 0);
    }

    /// The deployment stops being live by this fact, with no saga left at work.
    pub(super) async fn fact(&self, fact: Fact) {
        self.store.apply_fact(self.deployment, fact, None, NOW).await.unwrap().unwrap();
    }
}

pub(super) fn terms(tenant: EvmAddress, salt: u64) -> Terms {
    let start = u64::try_from(NOW.0 / 1000).unwrap() - 3600;
    Terms {
        tenant,
        provider: PAYEE,
        token: TOKEN,
        rate_per_hour: RATE,
        start,
        expiry: start + 31_536_000,
        salt,
    }
}

fn mandate(tenant: EvmAddress) -> Mandate {
    let start = u64::try_from(NOW.0 / 1000).unwrap() - 7200;
    Mandate {
        tenant,
        token: TOKEN,
        rate_per_hour_max: RATE,
        cap: Amount(1_000_000_000),
        period: 0,
        start,
        expiry: start + 100_000_000,
        salt: 1,
    }
}

fn money() -> Arc<Money> {
    let meter = Key::random();
    let escrow = EvmAddress([0xe5; 20]);
    let facts = ChainFacts {
        chain_id: 31_337,
        escrow,
        code_hash: ChainHash::ZERO,
        meter: meter.address(),
        fee_to: FEE_TO,
        fee_bps: 100,
        token: TOKEN,
        decimals: 6,
        symbol: "tUSD".into(),
    };
    let config = Payments { on: true, chain_id: 31_337, escrow, token: TOKEN, ..Payments::default() };
    Money::new(config, meter, facts)
}

async fn deploy(store: &Store, sealer: &Sealer, account: AccountId, name: &str) -> DeploymentId {
    let url = "https://git.example.com/shop.git".to_owned();
    let new = NewDeployment {
        name: name.into(),
        project: None,
        source: NewSource::Git { url, branch: None, root_dir: None, token: None },
        env: Vec::new(),
        exposure: Exposure::Http,
        port: None,
        memory: MEMORY_DEFAULT,
        cpu: CPU_DEFAULT,
        health_path: None,
        until: None,
        dockerfile: None,
        part: None,
        link: None,
    };
    let ports = PortPool { all: 30_000..=30_001, busy: BTreeSet::new() };
    store.create_deployment(sealer, account, &new, &ports, NOW).await.unwrap().deployment.id()
}
