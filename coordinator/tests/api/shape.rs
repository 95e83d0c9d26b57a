//! Size, own Dockerfile and part of a project: what they change, and what they leave.

use crate::harness::{World, wish};
use serde_json::{Value, json};

const MIB: u64 = 1024 * 1024;

async fn put(world: &World, path: &str, body: Value) -> Value {
    let reply = world.ask("PUT", path, body).await;
    assert!(reply.status.is_success(), "{}", reply.json());
    reply.json()
}

#[tokio::test]
async fn another_size_brings_a_fresh_workload_of_what_serves_and_only_when_it_is_another() {
    let world = World::new().await;
    world.deploy("shop").await;
    world.go_live("shop").await;
    let same = put(&world, "/v1/deployments/shop/size", json!({ "memory_bytes": 512 * MIB })).await;
    assert_eq!(same.get("rollout"), None, "it has that size");
    let larger = put(&world, "/v1/deployments/shop/size", json!({ "memory_bytes": 1024 * MIB })).await;
    assert_eq!((&larger["memory_bytes"], &larger["milli_cpu"]), (&json!(1024 * MIB), &json!(1000)));
    assert_eq!((&larger["rollout"]["release"], &larger["state"]), (&json!(1), &json!("live")));
    assert_eq!(world.count("release").await, 1, "a size is not a release");

    // What is on its way begins anew.
    put(&world, "/v1/deployments/shop/size", json!({ "milli_cpu": 250 })).await;
    let open = "SELECT count(*) FROM saga WHERE kind = 'deploy' AND state IN ('running', 'undoing') AND cancel IS NULL";
    let open: i64 = sqlx::query_scalar(open).fetch_one(world.state.store.read()).await.unwrap();
    assert_eq!(open, 1);
}

#[tokio::test]
async fn a_size_for_what_is_stopped_waits_for_its_start() {
    let world = World::new().await;
    world.deploy("shop").await;
    world.go_live("shop").await;
    world.ended("shop").await;
    let view = put(&world, "/v1/deployments/shop/size", json!({ "milli_cpu": 2000 })).await;
    assert_eq!((&view["milli_cpu"], view.get("rollout")), (&json!(2000), None));
    for (body, code) in [
        (json!({}), "invalid_body"),
        (json!({ "memory_bytes": 1 }), "limits_invalid"),
        (json!({ "milli_cpu": 1_000_000 }), "limits_invalid"),
    ] {
        let reply = world.ask("PUT", "/v1/deployments/shop/size", body).await;
        assert_eq!(reply.error(), (400, code.to_owned()));
    }
}

#[tokio::test]
async fn a_dockerfile_belongs_to_each_release_and_can_be_taken_back() {
    let world = World::new().await;
    let mut body = wish("shop");
    body["dockerfile"] = json!("FROM one\n");
    let made = world.ask("POST", "/v1/deployments", body).await.json();
    assert_eq!(made["deployment"]["own_dockerfile"], true);
    let redeploy = |text: Value| world.ask("POST", "/v1/deployments/shop/redeploy", text);
    let kept = redeploy(json!({})).await.json();
    assert_eq!(kept["deployment"]["own_dockerfile"], true, "it stays until it is taken back");
    redeploy(json!({ "dockerfile": "FROM two\n" })).await;
    let back = redeploy(json!({ "dockerfile": "" })).await.json();
    assert_eq!(back["deployment"]["own_dockerfile"], false);
    let texts: Vec<Option<String>> = sqlx::query_scalar("SELECT dockerfile FROM release ORDER BY number")
        .fetch_all(world.state.store.read())
        .await
        .unwrap();
    let (one, two) = (Some("FROM one\n".to_owned()), Some("FROM two\n".to_owned()));
    assert_eq!(texts, [one.clone(), one, two, None]);
    let long = json!({ "dockerfile": format!("FROM a\n{}", "#".repeat(70_000)) });
    assert_eq!(redeploy(long).await.error(), (422, "dockerfile_refused".into()));
}

#[tokio::test]
async fn a_project_has_one_back_end_and_raw_tcp_is_no_part_of_it() {
    let world = World::new().await;
    let with = |name: &str, more: &[(&str, Value)]| {
        let mut body = wish(name);
        for (key, value) in more {
            body[key] = value.clone();
        }
        world.ask("POST", "/v1/deployments", body)
    };
    let made = with("web", &[("part", json!("front_end"))]).await.json();
    assert_eq!(made["deployment"]["part"], "front_end");
    let back_end = [("part", json!("back_end")), ("project", json!("web"))];
    assert_eq!(with("server", &back_end).await.status, 202);
    assert_eq!(with("second", &back_end).await.error(), (409, "part_taken".into()));
    assert_eq!(world.count("deployment").await, 2, "and nothing of it is left");
    assert_eq!(world.count("name_claim").await, 2);
    let raw = [("part", json!("front_end")), ("exposure", json!("tcp"))];
    assert_eq!(with("raw", &raw).await.error(), (409, "part_taken".into()));
    assert_eq!(with("raw", &[("exposure", json!("tcp"))]).await.status, 202);
    let reply = world.ask("PUT", "/v1/deployments/web/part", json!({ "part": "back_end" })).await;
    assert_eq!(reply.error(), (409, "part_taken".into()));
    let reply = world.ask("PUT", "/v1/deployments/raw/part", json!({ "part": "back_end" })).await;
    assert_eq!(reply.error(), (409, "part_taken".into()));
    let alone = put(&world, "/v1/deployments/server/part", json!({})).await;
    assert_eq!(alone.get("part"), None);
    let now = put(&world, "/v1/deployments/web/part", json!({ "part": "back_end" })).await;
    assert_eq!(now["part"], "back_end");
}
