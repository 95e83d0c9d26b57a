//! From a deposit to a signed close, in the books and without a chain: what is set aside, charged, vouched for, refused.

use crate::{
    harness::World,
    money::{TOKEN, linked, mandate, paid_world, set},
};
use ed25519_dalek::{Signer, SigningKey};
use ttalkak_coordinator::{
    clock, fresh,
    ledger::{Account, EntryKey, write},
    money::Money,
    store::{
        agreement::{self, NewAgreement},
        hold::{self, HoldState},
        journal::journal_append,
        opening::Opening,
        reading::{Charging, Seal},
    },
};
use ttalkak_escrow::{Close, Key, Typed, recover, recover_message};
use ttalkak_protocol::{
    api::billing::AgreementState,
    id::{AgentId, AgreementId, DeploymentId, LeaseId, SagaId},
    link::SignedClose,
    money::{Amount, Rates, Reading, Reserved, SignedReading, Terms, Voucher, reading_bytes},
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// A deployment with its agreement, paid by the account's wallet to `payee`.
struct Scene {
    world: World,
    agent: AgentId,
    agent_key: SigningKey,
    payee: Key,
    lease: LeaseId,
    agreement: AgreementId,
    deployment: DeploymentId,
    saga: SagaId,
    begun: UnixMillis,
}

const DEPOSIT: u128 = 20_000_000;
const LOCK: u128 = 3_600_000;

impl Scene {
    async fn new() -> Self {
        let world = paid_world().await;
        let key = linked(&world).await;
        let domain = world.state.money.as_ref().unwrap().domain();
        assert_eq!(set(&world, &mandate(&key), &domain, &key).await.status, 204);
        let made = world.deploy("shop").await;
        let deployment = made["deployment"]["id"].as_str().unwrap().parse().unwrap();
        let (agent, lease) = world.lease("shop").await;
        let store = world.state.store.clone();
        let saga = store.open_sagas().await.unwrap()[0].id;
        let begun = clock::now();
        let mut tx = store.begin().await.unwrap();
        let entry = write::deposit(world.account, Amount(DEPOSIT)).unwrap();
        journal_append(&mut tx, &entry, EntryKey::Chain { block: 1, log: 0 }, begun).await.unwrap();
        tx.commit().await.unwrap();
        let seconds = u64::try_from(begun.0 / 1000).unwrap();
        let payee = Key::random();
        let terms = Terms {
            tenant: key.address(),
            provider: payee.address(),
            token: TOKEN,
            rate_per_hour: Amount(3_600_000),
            start: seconds - 60,
            expiry: seconds + 86_400,
            salt: 5,
        };
        let agreement = fresh::id(AgreementId::new);
        let new = NewAgreement {
            id: agreement,
            deployment,
            deployment_name: "shop".into(),
            account: world.account,
            agent,
            mandate: None,
            terms,
            rates: Rates { cpu_hour: Amount(3_600_000), ..Rates::default() },
            reserved: Reserved { cpu: MilliCpu(1000), memory: Bytes(0), disk: Bytes(0) },
        };
        let mandate = store.mandate_in_force(world.account).await.unwrap().unwrap();
        let new = NewAgreement { mandate: Some(mandate.id), ..new };
        let opening = Opening { saga, new, mandate, lock: (Amount(1), Amount(LOCK)) };
        assert_eq!(store.open_agreement(&opening, begun).await.unwrap(), Amount(LOCK));
        let agent_key = SigningKey::from_bytes(&[3; 32]);
        Self { world, agent, agent_key, payee, lease, agreement, deployment, saga, begun }
    }

    /// The escrow has it, and the agent has said that the workload is healthy.
    async fn opened() -> Self {
        let scene = Self::new().await;
        let store = &scene.world.state.store;
        let mut tx = store.begin().await.unwrap();
        let held = hold::pending_of_agreement(&mut tx, scene.agreement).await.unwrap().remove(0);
        hold::end(&mut tx, held.id, HoldState::Posted, scene.begun).await.unwrap();
        let entry = write::hold_post(held.id, scene.agreement, held.amount).unwrap();
        journal_append(&mut tx, &entry, EntryKey::HoldPost(held.id), scene.begun).await.unwrap();
        agreement::set_open(&mut tx, scene.agreement, Amount(LOCK), scene.begun).await.unwrap();
        sqlx::query("UPDATE lease SET agreement_id = ?2, healthy_at = ?3 WHERE id = ?1")
            .bind(scene.lease.to_string())
            .bind(scene.agreement.to_string())
            .bind(scene.begun.0)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        scene
    }

    fn money(&self) -> &Money {
        self.world.state.money.as_ref().unwrap()
    }

    fn seal(&self) -> Seal<'_> {
        Seal { key: &self.money().meter, domain: self.money().domain() }
    }

    async fn row(&self) -> agreement::AgreementRow {
        self.world.state.store.agreement(self.agreement).await.unwrap().unwrap()
    }

    async fn reading(&self, seq: u64, from: i64, to: i64) -> SignedReading {
        let at = |seconds: i64| UnixMillis(self.begun.0 + seconds * 1000);
        let agreement = self.row().await.key;
        let reading =
            Reading { agreement, seq, lease: self.lease, from: at(from), to: at(to), egress: Bytes(0) };
        let signature = self.agent_key.sign(&reading_bytes(&self.money().domain(), &reading));
        SignedReading { reading, agent_signature: hex::encode(signature.to_bytes()) }
    }

    async fn charge(&self, readings: &[SignedReading], after: i64) -> Charging {
        let agent = (self.agent, &self.agent_key.verifying_key());
        let (key, now) = (self.row().await.key, UnixMillis(self.begun.0 + after * 1000));
        let store = &self.world.state.store;
        store.charge_readings(agent, key, readings, self.seal(), now).await.unwrap().unwrap()
    }

    async fn balance(&self, account: Account) -> u128 {
        self.world.state.store.balance(account).await.unwrap().0
    }
}

