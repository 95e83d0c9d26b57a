//! Tests that are made from the description: a new route is in them by being there.

use crate::harness::{World, wish};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use ttalkak_coordinator::api;

struct Route {
    method: String,
    path: String,
    /// `token`, `source_token`, or nothing for a public route.
    scheme: Option<String>,
    takes_body: bool,
}

fn description() -> Value {
    serde_json::from_str(&api::description()).unwrap()
}

fn all_routes() -> Vec<Route> {
    let api = description();
    let default = api["security"].clone();
    let mut routes = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation.get("security").unwrap_or(&default);
            let scheme = security[0].as_object().and_then(|names| names.keys().next().cloned());
            let takes_body = operation.get("requestBody").is_some();
            routes.push(Route { method: method.to_uppercase(), path: path.clone(), scheme, takes_body });
        }
    }
    routes
}

#[test]
fn the_committed_description_is_what_the_code_generates() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let made = api::description();
    #[allow(clippy::disallowed_methods, reason = "a switch of this test alone")]
    if std::env::var("UPDATE_OPENAPI").is_ok() {
        std::fs::write(path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(made == committed, "openapi.json is out of date: run this test with UPDATE_OPENAPI=1");
}

#[test]
fn public_routes_are_these_and_no_others() {
    let routes = all_routes();
    let public: Vec<String> = routes
        .iter()
        .filter(|route| route.scheme.is_none())
        .map(|r| format!("{} {}", r.method, r.path))
        .collect();
    assert_eq!(
        public,
        [
            "POST /v1/agents",
            "POST /v1/agents/pairings",
            "POST /v1/agents/pairings/poll",
            "GET /v1/health",
            "GET /v1/openapi.json"
        ]
    );
    assert!(routes.len() >= 30, "{}", routes.len());
}

#[tokio::test]
async fn every_protected_route_refuses_who_has_no_token() {
    let world = World::new().await;
    for route in all_routes().iter().filter(|route| route.scheme.is_some()) {
        let path = concrete(&route.path, &std::collections::BTreeMap::new());
        for token in [None, Some("Bearer ttk_wrong"), Some("Bearer tts_wrong")] {
            let mut request = Request::builder().method(route.method.as_str()).uri(&path);
            request = request.header("content-type", "application/json").header("idempotency-key", "k");
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let reply = world.send(request.body(Body::from("{}")).unwrap()).await;
            assert_eq!(reply.error(), (401, "unauthorized".into()), "{} {}", route.method, route.path);
        }
    }
}

fn concrete(path: &str, names: &std::collections::BTreeMap<&str, String>) -> String {
    path.split('/')
        .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some("number") => "1".to_owned(),
            Some("digest") => "a".repeat(64),
            Some(name) => names.get(name).cloned().unwrap_or_else(|| "nothing".to_owned()),
            None => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn what_belongs_to_another_account_is_not_found_on_every_route() {
    let world = World::new().await;
    let made = world.deploy("shop").await;
    world.go_live("shop").await;
    let (agent, _) = world.lease("shop").await;
    let tunnel = world.ask("POST", "/v1/tunnels", json!({ "name": "door" })).await.json();
    let token = world.get("/v1/tokens").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names = std::collections::BTreeMap::from([
        ("deployment", text(&made["deployment"]["id"])),
        ("project", text(&made["deployment"]["project"])),
        ("provider", agent.to_string()),
        ("tunnel", text(&tunnel["tunnel"]["id"])),
        ("token", token),
    ]);
    let before = snapshot(&world).await;
    let foreign = all_routes()
        .into_iter()
        .filter(|route| route.path.contains('{') && route.scheme.as_deref() == Some("token"));
    let mut count = 0;
    for route in foreign {
        let body = match route.path.rsplit('/').next() {
            Some("env") => json!({ "set": [] }),
            Some("{project}" | "{provider}") => json!({ "name": "mine-now" }),
            Some(_) | None => json!({}),
        };
        let path = concrete(&route.path, &names);
        let request = Request::builder()
            .method(route.method.as_str())
            .uri(&path)
            .header("authorization", format!("Bearer {}", world.stranger))
            .header("content-type", "application/json");
        let body = if route.takes_body { Body::from(body.to_string()) } else { Body::empty() };
        let reply = world.send(request.body(body).unwrap()).await;
        assert_eq!(reply.error(), (404, "not_found".into()), "{} {path}", route.method);
        count += 1;
    }
    assert!(count >= 20, "{count}");
    assert_eq!(snapshot(&world).await, before, "and nothing changed");
    let upload_of_another =
        json!({ "name": "thief", "project": names["project"], "source": wish("x")["source"] });
    let stranger = World { token: world.stranger.clone(), ..world };
    let reply = stranger.ask("POST", "/v1/deployments", upload_of_another).await;
    assert_eq!(reply.error(), (404, "not_found".into()), "a foreign project cannot be put into");
    for list in ["/v1/projects", "/v1/deployments", "/v1/providers", "/v1/tunnels"] {
        assert_eq!(stranger.get(list).await.json()["items"], json!([]), "{list}");
    }
}

async fn snapshot(world: &World) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["deployment", "project", "release", "saga", "token", "tunnel", "env_var", "name_claim"] {
        counts.push(world.count(table).await);
    }
    let sql = "SELECT count(*) FROM agent WHERE revoked_at IS NULL";
    counts.push(sqlx::query_scalar(sql).fetch_one(world.state.store.read()).await.unwrap());
    counts
}
