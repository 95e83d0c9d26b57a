//! What may be asked of a deployment in which state.

use crate::harness::World;
use axum::body::Body;
use serde_json::{Value, json};

async fn sagas(world: &World) -> Vec<(String, String, Option<String>)> {
    sqlx::query_as::<_, (String, String, Option<String>)>(
        "SELECT kind, state, json_extract(cancel, '$.code') FROM saga ORDER BY created_at, rowid",
    )
    .fetch_all(world.state.store.read())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_second_deploy_overtakes_the_first() {
    let world = World::new().await;
    world.deploy("shop").await;
    let second = world.post("/v1/deployments/shop/redeploy").await.json();
    assert_eq!(second["release"]["number"], 2);
    assert_eq!(second["deployment"]["rollout"]["release"], 2);
    let all = sagas(&world).await;
    assert_eq!(all[0].2.as_deref(), Some("superseded"));
    assert_eq!(all[1].2, None);
    assert_eq!(world.get("/v1/deployments/shop").await.json()["rollout"]["step"], "queued");
}

#[tokio::test]
async fn a_redeploy_may_bring_another_source_and_a_read_token_does_not_follow_to_it() {
    let world = World::new().await;
    let mut body = crate::harness::wish("shop");
    body["source"]["token"] = json!("ghp_x");
    world.ask("POST", "/v1/deployments", body).await;
    let has_token = || async {
        let sql = "SELECT git_token IS NOT NULL FROM deployment";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(world.state.store.read()).await.unwrap() == 1
    };
    let source = |url: &str| json!({ "source": { "kind": "git", "url": url, "branch": "next" } });
    let path = "/v1/deployments/shop/redeploy";
    assert_eq!(world.ask("POST", path, source("https://example.com/me/app")).await.status, 202);
    assert!(has_token().await, "the same address keeps its token");
    let moved = world.ask("POST", path, source("https://example.org/me/app")).await.json();
    assert!(!has_token().await, "another address never sees it");
    assert_eq!(moved["deployment"]["branch"], "next");
    assert_eq!(moved["release"]["branch"], "next");
}

#[tokio::test]
async fn stop_start_and_restart_fit_the_state() {
    let world = World::new().await;
    world.deploy("shop").await;
    let refused = world.post("/v1/deployments/shop/restart").await;
    assert_eq!(refused.error(), (409, "no_release".into()));
    world.go_live("shop").await;
    let post = |wish: &'static str| {
        let world = &world;
        async move { world.post(&format!("/v1/deployments/shop/{wish}")).await }
    };
    assert_eq!(post("start").await.error(), (409, "state_conflict".into()));
    let restarted = post("restart").await.json();
    assert_eq!(restarted["release"]["number"], 1, "the same release again");
    assert_eq!(restarted["deployment"]["state"], "live", "what serves goes on serving");
    world.go_live("shop").await;
    let stopped = post("stop").await.json();
    assert_eq!(stopped["state"], "draining");
    assert_eq!(post("stop").await.status, 202, "stopping twice is stopping once");
    assert_eq!(sagas(&world).await.iter().filter(|saga| saga.0 == "end").count(), 1);
    world.ended("shop").await;
    assert_eq!(post("restart").await.error(), (409, "state_conflict".into()));
    let started = post("start").await.json();
    assert_eq!(
        (&started["release"]["number"], &started["deployment"]["state"]),
        (&json!(1), &json!("requested"))
    );
}

#[tokio::test]
async fn a_rollback_uses_the_old_release_and_a_release_keeps_its_environment() {
    let world = World::new().await;
    world.deploy("shop").await;
    world.go_live("shop").await;
    world
        .ask("POST", "/v1/deployments/shop/redeploy", json!({ "env": [{ "key": "A", "value": "1" }] }))
        .await;
    world.go_live("shop").await;
    assert_eq!(world.get("/v1/deployments/shop/env").await.json()["pending"], false);
    let back = world.post("/v1/deployments/shop/rollback").await.json();
    assert_eq!(back["release"]["number"], 1);
    assert_eq!(back["release"].get("env_keys"), None);
    assert_eq!(world.count("release").await, 2, "a rollback makes no release");
    let path = "/v1/deployments/shop/rollback";
    assert_eq!(world.ask("POST", path, json!({ "release": 9 })).await.error().1, "no_release");
    assert_eq!(world.ask("POST", path, json!({ "release": 2 })).await.error().1, "state_conflict");
}