#[tokio::test]
async fn money_is_set_aside_when_the_agreement_is_made_and_comes_back_when_it_is_not() {
    let scene = Scene::new().await;
    let store = &scene.world.state.store;
    assert_eq!(scene.balance(Account::Free(scene.world.account)).await, DEPOSIT - LOCK);
    assert_eq!(store.agreement_of_saga(scene.saga).await.unwrap(), Some((scene.agreement, true)));
    let view = scene.world.get("/v1/billing").await.json();
    assert_eq!(view["locked"], LOCK.to_string());
    assert_eq!(view["mandate"]["used"], LOCK.to_string());
    store.take_back(scene.agreement, clock::now()).await.unwrap();
    store.take_back(scene.agreement, clock::now()).await.unwrap();
    assert_eq!(scene.balance(Account::Free(scene.world.account)).await, DEPOSIT);
    assert_eq!(scene.row().await.state, AgreementState::Void);
    assert!(store.unbalanced().await.unwrap().is_empty());
}

#[tokio::test]
async fn readings_become_a_voucher_countersignatures_and_entries_once() {
    let scene = Scene::opened().await;
    let readings = [scene.reading(1, 0, 10).await, scene.reading(2, 10, 25).await];
    let charging = scene.charge(&readings, 26).await;
    let news = charging.news.unwrap();
    assert_eq!((news.seq, news.ending, charging.refused), (2, false, None));
    let Voucher { cumulative, .. } = news.signed.voucher;
    assert_eq!(cumulative, Amount(25_000), "25 seconds at 1000 a second");
    let (domain, meter) = (scene.money().domain(), scene.money().meter.address());
    assert_eq!(recover(news.signed.voucher.digest(&domain), &news.signed.signature), Ok(meter));
    for (signed, by_meter) in readings.iter().zip(&news.countersigned) {
        let digest = ttalkak_escrow::keccak(&reading_bytes(&domain, &signed.reading));
        assert_eq!(recover_message(&digest.0, &by_meter.signature), Ok(meter));
    }
    assert_eq!(scene.balance(Account::Accrued(scene.agreement)).await, 25_000);
    // The answer was lost, and all comes again with one more.
    let again = [readings[0].clone(), readings[1].clone(), scene.reading(3, 25, 30).await];
    let news = scene.charge(&again, 31).await.news.unwrap();
    assert_eq!((news.seq, news.countersigned.len(), news.signed.voucher.cumulative), (3, 1, Amount(30_000)));
    assert_eq!(scene.balance(Account::Accrued(scene.agreement)).await, 30_000);
    let evidence =
        scene.world.get(&format!("/v1/billing/agreements/{}/evidence", scene.agreement)).await.json();
    assert_eq!(evidence["readings"].as_array().unwrap().len(), 3);
    assert_eq!(evidence["readings"][2]["cumulative"], "30000");
    let month: String = clock::now().to_string().chars().take(7).collect();
    let statement = scene.world.get(&format!("/v1/billing/statement.csv?month={month}")).await;
    let text = String::from_utf8(statement.body).unwrap();
    assert!(text.lines().nth(1).unwrap().contains(",3,30,0,0.03,0.03,tUSD"), "{text}");
    assert!(scene.world.state.store.unbalanced().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reading_that_is_forged_foreign_or_out_of_turn_is_refused_and_charges_nothing() {
    let scene = Scene::opened().await;
    let good = scene.reading(1, 0, 10).await;
    let mut forged = good.clone();
    forged.reading.egress = Bytes(5);
    let mut elsewhere = good.clone();
    elsewhere.reading.lease = fresh::id(LeaseId::new);
    let no_signature = SignedReading { agent_signature: "00".into(), ..good.clone() };
    for bad in
        [forged, elsewhere, no_signature, scene.reading(2, 0, 10).await, scene.reading(1, 10, 10).await]
    {
        let charging = scene.charge(std::slice::from_ref(&bad), 11).await;
        assert!(charging.refused.is_some() && charging.news.is_none(), "{bad:?}: {charging:?}");
    }
    let early = scene.charge(&[scene.reading(1, 0, 60).await], 11).await;
    assert_eq!((early.news, early.refused), (None, None), "its time will come");
    assert_eq!(scene.row().await.charged, Amount::ZERO);
    let stranger = fresh::id(AgentId::new);
    let (key, store) = (scene.row().await.key, &scene.world.state.store);
    let agent = (stranger, &scene.agent_key.verifying_key());
    let foreign = store.charge_readings(agent, key, &[good], scene.seal(), clock::now()).await.unwrap();
    assert_eq!(foreign, None, "another agent's agreement");
}

#[tokio::test]
async fn nothing_is_charged_before_the_agreement_stands_on_chain() {
    let scene = Scene::new().await;
    let mut tx = scene.world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE lease SET agreement_id = ?2, healthy_at = ?3 WHERE id = ?1")
        .bind(scene.lease.to_string())
        .bind(scene.agreement.to_string())
        .bind(scene.begun.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let charging = scene.charge(&[scene.reading(1, 0, 10).await], 11).await;
    assert_eq!((charging.news, charging.refused), (None, None));
}

#[tokio::test]
async fn a_close_counts_when_the_payee_signed_for_exactly_what_was_charged_and_the_agreement_is_over() {
    let scene = Scene::opened().await;
    scene.charge(&[scene.reading(1, 0, 10).await], 11).await;
    let (store, domain) = (&scene.world.state.store, scene.money().domain());
    let key = scene.row().await.key;
    let close = |signer: &Key, cumulative: u128| {
        let cumulative = Amount(cumulative);
        let signature = signer.sign(Close { agreement: key, cumulative }.digest(&domain));
        SignedClose { total: Voucher { agreement: key, cumulative }, signature }
    };
    let good = close(&scene.payee, 10_000);
    assert!(!store.accept_close(scene.agent, &good, &domain).await.unwrap(), "not over yet");
    assert!(store.end_agreements(scene.deployment, None, clock::now()).await.unwrap());
    let news = store.ending_news(scene.agent, scene.seal()).await.unwrap();
    assert!(news[0].ending && news[0].signed.voucher.cumulative == Amount(10_000));
    for bad in [close(&Key::random(), 10_000), close(&scene.payee, 9_999)] {
        assert!(!store.accept_close(scene.agent, &bad, &domain).await.unwrap());
    }
    assert!(store.accept_close(scene.agent, &good, &domain).await.unwrap());
    assert!(!store.accept_close(scene.agent, &good, &domain).await.unwrap(), "told once");
    assert!(store.ending_news(scene.agent, scene.seal()).await.unwrap().is_empty());
    // A last reading that arrives late still counts, and makes the signed total too little.
    scene.charge(&[scene.reading(2, 10, 12).await], 13).await;
    let row = scene.row().await;
    assert_eq!((row.charged, row.close_signature), (Amount(12_000), None));
}
