use super::*;
use crate::{
    jobs::scene::{HOUR, NOW, PAYEE, RATE, Scene, TOKEN},
    logic::chain::EscrowEvent,
};
use ttalkak_escrow::abi::decode_settle;

async fn plans(scene: &Scene, occasion: &Occasion, now: UnixMillis) -> usize {
    settle(&scene.store, TOKEN, scene.chain(), occasion, now).await.unwrap()
}

/// Ends wanted calls until one of this kind is signed.
async fn call(scene: &Scene, kind: OutboxKind) -> crate::store::outbox::OutboxRow {
    loop {
        let (row, _) = scene.sign_next().await.expect("a wanted call");
        if row.row.kind == kind {
            return row;
        }
    }
}

async fn finish(scene: &Scene, id: ttalkak_protocol::id::OutboxId, problem: Option<&str>) {
    let problem = problem
        .map(|why| ttalkak_protocol::error::Problem::new(ttalkak_protocol::ErrorCode::ChainUnavailable, why));
    let mut tx = scene.store.begin().await.unwrap();
    crate::store::outbox::outbox_end(&mut tx, id, problem.as_ref(), NOW).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_on_its_way_is_not_planned_again() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    scene.chain.memory().last_batch = 6;
    assert_eq!(plans(&scene, &Occasion::Scheduled, NOW).await, 1);
    assert_eq!(plans(&scene, &Occasion::Scheduled, NOW).await, 0);
    let row = call(&scene, OutboxKind::Settle).await;
    assert_eq!(row.batch, Some(7));
    let (number, token, settled) = decode_settle(&row.input).unwrap();
    assert_eq!((number, token, settled.len()), (7, TOKEN, 1));
    scene.used(id, 230).await;
    assert_eq!(plans(&scene, &Occasion::Scheduled, NOW).await, 1, "only what came since");
}

#[tokio::test]
async fn a_threshold_holds_a_settlement_back_and_a_claim_does_not_mind_it() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    scene.store.set_payout_threshold(scene.provider, Amount(201)).await.unwrap();
    assert_eq!(plans(&scene, &Occasion::Scheduled, NOW).await, 0);
    let payees = scene.store.payees_of(scene.provider).await.unwrap();
    assert_eq!(payees, [PAYEE]);
    assert_eq!(plans(&scene, &Occasion::Claimed(payees), NOW).await, 1);
}

#[tokio::test]
async fn nothing_is_settled_of_what_is_not_on_chain_yet() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.agree(500).await;
    scene.store.end_agreement(id, UnixMillis(0)).await.unwrap();
    assert_eq!(plans(&scene, &Occasion::Scheduled, NOW).await, 0);
}

#[tokio::test]
async fn a_chain_that_is_silent_costs_nothing_but_time() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    scene.chain.memory().silent = true;
    assert!(settle(&scene.store, TOKEN, scene.chain(), &Occasion::Scheduled, NOW).await.is_err());
    scene.chain.memory().silent = false;
    assert_eq!(plans(&scene, &Occasion::Scheduled, NOW).await, 1);
}

#[tokio::test]
async fn a_failed_batch_does_not_come_back_at_every_look() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    scene.store.end_agreement(id, UnixMillis(NOW.0 - 60_000)).await.unwrap();
    assert_eq!(plans(&scene, &Occasion::Ends, NOW).await, 1);
    let row = call(&scene, OutboxKind::Settle).await;
    finish(&scene, row.id, Some("undone")).await;
    assert_eq!(plans(&scene, &Occasion::Ends, NOW).await, 0);
    let later = NOW.after(HOUR);
    assert_eq!(plans(&scene, &Occasion::Ends, later).await, 1);
}

#[tokio::test]
async fn no_line_goes_beyond_what_the_contract_allows_after_an_early_end() {
    let scene = Scene::new().await;
    scene.deposit(10_000).await;
    let id = scene.live(5_000).await;
    // Its terms began an hour ago; the tenant ended it on chain after half of that.
    scene.used(id, RATE.0).await;
    let half = u64::try_from(NOW.0 / 1000).unwrap() - 1800;
    let key = scene.agreement(id).await.key;
    scene.event(EscrowEvent::Closing { agreement: key, ended_at: half }).await;
    assert_eq!(plans(&scene, &Occasion::Ends, NOW).await, 1);
    let row = call(&scene, OutboxKind::Settle).await;
    let (_, _, settled) = decode_settle(&row.input).unwrap();
    assert_eq!(settled[0].items[0].cumulative, Amount(RATE.0 / 2));
}

#[tokio::test]
async fn an_agreement_closes_at_once_by_the_providers_word_when_it_is_settled() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    scene.used(id, 200).await;
    scene.store.end_agreement(id, NOW).await.unwrap();
    scene.content(id).await;
    close(&scene.store, scene.chain(), NOW).await.unwrap();
    assert_eq!(plans(&scene, &Occasion::Ends, NOW).await, 1, "settled first");
    let row = call(&scene, OutboxKind::Settle).await;
    assert_eq!(row.refs[ENDING], json!([]), "its word is enough, no end on chain is asked for");
    let mut tx = scene.store.begin().await.unwrap();
    crate::store::agreement::set_settled(&mut tx, id, Amount(200)).await.unwrap();
    tx.commit().await.unwrap();
    finish(&scene, row.id, None).await;
    close(&scene.store, scene.chain(), NOW).await.unwrap();
    close(&scene.store, scene.chain(), NOW).await.unwrap();
    let row = call(&scene, OutboxKind::Close).await;
    assert_eq!(row.refs[CLOSES], json!([id]));
    assert!(scene.sign_next().await.is_none(), "wanted once");
}

#[tokio::test]
async fn without_the_providers_word_an_agreement_closes_after_the_notice() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.live(500).await;
    let ended = u64::try_from(NOW.0 / 1000).unwrap();
    let key = scene.agreement(id).await.key;
    scene.event(EscrowEvent::Closing { agreement: key, ended_at: ended }).await;
    let day = Millis(24 * HOUR.0 + 2 * 60_000);
    scene.chain.memory().time = ended + 3600;
    close(&scene.store, scene.chain(), NOW.after(day)).await.unwrap();
    scene.chain.memory().time = ended + 24 * 3600 + 60;
    close(&scene.store, scene.chain(), NOW).await.unwrap();
    close(&scene.store, scene.chain(), NOW.after(day)).await.unwrap();
    let row = call(&scene, OutboxKind::Close).await;
    assert_eq!(row.refs[CLOSES], json!([id]));
    assert!(scene.sign_next().await.is_none(), "only once both clocks were past the notice");
}
