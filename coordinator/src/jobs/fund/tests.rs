use super::*;
use crate::jobs::scene::{HOUR, NOW, RATE, Scene};
use ttalkak_protocol::{ErrorCode, error::Problem};

async fn look_at(scene: &Scene, now: UnixMillis) {
    look(&scene.store, &scene.money, scene.chain(), now).await.unwrap();
}

async fn held(scene: &Scene) -> u128 {
    scene.store.pending_holds(scene.tenant).await.unwrap().iter().map(|hold| hold.amount.0).sum()
}

#[tokio::test]
async fn a_cap_that_runs_low_is_filled_up_once() {
    let scene = Scene::new().await;
    let day = 24 * RATE.0;
    scene.deposit(3 * day).await;
    let id = scene.live(day).await;
    look_at(&scene, NOW).await;
    assert_eq!(held(&scene).await, 0, "a full lock is left alone");
    scene.used(id, day * 4 / 5).await;
    look_at(&scene, NOW).await;
    look_at(&scene, NOW).await;
    assert_eq!(held(&scene).await, day * 4 / 5);
    scene.opened(id, day + day * 4 / 5).await;
    look_at(&scene, NOW).await;
    assert_eq!((held(&scene).await, scene.agreement(id).await.left().0), (0, day));
    scene.sound().await;
}

#[tokio::test]
async fn no_more_is_locked_than_is_free() {
    let scene = Scene::new().await;
    scene.deposit(2 * RATE.0 + 500).await;
    let id = scene.live(2 * RATE.0).await;
    scene.used(id, 2 * RATE.0 - 1).await;
    look_at(&scene, NOW).await;
    assert_eq!((held(&scene).await, scene.free().await), (500, 0));
    scene.sound().await;
}

#[tokio::test]
async fn no_more_is_locked_than_the_contract_would_allow_under_the_mandate() {
    let scene = Scene::new().await;
    scene.deposit(10 * RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    scene.chain.memory().mandate.used = Amount(1_000_000_000 - 700);
    look_at(&scene, NOW).await;
    assert_eq!(held(&scene).await, 700);
    scene.chain.memory().mandate.revoked = true;
    look_at(&scene, NOW).await;
    assert_eq!(held(&scene).await, 700);
}

#[tokio::test]
async fn a_raise_that_failed_gives_its_money_back_and_waits_a_little() {
    let scene = Scene::new().await;
    scene.deposit(10 * RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    look_at(&scene, NOW).await;
    assert_eq!(held(&scene).await, 9 * RATE.0);
    while let Some((row, _)) = scene.sign_next().await {
        let problem = Problem::new(ErrorCode::FundsInsufficient, "undone");
        let mut tx = scene.store.begin().await.unwrap();
        crate::store::outbox::outbox_end(&mut tx, row.id, Some(&problem), NOW).await.unwrap();
        tx.commit().await.unwrap();
    }
    look_at(&scene, NOW).await;
    assert_eq!((held(&scene).await, scene.free().await), (0, 9 * RATE.0));
    look_at(&scene, NOW.after(HOUR)).await;
    assert_eq!(held(&scene).await, 9 * RATE.0);
    scene.sound().await;
}

#[tokio::test]
async fn an_agreement_whose_only_call_failed_is_void() {
    let scene = Scene::new().await;
    scene.deposit(1000).await;
    let id = scene.agree(400).await;
    let (row, _) = scene.sign_next().await.unwrap();
    look_at(&scene, NOW).await;
    assert_eq!(scene.agreement(id).await.state, AgreementState::Pending);
    let problem = Problem::new(ErrorCode::FundsInsufficient, "undone");
    let mut tx = scene.store.begin().await.unwrap();
    crate::store::outbox::outbox_end(&mut tx, row.id, Some(&problem), NOW).await.unwrap();
    tx.commit().await.unwrap();
    look_at(&scene, NOW).await;
    assert_eq!((scene.agreement(id).await.state, scene.free().await), (AgreementState::Void, 1000));
    scene.sound().await;
}
