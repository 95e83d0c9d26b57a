use super::*;
use crate::{
    jobs::scene::{FEE_TO, NOW, PAYEE, Scene, TOKEN, account, terms},
    ledger::Account,
    logic::settling::Occasion,
    store::wallet,
};
use ttalkak_escrow::{Key, agreement_key};
use ttalkak_protocol::{
    api::{billing::AgreementState, deployment::DeploymentState},
    money::{Amount, ChainHash},
};

fn withdrawn(who: EvmAddress, amount: u128) -> EscrowEvent {
    EscrowEvent::Withdrawn { who, token: TOKEN, amount: Amount(amount) }
}

fn paid(net: u128, pushed: bool) -> EscrowEvent {
    EscrowEvent::ProviderPaid { provider: PAYEE, token: TOKEN, net: Amount(net), pushed }
}

#[tokio::test]
async fn a_deposit_told_twice_is_one_deposit() {
    let scene = Scene::new().await;
    scene.deposit(500).await;
    let who = scene.wallet.address();
    let log = scene.event(EscrowEvent::Deposited { who, token: TOKEN, amount: Amount(7) }).await;
    let mut tx = scene.store.begin().await.unwrap();
    scene.books().apply(&mut tx, &log, NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.free().await, 507);
    scene.sound().await;
}

#[tokio::test]
async fn another_token_is_not_money_here() {
    let scene = Scene::new().await;
    let who = scene.wallet.address();
    scene.event(EscrowEvent::Deposited { who, token: EvmAddress::ZERO, amount: Amount(7) }).await;
    assert_eq!(scene.free().await, 0);
}

#[tokio::test]
async fn money_of_a_wallet_that_nobody_has_waits_until_somebody_does() {
    let scene = Scene::new().await;
    let (stranger, who) = (Key::random(), account(2));
    let deposited =
        |amount| EscrowEvent::Deposited { who: stranger.address(), token: TOKEN, amount: Amount(amount) };
    scene.event(deposited(100)).await;
    scene.event(withdrawn(stranger.address(), 30)).await;
    assert_eq!(scene.balance(Account::Free(who)).await, 0);
    let mut tx = scene.store.begin().await.unwrap();
    wallet::link(&mut tx, who, stranger.address()).await.unwrap();
    wallet_linked(&mut tx, who, stranger.address(), TOKEN, NOW).await.unwrap();
    wallet_linked(&mut tx, who, stranger.address(), TOKEN, NOW).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(scene.balance(Account::Free(who)).await, 70);
    scene.sound().await;
}

#[tokio::test]
async fn a_lock_on_chain_uses_up_its_hold() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.agree(400).await;
    assert_eq!((scene.free().await, scene.agreement(id).await.state), (600, AgreementState::Pending));
    scene.opened(id, 400).await;
    let row = scene.agreement(id).await;
    assert_eq!((row.cap, row.state), (Amount(400), AgreementState::Open));
    assert_eq!((scene.free().await, scene.balance(Account::Locked(id)).await), (600, 400));
    scene.opened(id, 400).await;
    assert_eq!(scene.balance(Account::Locked(id)).await, 400);
    scene.sound().await;
}

#[tokio::test]
async fn a_lock_that_the_tenant_raised_itself_comes_out_of_its_free_money() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(400).await;
    scene.opened(id, 650).await;
    assert_eq!((scene.free().await, scene.balance(Account::Locked(id)).await), (350, 650));
    scene.sound().await;
}

#[tokio::test]
async fn money_that_leaves_takes_what_was_set_aside_along() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.agree(400).await;
    scene.event(withdrawn(scene.wallet.address(), 900)).await;
    assert_eq!(scene.free().await, 100);
    assert!(scene.store.pending_holds(scene.tenant).await.unwrap().is_empty());
    assert_eq!(scene.balance(Account::Locked(id)).await, 0);
    scene.sound().await;
}

