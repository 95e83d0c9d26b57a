//! What an agent asks about its own machine, and with which token it does not.

use crate::{
    harness::{Reply, World},
    money::paid_world,
};
use serde_json::{Value, json};
use ttalkak_coordinator::{
    clock, fresh,
    online::{Arrival, Connected, token_hash},
    store::provider::NewAgent,
};
use ttalkak_escrow::Key;
use ttalkak_protocol::{
    id::AgentId,
    link::{Capacity, Lending},
    unit::{Bytes, MilliCpu, Millis},
};

const HOST: &str = "127.0.0.1:7700";

async fn enrolled(world: &World, n: u8) -> AgentId {
    let now = clock::now();
    let store = &world.state.store;
    store.create_enrolment(world.account, &[n; 32], now.after(Millis(60_000)), now).await.unwrap();
    let new = NewAgent { id: fresh::id(AgentId::new), name: format!("box-{n}"), public_key: [n; 32] };
    store.enrol_agent(&[n; 32], &new, now).await.unwrap()
}

/// A link that stands, with this token.
fn connect(world: &World, agent: AgentId, token: &str) -> Connected {
    let capacity = Capacity {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpu: MilliCpu(1000),
        memory: Bytes::mib(512),
        workloads_max: 3,
        engine: None,
    };
    world.state.online.connect(
        agent,
        Arrival {
            since: clock::now(),
            build: "test".into(),
            capacity,
            lending: Lending::default(),
            tunnel_token: token_hash(&format!("tunnel of {token}")),
            api_token: token_hash(token),
        },
    )
}

