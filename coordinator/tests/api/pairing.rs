//! Pairing, and codes: what their owners do, and what guessers get.

use crate::harness::{Reply, World};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use ttalkak_coordinator::clock;

/// A public key that one can verify with.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

async fn anyone(world: &World, path: &str, body: Value) -> Reply {
    let request = Request::builder().method("POST").uri(path).header("content-type", "application/json");
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn pairing(world: &World) -> Value {
    let reply = anyone(world, "/v1/agents/pairings", json!({ "public_key": KEY, "name": "attic" })).await;
    assert_eq!(reply.status, 201, "{}", String::from_utf8_lossy(&reply.body));
    reply.json()
}

async fn poll(world: &World, poll: &Value) -> Reply {
    anyone(world, "/v1/agents/pairings/poll", json!({ "poll": poll })).await
}

async fn approve(world: &World, code: &str) -> Reply {
    world.ask("POST", "/v1/providers/approve", json!({ "code": code })).await
}

fn gone() -> (u16, String) {
    (403, "enrol_code_invalid".into())
}

#[tokio::test]
async fn a_machine_shows_a_code_and_is_let_in_by_its_owner_once() {
    let world = World::new().await;
    let pairing = pairing(&world).await;
    let code = pairing["code"].as_str().unwrap();
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert_eq!(poll(&world, &pairing["poll"]).await.json(), json!({ "state": "waiting" }));
    let let_in = approve(&world, &code.to_lowercase().replace('-', " ")).await.json();
    assert_eq!(let_in["name"], "attic");
    let approved = json!({ "state": "approved", "agent": let_in["id"] });
    assert_eq!(poll(&world, &pairing["poll"]).await.json(), approved);
    assert_eq!(approve(&world, code).await.json()["id"], let_in["id"], "asking twice is harmless");
    let items = world.get("/v1/providers").await.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    // The code is used: nobody else gets a machine by it.
    let stranger = World { token: world.stranger.clone(), ..world };
    assert_eq!(approve(&stranger, code).await.error(), gone());
    assert_eq!(stranger.get("/v1/providers").await.json()["items"], json!([]));
    assert!(!stranger.is_on_disk(pairing["poll"].as_str().unwrap().as_bytes()), "only hashes are kept");
}

#[tokio::test]
async fn a_pairing_that_is_over_can_be_neither_approved_nor_polled() {
    let world = World::new().await;
    let pairing = pairing(&world).await;
    let mut tx = world.state.store.begin().await.unwrap();
    let expired = sqlx::query("UPDATE pairing SET expires_at = ?").bind(clock::now().0);
    expired.execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(poll(&world, &pairing["poll"]).await.error(), gone());
    assert_eq!(approve(&world, pairing["code"].as_str().unwrap()).await.error(), gone());
    assert_eq!(poll(&world, &json!("ttp_made_up")).await.error(), gone());
}

#[tokio::test]
async fn who_guesses_is_locked_out_and_then_even_the_right_code_must_wait() {
    let world = World::new().await;
    let pairing = pairing(&world).await;
    for guess in ["ACDE-3467", "ACDE-3468", "", "AAAA-AAAA", "ACDE-3469"] {
        assert_eq!(approve(&world, guess).await.error(), gone(), "{guess}");
    }
    let right = pairing["code"].as_str().unwrap();
    assert_eq!(approve(&world, right).await.error(), (429, "rate_limited".into()));
    assert_eq!(poll(&world, &pairing["poll"]).await.json()["state"], "waiting");
    // Others are not locked out by it.
    let stranger = World { token: world.stranger.clone(), ..world };
    assert_eq!(approve(&stranger, right).await.status, 200);
}

#[tokio::test]
async fn who_polls_without_end_or_asks_for_codes_without_end_is_told_to_wait() {
    let world = World::new().await;
    let one = pairing(&world).await;
    let mut last = 200;
    for _ in 0..10 {
        last = poll(&world, &one["poll"]).await.status.as_u16();
    }
    assert_eq!(last, 429);
    let other = pairing(&world).await;
    assert_eq!(poll(&world, &other["poll"]).await.status, 200, "each pairing has a pace of its own");
    for _ in 0..30 {
        let body = json!({ "public_key": KEY, "name": "attic" });
        last = anyone(&world, "/v1/agents/pairings", body).await.status.as_u16();
    }
    assert_eq!(last, 429);
    let fresh = World::new().await;
    let bad = anyone(&fresh, "/v1/agents/pairings", json!({ "public_key": "00", "name": "x" })).await;
    assert_eq!(bad.error(), (400, "invalid_body".into()));
}

#[tokio::test]
async fn codes_that_were_not_used_are_listed_and_can_be_taken_back() {
    let world = World::new().await;
    let code = world.post("/v1/enrolments").await.json()["code"].as_str().unwrap().to_owned();
    let list = world.get("/v1/enrolments").await.json()["items"].clone();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let id = list[0]["id"].as_str().unwrap().to_owned();
    assert!(!code.contains(&id), "the id tells nothing of the code");
    let path = format!("/v1/enrolments/{id}");
    let stranger = World { token: world.stranger.clone(), ..world };
    assert_eq!(stranger.ask("DELETE", &path, Value::Null).await.error(), (404, "not_found".into()));
    let world = World { token: String::new(), ..stranger };
    let store = &world.state.store;
    store.revoke_enrolment(world.account, &id).await.unwrap();
    let body = json!({ "code": code, "public_key": KEY, "name": "attic" });
    assert_eq!(anyone(&world, "/v1/agents", body).await.error(), gone());
}

#[tokio::test]
async fn a_machine_is_renamed_by_its_owner() {
    let world = World::new().await;
    let pairing = pairing(&world).await;
    let id = approve(&world, pairing["code"].as_str().unwrap()).await.json()["id"].clone();
    let path = format!("/v1/providers/{}", id.as_str().unwrap());
    let renamed = world.ask("PATCH", &path, json!({ "name": "cellar" })).await.json();
    assert_eq!((&renamed["name"], &renamed["lending"]["accepting"]), (&json!("cellar"), &json!(true)));
    let long = world.ask("PATCH", &path, json!({ "name": "x".repeat(65) })).await;
    assert_eq!(long.error(), (400, "name_invalid".into()));
}
