//! Nothing secret lies readable in a file or an answer.

use crate::harness::{World, wish};
use axum::body::Body;
use serde_json::json;

#[tokio::test]
async fn tokens_codes_and_values_never_reach_the_disk_in_plain() {
    let world = World::new().await;
    let mut body = wish("shop");
    body["source"]["token"] = json!("ghp_repositorytoken");
    body["env"] = json!([
        { "key": "API_KEY", "value": "value-of-a-secret", "secret": true },
        { "key": "PLAIN", "value": "value-that-is-shown" },
    ]);
    assert_eq!(world.ask("POST", "/v1/deployments", body).await.status, 202);
    let keyed = |path: &str, body: serde_json::Value| {
        let request = world.request("POST", path).header("content-type", "application/json");
        world.send(request.header("idempotency-key", path).body(Body::from(body.to_string())).unwrap())
    };
    let token = keyed("/v1/tokens", json!({ "name": "ci" })).await.json();
    let enrolment = keyed("/v1/enrolments", json!({})).await.json();
    let tunnel = keyed("/v1/tunnels", json!({ "name": "door" })).await.json();
    let replayed = keyed("/v1/tokens", json!({ "name": "ci" })).await.json();
    assert_eq!(token, replayed, "the answer is kept, sealed");
    let told = |text: &serde_json::Value| text.as_str().unwrap().to_owned();
    let secrets = [
        world.token.clone(),
        told(&token["secret"]),
        told(&enrolment["code"]),
        told(&tunnel["connect_token"]),
        "value-of-a-secret".to_owned(),
        "value-that-is-shown".to_owned(),
        "ghp_repositorytoken".to_owned(),
    ];
    world.state.tasks.close();
    world.state.tasks.wait().await;
    for secret in secrets {
        assert!(!world.is_on_disk(secret.as_bytes()), "{secret}");
        assert!(!world.is_on_disk(secret.trim_start_matches("ttk_").as_bytes()), "{secret}");
    }
    assert!(world.is_on_disk(b"shop"), "the search itself works");
}

#[tokio::test]
async fn a_secret_is_shown_by_no_answer_and_a_plain_value_is() {
    let world = World::new().await;
    let mut body = wish("shop");
    body["source"]["token"] = json!("ghp_repositorytoken");
    body["env"] = json!([
        { "key": "API_KEY", "value": "value-of-a-secret", "secret": true, "scope": "run" },
        { "key": "VITE_URL", "value": "shown", "scope": "build" },
    ]);
    let made = world.ask("POST", "/v1/deployments", body).await;
    let env = world.get("/v1/deployments/shop/env").await;
    let shown = env.json();
    assert_eq!(
        shown["items"][0],
        json!({ "key": "API_KEY", "scope": "run", "secret": true, "public": false })
    );
    assert_eq!(shown["items"][1]["value"], "shown");
    assert_eq!(shown["items"][1]["public"], true);
    let release = world.get("/v1/deployments/shop/releases/1").await;
    assert_eq!(release.json()["env_keys"], json!(["API_KEY", "VITE_URL"]));
    for reply in
        [made, env, release, world.get("/v1/deployments/shop").await, world.get("/v1/deployments").await]
    {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!text.contains("value-of-a-secret") && !text.contains("ghp_"), "{text}");
    }
}

#[tokio::test]
async fn an_agent_enrols_once_per_code_and_hears_the_same_answer_again() {
    let world = World::new().await;
    let code = world.post("/v1/enrolments").await.json()["code"].clone();
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let enrol = |key: String| json!({ "code": code, "public_key": key, "name": "den" });
    let good = hex::encode(key.as_bytes());
    for bad in ["", "zz", &good[2..], &"0".repeat(64)] {
        let reply = world.ask("POST", "/v1/agents", enrol(bad.to_owned())).await;
        assert_eq!(reply.error(), (400, "invalid_body".into()), "{bad}");
    }
    let first = world.ask("POST", "/v1/agents", enrol(good.clone())).await;
    assert_eq!(first.status, 201);
    let again = world.ask("POST", "/v1/agents", enrol(good)).await.json();
    assert_eq!(first.json(), again, "the answer was lost on its way");
    let other = hex::encode(ed25519_dalek::SigningKey::from_bytes(&[8; 32]).verifying_key().as_bytes());
    let reply = world.ask("POST", "/v1/agents", enrol(other)).await;
    assert_eq!(reply.error(), (403, "enrol_code_invalid".into()));
    let listed = world.get("/v1/providers").await.json();
    assert_eq!(listed["items"][0]["id"], again["agent"]);
    assert_eq!(listed["items"][0]["online"], false);
    let path = format!("/v1/providers/{}", again["agent"].as_str().unwrap());
    let revoked = world.send(world.request("DELETE", &path).body(Body::empty()).unwrap()).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(world.get(&path).await.error(), (404, "not_found".into()));
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let world = World::new().await;
    let key = hex::encode(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    let body = json!({ "code": "tte_guess", "public_key": key, "name": "den" });
    let mut codes = Vec::new();
    for _ in 0..25 {
        codes.push(world.ask("POST", "/v1/agents", body.clone()).await.error().1);
    }
    assert!(codes[..20].iter().all(|code| code == "enrol_code_invalid"));
    assert!(codes[20..].iter().any(|code| code == "rate_limited"));
}
