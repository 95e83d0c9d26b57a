//! Tests that are made from the description: a new route is in them by being there.

use crate::harness::{World, wish};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use ttalkak_coordinator::{
    api,
    logic::{
        audit,
        authorize::{Action, Actor, authorize},
    },
};
use ttalkak_protocol::api::team::{Role, TokenScope};

struct Route {
    method: String,
    path: String,
    /// `token`, `source_token`, or nothing for a public route.
    scheme: Option<String>,
    /// What it takes to be let in, for `token`.
    action: Option<String>,
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
            let action = security[0]["token"][0].as_str().map(str::to_owned);
            let takes_body = operation.get("requestBody").is_some();
            let (method, path) = (method.to_uppercase(), path.clone());
            routes.push(Route { method, path, scheme, action, takes_body });
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
fn every_operation_has_a_name_of_its_own() {
    let api = description();
    let operations =
        api["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let names: Vec<_> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
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
            "POST /v1/devices",
            "POST /v1/devices/poll",
            "GET /v1/health",
            "POST /v1/hooks/github",
            "POST /v1/hooks/{deployment}",
            "GET /v1/invitations/{code}",
            "GET /v1/openapi.json",
            "GET /v1/sign-in",
            "POST /v1/sign-in/development",
            "GET /v1/sign-in/github",
            "GET /v1/sign-in/github/callback",
            "POST /v1/sign-in/token"
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

/// The description and the types of the handlers must say the same: this asks every route as everybody.
#[tokio::test]
async fn every_route_lets_in_exactly_the_roles_and_scopes_that_it_names() {
    let world = World::new().await;
    let mut asked = 0;
    for (role, scope) in Role::ALL.into_iter().flat_map(|role| TokenScope::ALL.map(|scope| (role, scope))) {
        let token = world.member(role, scope).await;
        for route in all_routes().iter().filter(|route| route.scheme.as_deref() == Some("token")) {
            let name = route.action.as_deref().unwrap_or_else(|| panic!("{} names no action", route.path));
            let action = Action::ALL.into_iter().find(|action| action.as_str() == name).unwrap();
            let actor = Actor { account: world.account, user: None, role, scope };
            let allowed = authorize(&actor, action, world.account).is_ok();
            let path = concrete(&route.path, &std::collections::BTreeMap::new());
            let request = Request::builder()
                .method(route.method.as_str())
                .uri(&path)
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json");
            let body = if route.takes_body { Body::from("{}") } else { Body::empty() };
            let status = world.status(request.body(body).unwrap()).await;
            let told = format!("{role:?} {scope:?}: {} {path} is {status}", route.method);
            assert_ne!(status, 401, "{told}");
            assert_eq!(status != 403, allowed, "{told}");
            asked += 1;
        }
    }
    assert!(asked >= 9 * 50, "{asked}");
}

#[test]
fn every_route_that_changes_something_is_in_the_audit_log() {
    for route in all_routes() {
        let method: http::Method = route.method.parse().unwrap();
        let question = audit::QUESTIONS.contains(&(route.method.as_str(), route.path.as_str()));
        let changes = method != http::Method::GET && route.scheme.as_deref() == Some("token") && !question;
        let action = audit::action(&method, &route.path);
        assert_eq!(action.is_some(), changes, "{method} {}", route.path);
    }
}

#[tokio::test]
async fn what_belongs_to_another_account_is_not_found_on_every_route() {
    let world = World::new().await;
    let made = world.deploy("shop").await;
    world.go_live("shop").await;
    let (agent, _) = world.lease("shop").await;
    let tunnel = world.ask("POST", "/v1/tunnels", json!({ "name": "door" })).await.json();
    let token = world.get("/v1/tokens").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let invited = world.ask("POST", "/v1/team/invitations", json!({ "role": "viewer" })).await.json();
    let invitation = invited["invitation"]["id"].as_str().unwrap().to_owned();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names = std::collections::BTreeMap::from([
        ("deployment", text(&made["deployment"]["id"])),
        ("project", text(&made["deployment"]["project"])),
        ("provider", agent.to_string()),
        ("tunnel", text(&tunnel["tunnel"]["id"])),
        ("token", token),
        ("user", world.person("guest", Role::Developer).await.to_string()),
        ("session", world.browser("guest2").await.id),
        ("invitation", invitation),
    ]);
    let before = snapshot(&world).await;
    let foreign = all_routes()
        .into_iter()
        .filter(|route| route.path.contains('{') && route.scheme.as_deref() == Some("token"))
        // Codes that are nobody's: whoever has one may use it. What is at GitHub is GitHub's to show.
        .filter(|route| !route.path.contains("code}") && !route.path.contains("{owner}"))
        // A question about a name that anybody may ask.
        .filter(|route| !route.path.starts_with("/v1/names/"));
    let mut count = 0;
    for route in foreign {
        let body = match route.path.rsplit('/').next() {
            Some("env") => json!({ "set": [] }),
            Some("push") => json!({ "on": true }),
            Some("size") => json!({ "milli_cpu": 500 }),
            Some("{project}" | "{provider}") => json!({ "name": "mine-now" }),
            Some("{user}") => json!({ "role": "viewer" }),
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
    for table in [
        "deployment",
        "project",
        "release",
        "saga",
        "token",
        "tunnel",
        "env_var",
        "name_claim",
        "membership",
        "session",
        "push",
        "delivery",
    ] {
        counts.push(world.count(table).await);
    }
    let sql = "SELECT count(*) FROM agent WHERE revoked_at IS NULL";
    counts.push(sqlx::query_scalar(sql).fetch_one(world.state.store.read()).await.unwrap());
    counts
}
