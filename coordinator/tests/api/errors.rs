//! Every mistake in a request gets one shape, a stable code and a request id.

use crate::harness::{World, wish};
use axum::body::Body;
use http::Request;
use serde_json::json;

#[tokio::test]
async fn malformed_bodies_are_told_in_one_shape_and_change_nothing() {
    let world = World::new().await;
    let nested = format!("{{\"name\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let huge = "{\"name\": 1e400, \"source\": {\"kind\": \"git\", \"url\": \"https://example.com/x\"}}";
    let doubled =
        "{\"name\":\"a\",\"name\":\"b\",\"source\":{\"kind\":\"git\",\"url\":\"https://example.com/x\"}}";
    let inner = "{\"name\":\"a\",\"source\":{\"kind\":\"git\",\"url\":\"https://example.com/x\",\"url\":\"https://example.com/y\"}}";
    for body in ["", "{", "null", "[]", "{\"name\": NaN}", &nested, huge, doubled, inner, "\u{feff}{}"] {
        let reply = world.raw("POST", "/v1/deployments", body.to_owned()).await;
        assert_eq!(reply.error(), (400, "invalid_body".into()), "{}", &body[..body.len().min(80)]);
    }
    let reply = world.raw("POST", "/v1/deployments", vec![b' '; 2 * 1024 * 1024]).await;
    assert_eq!(reply.error(), (413, "body_too_large".into()));
    let plain = world.request("POST", "/v1/deployments").header("content-type", "text/plain");
    let reply = world.send(plain.body(Body::from(wish("shop").to_string())).unwrap()).await;
    assert_eq!(reply.error(), (415, "unsupported_media_type".into()));
    assert_eq!(world.count("deployment").await, 0);
}

#[tokio::test]
async fn unknown_routes_methods_queries_and_odd_paths_have_the_same_shape() {
    let world = World::new().await;
    for (method, path, status, code) in [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("PUT", "/v1/projects", 405, "method_not_allowed"),
        ("GET", "/v1/projects?colour=red", 400, "invalid_query"),
        ("GET", "/v1/projects?limit=many", 400, "invalid_query"),
        ("GET", "/v1/projects?sort=state", 400, "invalid_query"),
        ("GET", "/v1/deployments?sort=secret", 400, "invalid_query"),
        ("GET", "/v1/deployments?limit=1&limit=2", 400, "invalid_query"),
        ("GET", "/v1/deployments/%00", 404, "not_found"),
        ("GET", "/v1/deployments/..%2f..%2fetc", 404, "not_found"),
        ("GET", "/v1/deployments/%ff", 404, "not_found"),
        ("GET", "/v1/deployments/a/releases/4294967296", 404, "not_found"),
        ("GET", "/v1/deployments/a/releases/x", 404, "not_found"),
        ("DELETE", "/v1/tokens/tok_1", 404, "not_found"),
        ("GET", "/v1/deployments?project=nowhere", 404, "not_found"),
    ] {
        let reply = world.send(world.request(method, path).body(Body::empty()).unwrap()).await;
        assert_eq!(reply.error(), (status, code.to_owned()), "{method} {path}");
    }
}

#[tokio::test]
async fn an_internal_cause_is_logged_and_never_told() {
    let world = World::new().await;
    world.state.store.close().await;
    let reply = world.get("/v1/projects").await;
    assert_eq!(reply.error(), (500, "internal".into()));
    let text = String::from_utf8_lossy(&reply.body).to_lowercase();
    for word in ["sql", "pool", "database", world.dir.path().to_str().unwrap()] {
        assert!(!text.contains(word), "{text}");
    }
    assert_eq!(world.get("/v1/health").await.status, 503);
}

#[tokio::test]
async fn a_token_must_come_once_whole_and_known() {
    let world = World::new().await;
    let bearer = format!("Bearer {}", world.token);
    let send = |values: Vec<String>| {
        let mut request = Request::builder().uri("/v1/projects");
        for value in values {
            request = request.header("authorization", value);
        }
        world.send(request.body(Body::empty()).unwrap())
    };
    for values in [
        vec![],
        vec![bearer.clone(), bearer.clone()],
        vec![format!("{bearer}0")],
        vec![format!("Bearer ttk_{}", "0".repeat(64))],
        vec!["Basic dXNlcjpwdw==".to_owned()],
        vec![format!("Bearer ttk_{}", "a".repeat(100_000))],
    ] {
        let reply = send(values).await;
        assert_eq!(reply.error(), (401, "unauthorized".into()));
        assert!(reply.headers.contains_key("www-authenticate"));
    }
    assert_eq!(send(vec![bearer]).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_ends_at_once_although_it_was_kept_in_memory() {
    let world = World::new().await;
    let made = world.ask("POST", "/v1/tokens", json!({ "name": "ci" })).await.json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    let with = |secret: &str| {
        let request =
            Request::builder().uri("/v1/projects").header("authorization", format!("Bearer {secret}"));
        world.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(with(&secret).await.status, 200);
    let path = format!("/v1/tokens/{}", made["token"]["id"].as_str().unwrap());
    let revoked = world.send(world.request("DELETE", &path).body(Body::empty()).unwrap()).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(with(&secret).await.error(), (401, "unauthorized".into()));
    assert_eq!(world.get("/v1/tokens").await.json()["items"].as_array().unwrap().len(), 1);
}
