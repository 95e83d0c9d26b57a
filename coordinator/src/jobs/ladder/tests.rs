use super::*;
use crate::{
    jobs::scene::{HOUR, NOW, RATE, Scene},
    logic::deployment::Fact,
};
use ttalkak_protocol::api::deployment::EndReason;

const DAY: u64 = 24 * 3_600_000;

async fn look_at(scene: &Scene, now: UnixMillis) {
    look(&scene.world, &scene.money, &Ladder::default(), now).await.unwrap();
}

async fn told(scene: &Scene) -> Vec<NoticeKind> {
    let (_, given) = scene.store.told(scene.tenant, scene.deployment).await.unwrap();
    given.into_keys().collect()
}

async fn state(scene: &Scene) -> (DeploymentState, Option<EndReason>) {
    let address = scene.store.address(scene.deployment).await.unwrap().unwrap();
    (address.state, address.reason)
}

/// Closes every saga, as their own tests do step by step.
async fn sagas_are_done(scene: &Scene) {
    for saga in scene.store.open_sagas().await.unwrap() {
        scene.store.finish_saga(saga.id, crate::store::saga::SagaState::Done, NOW).await.unwrap();
    }
}

/// Runs the end that was asked for, as far as money is concerned.
async fn comes_down(scene: &Scene) {
    sagas_are_done(scene).await;
    assert!(scene.store.ends_for_balance(scene.deployment).await.unwrap());
    scene.fact(Fact::DrainEnded(EndReason::Balance)).await;
    scene.store.end_agreements(scene.deployment, None, NOW).await.unwrap();
}

#[tokio::test]
async fn a_deployment_is_told_stopped_and_brought_back_by_a_top_up() {
    let scene = Scene::new().await;
    scene.deposit(10 * RATE.0).await;
    let id = scene.live(10 * RATE.0).await;
    look_at(&scene, NOW).await;
    look_at(&scene, NOW).await;
    assert_eq!(told(&scene).await, [NoticeKind::RunwayDay]);
    scene.used(id, 10 * RATE.0 - 30).await;
    look_at(&scene, NOW).await;
    assert_eq!(state(&scene).await, (DeploymentState::Draining, Some(EndReason::Balance)));
    look_at(&scene, NOW).await;
    comes_down(&scene).await;
    assert_eq!(state(&scene).await, (DeploymentState::Ended, Some(EndReason::Balance)));
    assert_eq!(told(&scene).await, [NoticeKind::RunwayDay, NoticeKind::Stopped]);
    look_at(&scene, NOW).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Ended, "without money it stays down");
    scene.deposit(RATE.0 / 2).await;
    look_at(&scene, NOW).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Ended, "less than an hour is too little");
    scene.deposit(2 * RATE.0).await;
    look_at(&scene, NOW).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Requested);
    assert_eq!(told(&scene).await, [NoticeKind::Resumed]);
}

#[tokio::test]
async fn what_its_owner_stopped_stays_stopped_whatever_is_deposited() {
    let scene = Scene::new().await;
    scene.deposit(RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    look_at(&scene, NOW).await;
    comes_down(&scene).await;
    let key = scene.deployment.to_string();
    scene.store.request_stop(scene.tenant, &key, NOW).await.unwrap();
    sagas_are_done(&scene).await;
    scene.fact(Fact::DrainEnded(EndReason::Stopped)).await;
    scene.deposit(100 * RATE.0).await;
    look_at(&scene, NOW).await;
    assert_eq!(state(&scene).await, (DeploymentState::Ended, Some(EndReason::Stopped)));
}

#[tokio::test]
async fn what_nobody_pays_for_is_deleted_after_both_warnings_and_not_before() {
    let scene = Scene::new().await;
    scene.deposit(RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    look_at(&scene, NOW).await;
    comes_down(&scene).await;
    for day in 0..29 {
        look_at(&scene, NOW.after(Millis(day * DAY))).await;
        assert_ne!(
            scene.store.wanted(scene.deployment).await.unwrap(),
            Some(crate::logic::request::Wanted::Deleted)
        );
    }
    look_at(&scene, NOW.after(Millis(29 * DAY))).await;
    let all = told(&scene).await;
    assert!(
        all.ends_with(&[NoticeKind::Stopped, NoticeKind::DeletionWeek, NoticeKind::DeletionDay]),
        "{all:?}"
    );
    look_at(&scene, NOW.after(Millis(30 * DAY))).await;
    assert_eq!(
        scene.store.wanted(scene.deployment).await.unwrap(),
        Some(crate::logic::request::Wanted::Deleted)
    );
}

#[tokio::test]
async fn while_the_chain_is_away_nothing_is_said_of_what_is_stopped() {
    let scene = Scene::new().await;
    scene.deposit(RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    look_at(&scene, NOW).await;
    comes_down(&scene).await;
    scene.money.note_health(false);
    for day in [24, 31, 60] {
        look_at(&scene, NOW.after(Millis(day * DAY))).await;
    }
    assert!(!told(&scene).await.contains(&NoticeKind::DeletionWeek));
}

#[tokio::test]
async fn a_full_purse_that_no_lock_follows_does_not_let_work_go_unsecured() {
    let scene = Scene::new().await;
    scene.deposit(100 * RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    look_at(&scene, NOW).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Draining);
}

#[tokio::test]
async fn a_start_that_failed_is_not_tried_again_at_every_look() {
    let scene = Scene::new().await;
    scene.deposit(RATE.0).await;
    let id = scene.live(RATE.0).await;
    scene.used(id, RATE.0).await;
    look_at(&scene, NOW).await;
    comes_down(&scene).await;
    scene.deposit(100 * RATE.0).await;
    look_at(&scene, NOW).await;
    sagas_are_done(&scene).await;
    let failed_at = NOW.after(Millis(1000));
    scene.store.apply_fact(scene.deployment, Fact::RolloutFailed, None, failed_at).await.unwrap().unwrap();
    look_at(&scene, failed_at).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Ended);
    look_at(&scene, failed_at.after(HOUR)).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Requested);
}

#[tokio::test]
async fn terms_that_end_stop_what_runs_under_them_whatever_is_locked() {
    let scene = Scene::new().await;
    scene.deposit(1_000_000 * RATE.0 / 1000).await;
    let id = scene.live(500_000 * RATE.0 / 1000).await;
    let expiry = i64::try_from(scene.agreement(id).await.terms.expiry).unwrap();
    look_at(&scene, UnixMillis(expiry * 1000 - 3_600_000)).await;
    assert_eq!(told(&scene).await, [NoticeKind::RunwayHour]);
    assert_eq!(state(&scene).await.0, DeploymentState::Live);
    look_at(&scene, UnixMillis(expiry * 1000 - 60_000)).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Draining);
}

#[test]
fn a_short_lock_has_a_margin_below_the_quarter_at_which_it_is_filled_up() {
    assert_eq!(ladder(Millis(DAY)).stop_margin, Ladder::default().stop_margin);
    let short = ladder(Millis(60_000));
    assert!(short.stop_margin.0 < 15_000 && short.check().is_ok());
}