async fn ask(world: &World, token: &str, method: &str, path: &str, body: Value) -> Reply {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/v1/agents/me/{path}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("host", HOST);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_machine_sees_its_own_earnings_while_its_link_stands_and_by_no_other_token() {
    let world = paid_world().await;
    let (agent, other) = (enrolled(&world, 1).await, enrolled(&world, 2).await);
    let here = connect(&world, agent, "tta_one");
    let _there = connect(&world, other, "tta_two");
    let view = ask(&world, "tta_one", "GET", "earnings", Value::Null).await;
    assert_eq!(view.status, 200, "{}", String::from_utf8_lossy(&view.body));
    let view = view.json();
    assert_eq!((&view["agent"], &view["earned"], &view["lines"]), (&json!(agent), &json!("0"), &json!([])));
    let own = ask(&world, "tta_two", "GET", "earnings", Value::Null).await.json();
    assert_eq!(own["agent"], json!(other), "another agent's token shows that agent");
    let unauthorized = (401, "unauthorized".to_owned());
    for token in ["tta_three", "tunnel of tta_one", &world.token, ""] {
        let reply = ask(&world, token, "GET", "earnings", Value::Null).await;
        assert_eq!(reply.error(), unauthorized, "{token}");
    }
    // Replay: a newer link makes the token of the older one void, and so does the link's end.
    let newer = connect(&world, agent, "tta_newer");
    drop(here);
    assert_eq!(ask(&world, "tta_one", "GET", "earnings", Value::Null).await.error(), unauthorized);
    assert_eq!(ask(&world, "tta_newer", "GET", "earnings", Value::Null).await.status, 200);
    drop(newer);
    assert_eq!(ask(&world, "tta_newer", "GET", "earnings", Value::Null).await.error(), unauthorized);
    // A machine's token opens no account.
    let request = http::Request::builder().uri("/v1/deployments").header("authorization", "Bearer tta_two");
    assert_eq!(world.send(request.body(axum::body::Body::empty()).unwrap()).await.error(), unauthorized);
}

#[tokio::test]
async fn a_revoked_machine_is_told_nothing() {
    let world = paid_world().await;
    let agent = enrolled(&world, 1).await;
    let _here = connect(&world, agent, "tta_one");
    let reply = world.ask("DELETE", &format!("/v1/providers/{agent}"), Value::Null).await;
    assert_eq!(reply.status, 204);
    let reply = ask(&world, "tta_one", "GET", "earnings", Value::Null).await;
    assert_eq!(reply.error(), (401, "unauthorized".into()));
    // Also when the store knows before the link does.
    let _again = connect(&world, agent, "tta_again");
    let reply = ask(&world, "tta_again", "GET", "earnings", Value::Null).await;
    assert_eq!(reply.error(), (401, "unauthorized".into()));
}

#[tokio::test]
async fn a_machine_sets_the_threshold_claims_and_takes_its_statement() {
    let world = paid_world().await;
    let agent = enrolled(&world, 1).await;
    let _here = connect(&world, agent, "tta_one");
    let set = ask(&world, "tta_one", "PUT", "earnings/threshold", json!({ "threshold": "5000" })).await;
    assert_eq!(set.status, 204);
    assert_eq!(ask(&world, "tta_one", "GET", "earnings", Value::Null).await.json()["threshold"], "5000");
    assert_eq!(ask(&world, "tta_one", "POST", "earnings/settle", Value::Null).await.status, 202);
    let month = ask(&world, "tta_one", "GET", "earnings/statement.csv?month=2026-11", Value::Null).await;
    assert_eq!(month.status, 200);
    assert!(month.body.starts_with(b"date,agreement,deployment,"));
    let wrong = ask(&world, "tta_one", "GET", "earnings/statement.csv?month=11", Value::Null).await;
    assert_eq!(wrong.error(), (400, "invalid_query".into()));
}

#[tokio::test]
async fn a_payee_is_linked_by_its_own_signature_once_and_for_one_machine() {
    let world = paid_world().await;
    let (agent, other) = (enrolled(&world, 1).await, enrolled(&world, 2).await);
    let _here = (connect(&world, agent, "tta_one"), connect(&world, other, "tta_two"));
    let key = Key::random();
    let text = ask(&world, "tta_one", "POST", "payee/message", json!({ "wallet": key.address() })).await;
    let text = text.json()["message"].as_str().unwrap().to_owned();
    let signed = |signer: &Key| json!({ "message": text, "signature": signer.sign_message(text.as_bytes()) });
    let link = |token: &'static str, body: Value| ask(&world, token, "PUT", "payee", body);
    let stranger = link("tta_one", signed(&Key::random())).await;
    assert_eq!(stranger.error(), (403, "wallet_signature_invalid".into()));
    assert_eq!(link("tta_two", signed(&key)).await.error(), (403, "wallet_nonce_invalid".into()));
    assert_eq!(link("tta_one", signed(&key)).await.status, 204);
    assert_eq!(link("tta_one", signed(&key)).await.error(), (403, "wallet_nonce_invalid".into()), "used");
    let view = world.get(&format!("/v1/providers/{agent}")).await.json();
    assert_eq!(view["payee"], json!(key.address()));
    // What was signed for an account's wallet links no machine.
    let mine = world.request("POST", "/v1/billing/wallet/message").header("host", HOST);
    let mine = mine.header("content-type", "application/json");
    let mine = world.send(mine.body(json!({ "wallet": key.address() }).to_string().into()).unwrap()).await;
    let mine = mine.json()["message"].as_str().unwrap().to_owned();
    let body = json!({ "message": mine, "signature": key.sign_message(mine.as_bytes()) });
    assert_eq!(link("tta_one", body).await.error(), (403, "wallet_nonce_invalid".into()));
}

#[tokio::test]
async fn a_machine_that_asks_without_end_is_told_to_wait() {
    let world = paid_world().await;
    let agent = enrolled(&world, 1).await;
    let _here = connect(&world, agent, "tta_one");
    let mut refused = None;
    for _ in 0..60 {
        let reply = ask(&world, "tta_one", "GET", "earnings", Value::Null).await;
        if reply.status != 200 {
            refused = Some(reply.error());
            break;
        }
    }
    assert_eq!(refused, Some((429, "rate_limited".into())));
}