#[tokio::test]
async fn an_impossible_event_is_an_alarm_and_changes_no_books() {
    let scene = Scene::new().await;
    scene.deposit(10).await;
    scene.chain.memory().free.insert(scene.wallet.address(), Amount(100));
    scene.event(withdrawn(scene.wallet.address(), 11)).await;
    scene.chain.memory().credit.insert(PAYEE, Amount(100));
    scene.event(paid(5, true)).await;
    scene.event(EscrowEvent::Paid { who: PAYEE, token: TOKEN, amount: Amount(3) }).await;
    assert_eq!(scene.free().await, 10);
    scene.sound().await;
}

/// Settles what is due and lets the chain do it: `net` of it reached the payee.
async fn settle(scene: &Scene, net: u128, pushed: bool, gross: u128) -> ChainHash {
    let planned = crate::jobs::settle::settle(&scene.store, TOKEN, scene.chain(), &Occasion::Scheduled, NOW)
        .await
        .unwrap();
    assert_eq!(planned, 1);
    let transaction = loop {
        let (row, transaction) = scene.sign_next().await.expect("a wanted batch");
        if row.batch.is_some() {
            break transaction;
        }
        end(scene, &row).await;
    };
    let settled =
        EscrowEvent::Settled { batch: 1, token: TOKEN, gross: Amount(gross), fee: Amount(gross - net) };
    scene.events(transaction, &[paid(net, pushed), settled]).await;
    transaction
}

async fn end(scene: &Scene, row: &crate::store::outbox::OutboxRow) {
    let mut tx = scene.store.begin().await.unwrap();
    crate::store::outbox::outbox_end(&mut tx, row.id, None, NOW).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_batch_moves_what_was_used_to_the_payee_and_the_platform() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    settle(&scene, 198, true, 200).await;
    assert_eq!(scene.agreement(id).await.settled, Amount(200));
    assert_eq!(scene.balance(Account::Accrued(id)).await, 0);
    assert_eq!((scene.balance(Account::Locked(id)).await, scene.balance(Account::FeeCredit).await), (300, 2));
    assert_eq!(scene.balance(Account::Chain).await, 802);
    scene.event(EscrowEvent::Paid { who: FEE_TO, token: TOKEN, amount: Amount(2) }).await;
    assert_eq!(scene.balance(Account::FeeCredit).await, 0);
    scene.sound().await;
}

#[tokio::test]
async fn a_payee_that_takes_no_payment_keeps_credit_until_it_collects() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    settle(&scene, 198, false, 200).await;
    assert_eq!(scene.balance(Account::Credit(PAYEE)).await, 198);
    scene.event(EscrowEvent::Paid { who: PAYEE, token: TOKEN, amount: Amount(198) }).await;
    assert_eq!(scene.balance(Account::Credit(PAYEE)).await, 0);
    scene.sound().await;
}

#[tokio::test]
async fn a_claim_of_the_provider_settles_and_a_later_batch_pays_only_the_rest() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 100).await;
    let key = scene.agreement(id).await.key;
    let claimed = EscrowEvent::Claimed { agreement: key, cumulative: Amount(100) };
    scene.events(ChainHash([0xcc; 32]), &[claimed, paid(99, true)]).await;
    assert_eq!(scene.agreement(id).await.settled, Amount(100));
    scene.used(id, 150).await;
    settle(&scene, 50, true, 50).await;
    assert_eq!(
        (scene.agreement(id).await.settled, scene.balance(Account::Accrued(id)).await),
        (Amount(150), 0)
    );
    scene.sound().await;
}

#[tokio::test]
async fn two_payments_of_one_claim_each_cover_their_own() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let (one, two) = (scene.agree(300).await, scene.agree(300).await);
    for id in [one, two] {
        scene.opened(id, 300).await;
        scene.used(id, 100).await;
    }
    let claimed = |key| EscrowEvent::Claimed { agreement: key, cumulative: Amount(100) };
    let (first, second) = (scene.agreement(one).await.key, scene.agreement(two).await.key);
    let events = [claimed(first), claimed(second), paid(99, true), paid(99, true)];
    scene.events(ChainHash([0xcd; 32]), &events).await;
    assert_eq!(scene.balance(Account::FeeCredit).await, 2);
    assert_eq!(scene.agreement(two).await.settled, Amount(100));
    scene.sound().await;
}

