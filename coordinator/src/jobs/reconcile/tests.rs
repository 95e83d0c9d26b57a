use super::*;
use crate::{
    jobs::scene::{FEE_TO, NOW, PAYEE, RATE, Scene},
    ledger::{EntryKey, write},
    store::journal::journal_append,
};

async fn findings(scene: &Scene) -> Findings {
    look(&scene.store, scene.chain(), FEE_TO).await.unwrap().unwrap()
}

#[tokio::test]
async fn books_that_follow_the_chain_agree_with_it() {
    let scene = Scene::new().await;
    assert_eq!(look(&scene.store, scene.chain(), FEE_TO).await.unwrap(), None, "nothing was read yet");
    scene.deposit(10 * RATE.0).await;
    let id = scene.live(4 * RATE.0).await;
    scene.used(id, RATE.0).await;
    let _pending = scene.agree(RATE.0).await;
    assert_eq!(findings(&scene).await, Findings::default());
    assert!(findings(&scene).await.problems().is_empty());
}

#[tokio::test]
async fn each_place_where_books_and_chain_differ_is_named() {
    let scene = Scene::new().await;
    scene.deposit(10 * RATE.0).await;
    let id = scene.live(4 * RATE.0).await;
    let key = scene.agreement(id).await.key;
    scene.chain.memory().agreements.entry(key).or_default().claimed = Amount(5);
    scene.chain.memory().credit.insert(FEE_TO, Amount(1));
    *scene.chain.memory().free.entry(scene.wallet.address()).or_default() = Amount(1);
    let found = findings(&scene).await;
    let places: Vec<Place> = found.differences.iter().map(|one| one.place).collect();
    assert_eq!(places, [Place::Free(scene.tenant), Place::Agreement(id), Place::Credit(FEE_TO)]);
    let problems = found.problems();
    assert!(problems.len() == 1 && problems[0].message.contains("at 3 place"), "{problems:?}");
}

#[tokio::test]
async fn credit_that_only_the_books_know_is_found() {
    let scene = Scene::new().await;
    scene.deposit(RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, 10).await;
    let part = write::Settled { agreement: id, gross: Amount(10), accrued: Amount(10) };
    let entry = write::settle(&[part], write::Paid { payee: PAYEE, net: Amount(10), pushed: false }).unwrap();
    let mut tx = scene.store.begin().await.unwrap();
    journal_append(&mut tx, &entry, EntryKey::Chain { block: 999, log: 0 }, NOW).await.unwrap();
    tx.commit().await.unwrap();
    let places: Vec<Place> = findings(&scene).await.differences.iter().map(|one| one.place).collect();
    assert_eq!(places, [Place::Agreement(id), Place::Credit(PAYEE)]);
}
