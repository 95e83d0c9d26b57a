use super::*;
use crate::{
    jobs::scene::{RATE, Scene},
    online::{Arrival, Connected, token_hash},
    store::provider::NewAgent,
};
use ttalkak_protocol::{
    api::{billing::AgreementState, deployment::DeploymentState},
    id::AgentId,
    link::{Capacity, Fate, HandBackReason, HandedBack, Lending, MachineReading, MoneyReport, Report},
    unit::{Bytes, MilliCpu, Millis, UnixMillis},
};
use uuid::Uuid;

const HOUR: Millis = Millis(3_600_000);

fn capacity() -> Capacity {
    Capacity {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpu: MilliCpu(4_000),
        memory: Bytes::mib(8_192),
        workloads_max: 10,
        engine: Some("docker".into()),
    }
}

fn report(lending: Lending, handed_back: Vec<HandedBack>) -> Report {
    Report {
        generation: 1,
        at: clock::now(),
        workloads: vec![],
        images: vec![],
        machine: MachineReading::default(),
        capacity: capacity(),
        money: MoneyReport::default(),
        lending,
        handed_back,
    }
}

fn leaving(by: UnixMillis) -> Lending {
    Lending { leaving_by: Some(by), ..Lending::default() }
}

/// An app that is live on an agent, with visitors led there.
async fn served() -> (Scene, Connected) {
    let scene = Scene::new().await;
    scene.deposit(1_000_000).await;
    scene.live(100 * RATE.0).await;
    let lease = scene.store.leases_of_deployment(scene.deployment).await.unwrap()[0].id;
    scene.store.publish_route(scene.deployment, lease, clock::now()).await.unwrap();
    let connected = come(&scene, scene.agent).await;
    (scene, connected)
}

async fn come(scene: &Scene, agent: AgentId) -> Connected {
    let arrival = Arrival {
        since: clock::now(),
        build: "test".into(),
        capacity: capacity(),
        lending: Lending::default(),
        tunnel_token: token_hash(&agent.to_string()),
        api_token: token_hash(&format!("api {agent}")),
    };
    let connected = scene.world.online.connect(agent, arrival);
    connected.note((&capacity(), Lending::default()), MachineReading::default());
    say(scene, agent, Lending::default(), vec![]).await;
    connected
}

async fn say(scene: &Scene, agent: AgentId, lending: Lending, handed_back: Vec<HandedBack>) {
    scene.store.store_report(agent, &report(lending, handed_back), clock::now()).await.unwrap();
}

async fn another(scene: &Scene) -> (AgentId, Connected) {
    let new = NewAgent { id: AgentId::new(Uuid::from_u128(9)), name: "spare".into(), public_key: [8; 32] };
    scene
        .store
        .create_enrolment(scene.provider, &[2; 32], clock::now().after(HOUR), clock::now())
        .await
        .unwrap();
    let agent = scene.store.enrol_agent(&[2; 32], &new, clock::now()).await.unwrap();
    (agent, come(scene, agent).await)
}

async fn sagas(scene: &Scene) -> usize {
    scene.store.open_sagas().await.unwrap().len()
}

async fn state(scene: &Scene) -> DeploymentState {
    scene.store.address(scene.deployment).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_leaving_agents_app_is_moved_once_and_stays_until_then() {
    let (scene, _here) = served().await;
    let (_, _spare) = another(&scene).await;
    look(&scene.world).await.unwrap();
    assert_eq!(sagas(&scene).await, 0, "nobody leaves");
    say(&scene, scene.agent, leaving(clock::now().after(HOUR)), vec![]).await;
    for _ in 0..3 {
        look(&scene.world).await.unwrap();
    }
    assert_eq!(sagas(&scene).await, 1);
    assert!(scene.store.address(scene.deployment).await.unwrap().unwrap().target.is_some());
    // It stays after all: what is on its way goes on, and the lease has no end any more.
    say(&scene, scene.agent, Lending::default(), vec![]).await;
    assert_eq!(scene.store.leaving().await.unwrap(), []);
}

#[tokio::test]
async fn what_nobody_can_take_serves_until_the_time_is_over_and_is_stopped_and_paid_once() {
    let (scene, _here) = served().await;
    say(&scene, scene.agent, leaving(clock::now().after(HOUR)), vec![]).await;
    look(&scene.world).await.unwrap();
    assert_eq!((sagas(&scene).await, state(&scene).await), (0, DeploymentState::Live));
    say(&scene, scene.agent, leaving(clock::now()), vec![]).await;
    for _ in 0..2 {
        look(&scene.world).await.unwrap();
    }
    let address = scene.store.address(scene.deployment).await.unwrap().unwrap();
    assert_eq!((address.state, address.target), (DeploymentState::Offline, None));
    assert_eq!(scene.store.leases_of_deployment(scene.deployment).await.unwrap(), []);
    let agreements = scene.store.agreements_of_deployment(scene.deployment).await.unwrap();
    assert_eq!(agreements.iter().map(|row| row.state).collect::<Vec<_>>(), [AgreementState::Ending]);
    let left = scene.store.left(scene.agent, clock::now()).await.unwrap();
    assert!(matches!(left[0].fate, Fate::Stopped { .. }), "{left:?}");
    scene.sound().await;
    // Somebody comes who can take it: it is brought back, by one saga.
    let (_, _spare) = another(&scene).await;
    for _ in 0..2 {
        look(&scene.world).await.unwrap();
    }
    assert_eq!(sagas(&scene).await, 1);
}

#[tokio::test]
async fn a_lease_that_is_handed_back_twice_counts_once_and_does_not_come_back() {
    let (scene, _here) = served().await;
    let lease = scene.store.leases_of_deployment(scene.deployment).await.unwrap()[0].id;
    let by = clock::now().after(HOUR);
    let back = HandedBack { lease, reason: HandBackReason::Limits, by };
    let later = HandedBack { lease, reason: HandBackReason::Owner, by: by.after(HOUR) };
    for one in [back, back, later] {
        say(&scene, scene.agent, Lending::default(), vec![one]).await;
    }
    let rows = scene.store.leaving().await.unwrap();
    assert_eq!(rows[0].handed_back, Some(HandBackReason::Limits), "the first reason stays");
    assert_eq!(rows[0].leaving.by, later.by);
    look(&scene.world).await.unwrap();
    assert_eq!(sagas(&scene).await, 0, "the only agent is not asked again so soon");
    let candidates = funds::candidates(&scene.world, scene.deployment, None).await.unwrap();
    assert!(candidates[0].turned_away);
    // Another's lease cannot be handed back.
    let (spare, _connected) = another(&scene).await;
    say(&scene, spare, Lending::default(), vec![HandedBack { by: UnixMillis(0), ..back }]).await;
    assert_eq!(scene.store.leaving().await.unwrap()[0].leaving.by, later.by);
}

#[tokio::test]
async fn a_revoked_agents_app_is_brought_elsewhere_at_once() {
    let (scene, here) = served().await;
    let (_, _spare) = another(&scene).await;
    scene.store.revoke_agent(scene.provider, scene.agent, clock::now()).await.unwrap();
    scene.world.online.revoke(scene.agent);
    drop(here);
    look(&scene.world).await.unwrap();
    assert_eq!((sagas(&scene).await, state(&scene).await), (1, DeploymentState::Offline));
    assert_eq!(scene.store.leases_of_agent(scene.agent).await.unwrap(), []);
}