#[tokio::test]
async fn a_fee_collector_that_lends_and_claims_with_pay_before_another_is_booked_without_alarm() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let (one, two) = (scene.agree(300).await, scene.agree(300).await);
    for id in [one, two] {
        scene.opened(id, 300).await;
        scene.used(id, 100).await;
    }
    let claimed = |key| EscrowEvent::Claimed { agreement: key, cumulative: Amount(100) };
    let (first, second) = (scene.agreement(one).await.key, scene.agreement(two).await.key);
    // Its payout comes before the other's payment, and holds the fees of both.
    let collected = EscrowEvent::Paid { who: FEE_TO, token: TOKEN, amount: Amount(2) };
    let events = [claimed(first), claimed(second), paid(99, true), collected, paid(99, true)];
    scene.events(ChainHash([0xcf; 32]), &events).await;
    assert_eq!(scene.balance(Account::FeeCredit).await, 0);
    assert_eq!(scene.balance(Account::Credit(FEE_TO)).await, 0);
    assert_eq!(scene.balance(Account::Chain).await, 800);
    scene.sound().await;
}

#[tokio::test]
async fn neighbouring_claims_that_are_paid_as_one_are_all_settled() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let (one, two) = (scene.agree(300).await, scene.agree(300).await);
    for (id, used) in [(one, 300), (two, 2)] {
        scene.opened(id, 300).await;
        scene.used(id, used).await;
    }
    let (first, second) = (scene.agreement(one).await.key, scene.agreement(two).await.key);
    let claimed = |agreement, total| EscrowEvent::Claimed { agreement, cumulative: Amount(total) };
    // The fee of 300 is 3, that of 2 is nothing: the payment is less than the first claim alone.
    let events = [claimed(first, 300), claimed(second, 2), paid(299, true)];
    scene.events(ChainHash([0xce; 32]), &events).await;
    assert_eq!(scene.agreement(two).await.settled, Amount(2));
    assert_eq!((scene.balance(Account::FeeCredit).await, scene.balance(Account::Accrued(two)).await), (3, 0));
    scene.sound().await;
}

#[tokio::test]
async fn a_close_gives_the_rest_back_and_what_was_not_settled_is_told_aloud() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    let key = scene.agreement(id).await.key;
    scene.event(EscrowEvent::Closed { agreement: key, refund: Amount(500) }).await;
    assert_eq!((scene.free().await, scene.agreement(id).await.state), (1000, AgreementState::Closed));
    scene.event(EscrowEvent::Closed { agreement: key, refund: Amount(0) }).await;
    assert_eq!(scene.free().await, 1000);
    scene.sound().await;
}

#[tokio::test]
async fn an_end_that_the_tenant_asked_for_on_chain_stops_what_runs() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    let ended_at = u64::try_from(NOW.0 / 1000).unwrap() - 5;
    scene.event(EscrowEvent::Closing { agreement: scene.agreement(id).await.key, ended_at }).await;
    let row = scene.agreement(id).await;
    assert_eq!((row.state, row.ended_at), (AgreementState::Ending, Some(UnixMillis(NOW.0 - 5000))));
    let address = scene.store.address(scene.deployment).await.unwrap().unwrap();
    assert_eq!(address.state, DeploymentState::Draining);
}

#[tokio::test]
async fn an_agreement_of_others_is_money_that_left_and_came_back() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let theirs = terms(scene.wallet.address(), 77);
    let key = agreement_key(&theirs);
    let opened = |cap| EscrowEvent::Opened {
        agreement: key,
        tenant: theirs.tenant,
        provider: PAYEE,
        token: TOKEN,
        cap: Amount(cap),
        mandate: None,
    };
    scene.event(opened(100)).await;
    scene.event(opened(250)).await;
    assert_eq!(scene.free().await, 750);
    scene.event(EscrowEvent::Closed { agreement: key, refund: Amount(250) }).await;
    assert_eq!(scene.free().await, 1000);
    scene.sound().await;
}

#[tokio::test]
async fn a_revoked_mandate_is_in_force_no_more() {
    let scene = Scene::new().await;
    let mandate = scene.store.mandate_in_force(scene.tenant).await.unwrap().unwrap().id;
    scene.event(EscrowEvent::MandateRevoked { mandate }).await;
    assert!(scene.store.mandate_in_force(scene.tenant).await.unwrap().is_none());
}
