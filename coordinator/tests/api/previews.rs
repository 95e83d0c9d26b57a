//! Previews of pull requests: a deployment of its own without secrets, kept up, bounded, and gone in the end.

use crate::{
    github_stand_in::{GitHubStandIn, webhook},
    harness::{Reply, World},
};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use ttalkak_coordinator::{clock, config::Config};
use ttalkak_protocol::unit::UnixMillis;

async fn world(previews: Value) -> (GitHubStandIn, World) {
    let (stand_in, folder) = (GitHubStandIn::start().await, tempfile::tempdir().unwrap());
    let settings = stand_in.settings(folder.path()).into_iter().collect::<BTreeMap<_, _>>();
    let github = Config::read("", &settings).unwrap().github;
    let world = World::with(|config| config.github = github).await;
    let env = json!([
        { "key": "COLOUR", "value": "red", "secret": false },
        { "key": "PASSWORD", "value": "hunter2-of-production", "secret": true },
    ]);
    let source = json!({ "kind": "git", "url": "https://example.com/me/app", "root_dir": "apps/web" });
    let reply =
        world.ask("POST", "/v1/deployments", json!({ "name": "shop", "source": source, "env": env })).await;
    assert_eq!(reply.status, 202, "{}", reply.json());
    let set = json!({ "on": true, "previews": previews });
    assert_eq!(world.ask("PUT", "/v1/deployments/shop/push", set).await.status, 200);
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE push SET repo = 'me/app', installation = 11").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    (stand_in, world)
}

async fn tell(world: &World, action: &str, number: u64, from: &str, commit: char) -> Reply {
    let commit = commit.to_string().repeat(40);
    let body = webhook::pull_request(action, number, ("me/app", from), 11, ("louder", &commit)).to_string();
    let mut request = Request::post("/v1/hooks/github");
    for (name, value) in webhook::headers("pull_request", &format!("{action}-{number}"), body.as_bytes()) {
        request = request.header(name, value);
    }
    let reply = world.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply
}

async fn reason(world: &World) -> Value {
    world.get("/v1/deployments/shop/deliveries").await.json()["items"][0]["reason"].clone()
}

fn on(forks: bool, at_most: u32) -> Value {
    json!({ "on": true, "forks": forks, "ttl_ms": 3_600_000, "at_most": at_most })
}

#[tokio::test]
async fn a_pull_request_gets_a_deployment_of_its_own_without_secrets_and_loses_it() {
    let (_stand_in, world) = world(on(false, 2)).await;
    tell(&world, "opened", 7, "me/app", 'a').await;
    let preview = world.get("/v1/deployments/shop-pr-7").await.json();
    assert_eq!((&preview["root_dir"], &preview["project_name"]), (&json!("apps/web"), &json!("shop")));
    let release = world.get("/v1/deployments/shop-pr-7/releases/1").await.json();
    assert_eq!((&release["commit"], &release["branch"]), (&json!("a".repeat(40)), &json!("louder")));
    assert_eq!(release["env_keys"], json!(["COLOUR"]), "secrets of production stay there");
    let replay = tell(&world, "opened", 7, "me/app", 'a').await;
    assert_eq!(replay.json()["replayed"], json!(true));
    tell(&world, "synchronize", 7, "me/app", 'b').await;
    let preview = world.get("/v1/deployments/shop-pr-7").await.json();
    assert_eq!(preview["rollout"]["release"], json!(2), "its newest commit takes over");
    tell(&world, "labeled", 7, "me/app", 'b').await;
    tell(&world, "closed", 7, "me/app", 'b').await;
    let wanted = "SELECT wanted FROM deployment WHERE name = 'shop-pr-7'";
    let wanted: String = sqlx::query_scalar(wanted).fetch_one(world.state.store.read()).await.unwrap();
    assert_eq!(wanted, "deleted");
}

#[tokio::test]
async fn forks_and_too_many_are_passed_over_and_time_ends_a_preview() {
    let (_stand_in, world) = world(on(false, 1)).await;
    tell(&world, "opened", 1, "eve/app", 'a').await;
    assert_eq!(reason(&world).await, json!("fork"));
    tell(&world, "opened", 2, "me/app", 'a').await;
    assert_eq!(reason(&world).await, Value::Null);
    tell(&world, "opened", 3, "me/app", 'a').await;
    assert_eq!(reason(&world).await, json!("too_many_previews"));
    let store = &world.state.store;
    assert!(store.previews_over(clock::now()).await.unwrap().is_empty());
    let later = UnixMillis(clock::now().0 + 3_600_001);
    assert_eq!(store.previews_over(later).await.unwrap().len(), 1);
    world.ask("DELETE", "/v1/deployments/shop", json!({})).await;
    assert_eq!(store.previews_over(clock::now()).await.unwrap().len(), 1, "it goes with what it is of");
}

#[tokio::test]
async fn previews_are_off_until_they_are_switched_on() {
    let (_stand_in, world) = world(Value::Null).await;
    tell(&world, "opened", 1, "me/app", 'a').await;
    assert_eq!(reason(&world).await, json!("previews_off"));
    assert_eq!(world.get("/v1/deployments/shop-pr-1").await.status, 404);
}

#[tokio::test]
async fn a_preview_that_cost_what_it_may_is_over_and_another_is_not() {
    let bounded =
        json!({ "on": true, "forks": false, "ttl_ms": 3_600_000, "at_most": 3, "spend_max": "1000" });
    let (_stand_in, world) = world(bounded).await;
    let view = world.get("/v1/deployments/shop/push").await.json();
    assert_eq!(view["previews"]["spend_max"], json!("1000"));
    tell(&world, "opened", 1, "me/app", 'a').await;
    tell(&world, "opened", 2, "me/app", 'b').await;
    let store = &world.state.store;
    world.lease("shop").await;
    for (preview, charged) in [("shop-pr-1", ["600", "399"]), ("shop-pr-2", ["600", "400"])] {
        for amount in charged {
            charge(&world, preview, amount).await;
        }
    }
    let over = store.previews_over(clock::now()).await.unwrap();
    let second = world.get("/v1/deployments/shop-pr-2").await.json()["id"].clone();
    let names: Vec<String> = over.iter().map(|(_, id)| id.to_string()).collect();
    assert_eq!(json!(names), json!([second]));

    let unbounded = json!({ "on": true, "previews": on(false, 3) });
    assert_eq!(world.ask("PUT", "/v1/deployments/shop/push", unbounded).await.status, 200);
    assert!(store.previews_over(clock::now()).await.unwrap().is_empty(), "the bound was taken away");
    let nothing = json!({ "on": true, "previews": { "on": true, "ttl_ms": 3_600_000, "at_most": 3, "spend_max": "0" } });
    let reply = world.ask("PUT", "/v1/deployments/shop/push", nothing).await;
    assert_eq!(reply.error(), (422, "push_invalid".into()));
}

/// An agreement of a preview under which so much was charged.
async fn charge(world: &World, preview: &str, amount: &str) {
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO agreement (id, key, deployment_id, deployment_name, account_id, agent_id, terms, rates, reserved,
           state, cap, charged, created_at)
         SELECT ?1, ?1, d.id, d.name, d.account_id, (SELECT id FROM agent LIMIT 1), '{}', '{}', '{}', 'closed', '5000', ?3, 0
         FROM deployment d WHERE d.name = ?2",
    )
    .bind(format!("{preview}-{amount}"))
    .bind(preview)
    .bind(amount)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}
