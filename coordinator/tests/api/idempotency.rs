//! The same key and request gets the same answer, whatever happens in between.

use crate::harness::{Reply, World, wish};
use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};

async fn keyed(world: &World, path: &str, key: &str, body: Value) -> Reply {
    let request = world.request("POST", path).header("content-type", "application/json");
    world.send(request.header("idempotency-key", key).body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn the_same_key_and_request_get_the_first_answer_again() {
    let world = World::new().await;
    let first = keyed(&world, "/v1/deployments", "k", wish("shop")).await;
    let again = keyed(&world, "/v1/deployments", "k", wish("shop")).await;
    assert_eq!(first.status, StatusCode::ACCEPTED);
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.headers["content-type"], "application/json");
    assert_eq!(world.count("deployment").await, 1);
}

#[tokio::test]
async fn a_refusal_is_replayed_too_and_another_request_conflicts() {
    let world = World::new().await;
    let refused = keyed(&world, "/v1/deployments", "k", wish("www")).await;
    let again = keyed(&world, "/v1/deployments", "k", wish("www")).await;
    assert_eq!((refused.status.as_u16(), &refused.body), (400, &again.body));
    let conflict = keyed(&world, "/v1/deployments", "k", wish("shop")).await;
    assert_eq!(conflict.error(), (422, "idempotency_conflict".into()));
    let elsewhere = keyed(&world, "/v1/tunnels", "k", wish("www")).await;
    assert_eq!(elsewhere.error(), (422, "idempotency_conflict".into()), "the path belongs to the request");
}

#[tokio::test]
async fn twenty_at_once_make_one_deployment() {
    let world = World::new().await;
    let all = (0..20).map(|_| keyed(&world, "/v1/deployments", "k", wish("shop")));
    let replies = futures_util::future::join_all(all).await;
    for reply in &replies {
        match reply.status.as_u16() {
            202 => {}
            409 => assert_eq!(reply.error().1, "idempotency_in_progress"),
            other => panic!("{other}: {}", String::from_utf8_lossy(&reply.body)),
        }
    }
    assert!(replies.iter().any(|reply| reply.status == 202));
    assert_eq!((world.count("deployment").await, world.count("saga").await), (1, 1));
}

#[tokio::test]
async fn keys_are_checked_and_belong_to_their_account() {
    let world = World::new().await;
    for bad in ["", " ", "a b", &"k".repeat(256)] {
        let reply = keyed(&world, "/v1/projects", bad, json!({ "name": "a" })).await;
        assert_eq!(reply.error(), (400, "idempotency_key_invalid".into()), "{bad:?}");
    }
    keyed(&world, "/v1/projects", "k", json!({ "name": "a" })).await;
    let stranger = World { token: world.stranger.clone(), ..world };
    let reply = keyed(&stranger, "/v1/projects", "k", json!({ "name": "b" })).await;
    assert_eq!(reply.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_key_left_open_by_a_process_that_is_gone_is_taken_over() {
    let world = World::new().await;
    keyed(&world, "/v1/projects", "k", json!({ "name": "a" })).await;
    let reopen = |at: i64| {
        let store = world.state.store.clone();
        async move {
            let mut tx = store.begin().await.unwrap();
            sqlx::query("UPDATE idempotency SET status = NULL, answer = NULL, created_at = ?")
                .bind(at)
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    };
    let now = ttalkak_coordinator::clock::now().0;
    reopen(now).await;
    let reply = keyed(&world, "/v1/projects", "k", json!({ "name": "a" })).await;
    assert_eq!(reply.error(), (409, "idempotency_in_progress".into()));
    reopen(now - 3_600_000).await;
    let reply = keyed(&world, "/v1/projects", "k", json!({ "name": "a" })).await;
    assert_eq!(reply.error().1, "name_taken", "it is worked on again");
}

#[tokio::test]
async fn our_own_fault_is_not_kept() {
    let world = World::new().await;
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("ALTER TABLE project RENAME TO hidden").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let reply = keyed(&world, "/v1/projects", "k", json!({ "name": "a" })).await;
    assert_eq!(reply.error(), (500, "internal".into()));
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("ALTER TABLE hidden RENAME TO project").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let reply = keyed(&world, "/v1/projects", "k", json!({ "name": "a" })).await;
    assert_eq!(reply.status, StatusCode::CREATED);
}
