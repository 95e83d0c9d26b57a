//! What the API tells of itself, of providers and of tokens, over real sockets. Needs the engine, as every world does.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use reqwest::Method;
use serde_json::{Value, json};
use ttalkak_tests::{World, root, until, visit, world::SOON};

#[tokio::test(flavor = "multi_thread")]
async fn the_description_that_is_served_is_the_committed_one() {
    let Some(world) = World::start().await else { return };
    let (status, served) = world.get_api("/v1/openapi.json").await;
    let committed = std::fs::read_to_string(root().join("coordinator/openapi.json")).unwrap();
    assert_eq!((status, served), (200, serde_json::from_str::<Value>(&committed).unwrap()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_listed_with_its_machine_until_it_is_revoked() {
    let Some(world) = World::start().await else { return };
    let (_, list) = world.get_api("/v1/providers").await;
    let provider = &list["items"][0];
    assert_eq!((&provider["id"], &provider["online"]), (&json!(world.agent_id), &json!(true)));
    assert!(provider["machine"]["memory_total"].as_u64() > Some(0), "{provider}");
    assert!(provider["capacity"]["memory"].as_u64() > Some(0), "{provider}");
    let (_, health) = world.get_api("/v1/health").await;
    assert_eq!((&health["ok"], &health["providers_online"]), (&json!(true), &json!(1)));

    let id = world.agent_id.clone();
    assert!(world.cli(&["providers", "revoke", &id, "--yes"]).await.status.success());
    let told = until("the agent says why its link ended", SOON, || async {
        world.agent.log_tail(20).contains("agent_revoked").then_some(())
    });
    told.await;
    assert!(world.cli(&["providers", "list"]).await.status.success());
    let (_, list) = world.get_api("/v1/providers").await;
    assert_eq!(list["items"], json!([]), "{list}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_works_from_its_making_until_it_is_revoked() {
    let Some(world) = World::start().await else { return };
    let (status, created) = world.post_api("/v1/tokens", &json!({"name": "ci"})).await;
    assert_eq!(status, 201, "{created}");
    let (secret, id) = (created["secret"].as_str().unwrap(), created["token"]["id"].as_str().unwrap());
    let url = format!("{}/v1/projects", world.api_url());
    let with = |token: &str| {
        let (url, token) = (url.clone(), token.to_owned());
        async move { visit::call(&visit::client(), &token, Method::GET, &url, None).await.0 }
    };
    assert_eq!((with(secret).await, with("ttk_wrong").await), (200, 401));
    let (_, list) = world.get_api("/v1/tokens").await;
    assert!(list.to_string().contains("\"ci\"") && !list.to_string().contains(secret), "{list}");
    let (status, _) = world.call(Method::DELETE, &format!("/v1/tokens/{id}"), None).await;
    assert_eq!((status, with(secret).await), (204, 401));
    world.stop().await;
}
