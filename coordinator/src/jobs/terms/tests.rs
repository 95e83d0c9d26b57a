use super::*;
use crate::{
    jobs::scene::{HOUR, NOW, RATE, Scene},
    logic::{deployment::Fact, request::Wanted},
    store::saga::SagaState,
};
use ttalkak_protocol::api::deployment::{DeploymentState, EndReason};

const DAY: u64 = 24 * 3_600_000;

async fn state(scene: &Scene) -> (DeploymentState, Option<EndReason>) {
    let address = scene.store.address(scene.deployment).await.unwrap().unwrap();
    (address.state, address.reason)
}

async fn set_term(scene: &Scene, until: Option<UnixMillis>, now: UnixMillis) {
    let key = scene.deployment.to_string();
    scene.store.set_term(&scene.world.sealer, (scene.tenant, &key), until, now).await.unwrap();
}

async fn sagas(scene: &Scene) -> usize {
    scene.store.open_sagas().await.unwrap().len()
}

async fn sagas_are_done(scene: &Scene) {
    for saga in scene.store.open_sagas().await.unwrap() {
        scene.store.finish_saga(saga.id, SagaState::Done, NOW).await.unwrap();
    }
}

/// Live, with money for long, until then.
async fn live_until(until: UnixMillis) -> Scene {
    let scene = Scene::new().await;
    scene.deposit(10_000 * RATE.0).await;
    scene.live(1_000 * RATE.0).await;
    set_term(&scene, Some(until), NOW).await;
    scene
}

async fn told(scene: &Scene) -> Vec<String> {
    let notices = scene.store.notices(scene.tenant).await.unwrap();
    notices.into_iter().map(|notice| notice.kind).collect()
}

#[tokio::test]
async fn an_end_date_is_told_of_and_kept_and_a_later_one_brings_it_back() {
    let until = NOW.after(Millis(3 * DAY));
    let scene = live_until(until).await;
    look(&scene.world, NOW).await.unwrap();
    assert_eq!(told(&scene).await, [""; 0], "three days were asked for: no news");
    let near = UnixMillis(until.0 - 3_600_000);
    look(&scene.world, near).await.unwrap();
    look(&scene.world, near).await.unwrap();
    assert_eq!(told(&scene).await, ["term_hour"]);
    look(&scene.world, until).await.unwrap();
    assert_eq!(state(&scene).await, (DeploymentState::Draining, Some(EndReason::Term)));
    look(&scene.world, until).await.unwrap();
    assert_eq!(sagas(&scene).await, 1, "it ends once");
    assert!(scene.store.ends_for_term(scene.deployment).await.unwrap());
    sagas_are_done(&scene).await;
    scene.fact(Fact::DrainEnded(EndReason::Term)).await;
    assert_eq!(scene.store.wanted(scene.deployment).await.unwrap(), Some(Wanted::Stopped));
    let key = scene.deployment.to_string();
    let refused = scene.store.request_start(&scene.world.sealer, scene.tenant, &key, until).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::TermOver);

    set_term(&scene, Some(until.after(Millis(DAY))), until).await;
    assert_eq!(state(&scene).await.0, DeploymentState::Requested);
    assert_eq!(scene.store.wanted(scene.deployment).await.unwrap(), Some(Wanted::Running));
}

#[tokio::test]
async fn what_its_owner_stopped_is_not_brought_back_by_another_date() {
    let until = NOW.after(HOUR);
    let scene = live_until(until).await;
    look(&scene.world, until).await.unwrap();
    sagas_are_done(&scene).await;
    scene.fact(Fact::DrainEnded(EndReason::Term)).await;
    let key = scene.deployment.to_string();
    scene.store.request_delete(scene.tenant, &key, until).await.unwrap();
    let later = Some(until.after(HOUR));
    let refused = scene.store.set_term(&scene.world.sealer, (scene.tenant, &key), later, until).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::StateConflict);
}

#[tokio::test]
async fn terms_that_end_before_the_deployment_are_made_anew_once_and_others_are_left_alone() {
    let until = NOW.after(HOUR);
    let scene = live_until(until).await;
    let lease = scene.store.leases_of_deployment(scene.deployment).await.unwrap().remove(0);
    scene.store.publish_route(scene.deployment, lease.id, NOW).await.unwrap();
    renew(&scene.world, NOW).await.unwrap();
    assert_eq!(sagas(&scene).await, 0, "a year reaches beyond an hour");
    // Half a week before the year is over the terms of an open end are made anew.
    set_term(&scene, None, NOW).await;
    let late = NOW.after(Millis(362 * DAY));
    renew(&scene.world, late).await.unwrap();
    renew(&scene.world, late).await.unwrap();
    assert_eq!(sagas(&scene).await, 1);
}

#[tokio::test]
async fn money_that_lasts_until_the_end_date_is_not_told_to_be_short() {
    let until = NOW.after(Millis(2 * 3_600_000));
    let scene = Scene::new().await;
    scene.deposit(3 * RATE.0).await;
    scene.live(3 * RATE.0).await;
    set_term(&scene, Some(until), NOW).await;
    super::super::ladder::look(&scene.world, &scene.money, &Ladder::default(), NOW).await.unwrap();
    assert_eq!(told(&scene).await, [""; 0]);
}