#[tokio::test]
async fn a_restart_after_a_change_of_environment_is_a_release_of_the_same_source() {
    let world = World::new().await;
    world.deploy("shop").await;
    world.go_live("shop").await;
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE release SET commit_id = 'c0ffee', source_digest = 'd', source_bytes = 5")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let set = json!({ "set": [{ "key": "A", "value": "1" }, { "key": "B", "value": "2" }] });
    let env = world.ask("PATCH", "/v1/deployments/shop/env", set.clone()).await.json();
    assert_eq!(env["pending"], true);
    let version = world.state.store.data_version();
    world.ask("PATCH", "/v1/deployments/shop/env", set).await;
    assert_eq!(world.state.store.data_version(), version, "setting what is set changes nothing");
    let again = world.post("/v1/deployments/shop/restart").await.json();
    assert_eq!(again["release"]["number"], 2);
    assert_eq!(
        (&again["release"]["commit"], &again["release"]["source_digest"]),
        (&json!("c0ffee"), &json!("d"))
    );
    world.go_live("shop").await;
    assert_eq!(world.get("/v1/deployments/shop/env").await.json()["pending"], false);
    let unset = json!({ "unset": ["A", "NEVER"] });
    let left = world.ask("PATCH", "/v1/deployments/shop/env", unset.clone()).await.json();
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.ask("PUT", "/v1/deployments/shop/env", unset).await.error().1, "invalid_body");
    assert_eq!(world.ask("PUT", "/v1/deployments/shop/env", json!({})).await.json()["items"], json!([]));
    let first: Value = world.get("/v1/deployments/shop/releases/2").await.json();
    assert_eq!(first["env_keys"], json!(["A", "B"]), "a release never changes");
}

#[tokio::test]
async fn an_environment_cannot_grow_past_its_bounds_step_by_step() {
    let world = World::new().await;
    world.deploy("shop").await;
    let set = |key: &str| json!({ "set": [{ "key": key, "value": "x".repeat(40_000) }] });
    assert_eq!(world.ask("PATCH", "/v1/deployments/shop/env", set("A")).await.status, 200);
    let reply = world.ask("PATCH", "/v1/deployments/shop/env", set("B")).await;
    assert_eq!(reply.error(), (413, "env_too_large".into()));
    assert_eq!(world.ask("PATCH", "/v1/deployments/shop/env", set("A")).await.status, 200);
}

#[tokio::test]
async fn cancel_gives_up_what_is_on_its_way_and_delete_ends_it_all() {
    let world = World::new().await;
    world.deploy("shop").await;
    let cancelled = world.post("/v1/deployments/shop/cancel").await;
    assert_eq!(cancelled.status, 202);
    assert_eq!(cancelled.json().get("rollout"), None);
    assert_eq!(world.post("/v1/deployments/shop/cancel").await.error(), (409, "state_conflict".into()));
    let delete = || world.request("DELETE", "/v1/deployments/shop").body(Body::empty()).unwrap();
    assert_eq!(world.send(delete()).await.json()["state"], "draining");
    assert_eq!(world.send(delete()).await.status, 202);
    assert_eq!(world.post("/v1/deployments/shop/redeploy").await.error(), (409, "state_conflict".into()));
    let all = sagas(&world).await;
    assert_eq!(all.iter().filter(|saga| saga.0 == "end" && saga.2.is_none()).count(), 1);
    assert_eq!(all[0].2.as_deref(), Some("cancelled"), "the first reason stays");
}

#[tokio::test]
async fn releases_are_listed_newest_first_by_page() {
    let world = World::new().await;
    world.deploy("shop").await;
    for _ in 0..4 {
        world.post("/v1/deployments/shop/redeploy").await;
    }
    let page = world.get("/v1/deployments/shop/releases?limit=3").await.json();
    let numbers = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()).collect()
    };
    assert_eq!((numbers(&page), &page["total"]), (vec![5, 4, 3], &json!(5)));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.get(&format!("/v1/deployments/shop/releases?limit=3&cursor={cursor}")).await.json();
    assert_eq!((numbers(&rest), rest.get("next_cursor")), (vec![2, 1], None));
    let bad = world.get("/v1/deployments/shop/releases?cursor=x").await;
    assert_eq!(bad.error(), (400, "cursor_invalid".into()));
    assert_eq!(world.get("/v1/deployments/shop/releases/9").await.error(), (404, "not_found".into()));
}
