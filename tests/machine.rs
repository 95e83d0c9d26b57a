//! What an agent leaves and keeps on its machine: how containers really are, what a clean stop leaves, what a second
//! start finds. Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use bollard::models::{ContainerInspectResponse, RestartPolicyNameEnum};
use serde_json::{Value, json};
use ttalkak_tests::{App, World, engine, world::SOON};

async fn inspect(world: &World) -> ContainerInspectResponse {
    let running = engine::running(&world.engine, &world.agent_id).await;
    let [(_, id)] = &running[..] else { panic!("one container, not {running:?}") };
    world.engine.inspect_container(id, None).await.expect("a container")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_runs_without_any_right_it_does_not_need() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &["--memory", "96MiB", "--cpu", "0.5"]).await;
    let container = inspect(&world).await;
    let host = container.host_config.expect("its settings");
    assert_eq!(host.readonly_rootfs, Some(true));
    assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
    assert!(host.cap_add.unwrap_or_default().is_empty() && host.binds.unwrap_or_default().is_empty());
    assert!(host.security_opt.unwrap().contains(&"no-new-privileges".to_owned()));
    assert_eq!((host.privileged, host.pids_limit), (Some(false), Some(256)));
    assert_eq!((host.memory, host.memory_swap), (Some(96 << 20), Some(96 << 20)));
    assert_eq!(host.nano_cpus, Some(500_000_000));
    assert_eq!(host.restart_policy.unwrap().name, Some(RestartPolicyNameEnum::NO));
    let log = host.log_config.unwrap();
    assert_eq!((log.typ.as_deref(), log.config.unwrap()["max-size"].as_str()), (Some("local"), "4m"));
    let ports: Vec<_> = host.port_bindings.unwrap().into_values().flatten().flatten().collect();
    assert_eq!(ports.iter().map(|port| port.host_ip.as_deref()).collect::<Vec<_>>(), [Some("127.0.0.1")]);
    let network = host.network_mode.expect("a network");
    let network = world.engine.inspect_network(&network, None).await.expect("the agent's network");
    assert_eq!(network.options.unwrap()["com.docker.network.bridge.enable_icc"], "false");

    let (user, group) = container
        .config
        .unwrap()
        .user
        .unwrap()
        .split_once(':')
        .map(|(u, g)| (u.to_owned(), g.to_owned()))
        .unwrap();
    assert!(user.parse::<u32>().unwrap() >= 20_000 && user == group, "{user}:{group}");
    let who: Value = world.request("shop", "/who").send().await.unwrap().json().await.unwrap();
    assert_eq!(
        who,
        json!({"uid": user.parse::<u32>().unwrap(), "writable": false}),
        "and the app sees the same"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_clean_stop_nothing_runs_and_the_next_start_serves_again_without_a_deploy() {
    let Some(mut world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &[]).await;
    let image = world.release("shop", 1).await["image"].clone();
    world.agent.stop(SOON).await;
    world.coordinator.stop(SOON).await;
    assert_eq!(engine::running(&world.engine, &world.agent_id).await, Vec::new());

    world.restart_coordinator(Vec::new()).await;
    let visit = world.visit("shop", "/").await;
    assert_eq!((visit.status, visit.cause.as_deref()), (503, Some("provider_offline")));
    world.restart_agent();
    assert_eq!(world.await_answer("shop", SOON).await.body, "one");
    let deployment = world.await_state("shop", "live", SOON).await;
    assert_eq!(deployment["release"], 1);
    assert_eq!(world.release("shop", 1).await["image"], image);
    world.stop().await;
}
