//! Webhooks from everywhere: what is signed deploys once, and what is not leaves no trace.

use crate::{
    github_stand_in::{GitHubStandIn, WEBHOOK_SECRET, webhook},
    harness::{Reply, World, wish},
};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use ttalkak_coordinator::config::Config;

const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

async fn hook(world: &World, path: &str, headers: &[(String, String)], body: &[u8]) -> Reply {
    let mut request = Request::builder().method("POST").uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    world.send(request.body(Body::from(body.to_vec())).unwrap()).await
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A deployment that follows its repository: the path of its webhook and the secret.
async fn followed(world: &World, name: &str, set: Value) -> (String, String) {
    world.deploy(name).await;
    let reply = world.ask("PUT", &format!("/v1/deployments/{name}/push"), set).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    let made = world.post(&format!("/v1/deployments/{name}/push/secret")).await.json();
    let url = made["hook_url"].as_str().unwrap();
    let path = url[url.find("/v1/").unwrap()..].to_owned();
    (path, made["secret"].as_str().unwrap().to_owned())
}

async fn deliveries(world: &World, name: &str) -> Vec<(String, String)> {
    let list = world.get(&format!("/v1/deployments/{name}/deliveries")).await.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list["items"].as_array().unwrap().iter().map(|it| (text(&it["outcome"]), text(&it["reason"]))).collect()
}

fn push(branch: &str, commit: &str, message: &str, paths: &[&str]) -> Vec<u8> {
    webhook::push("me/app", 11, branch, commit, message, paths).to_string().into_bytes()
}

#[tokio::test]
async fn a_signed_push_deploys_its_commit_once_and_the_list_says_so() {
    let world = World::new().await;
    let (path, secret) = followed(&world, "shop", json!({ "on": true })).await;
    let body = push("main", COMMIT, "say hello\n\nat length", &["a"]);
    let signed =
        pairs(&[("x-hub-signature-256", &webhook::signature(&secret, &body)), ("x-github-event", "push")]);
    let reply = hook(&world, &path, &signed, &body).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (202, json!({ "taken": 1, "replayed": false })));
    let again = hook(&world, &path, &signed, &body).await;
    assert_eq!(again.json(), json!({ "taken": 0, "replayed": true }), "a replay does nothing");
    let list = world.get("/v1/deployments/shop/deliveries").await.json();
    let item = &list["items"][0];
    assert_eq!(
        (&list["total"], &item["outcome"], &item["release"]),
        (&json!(1), &json!("deployed"), &json!(2))
    );
    assert_eq!((&item["message"], &item["via"]), (&json!("say hello"), &json!("github")));
    let release = world.get("/v1/deployments/shop/releases/2").await.json();
    assert_eq!((&release["commit"], &release["branch"]), (&json!(COMMIT), &json!("main")));
    assert!(!world.is_on_disk(secret.as_bytes()), "the secret is sealed");
}

#[tokio::test]
async fn what_is_forged_unsigned_or_huge_is_refused_and_leaves_no_trace() {
    let world = World::new().await;
    let (path, secret) = followed(&world, "shop", json!({ "on": true })).await;
    let (other, _) = followed(&world, "other", json!({ "on": true })).await;
    world.deploy("quiet").await;
    let quiet = world.get("/v1/deployments/quiet/push").await.json();
    assert_eq!((&quiet["on"], &quiet["secret_set"]), (&json!(false), &json!(false)));
    let quiet = quiet["hook_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let releases = world.count("release").await;
    let body = push("main", COMMIT, "x", &["a"]);
    let good = webhook::signature(&secret, &body);
    let bearer = format!("Bearer {secret}");
    let ours = format!("Bearer {}", world.token);
    for (path, headers) in [
        (path.as_str(), pairs(&[])),
        (&path, pairs(&[("x-hub-signature-256", &webhook::signature("guess", &body))])),
        (&path, pairs(&[("x-hub-signature-256", &good.replace("sha256=", "sha1="))])),
        (&path, pairs(&[("x-hub-signature-256", &good), ("x-hub-signature-256", &good)])),
        (&path, pairs(&[("x-gitlab-token", "guess")])),
        (&path, pairs(&[("authorization", "Bearer tth_guess")])),
        (&path, pairs(&[("authorization", &ours)])),
        (&other, pairs(&[("x-hub-signature-256", &good)])),
        (&other, pairs(&[("authorization", &bearer)])),
        (&format!("/v1/hooks/{quiet}"), pairs(&[("authorization", &bearer)])),
        ("/v1/hooks/dep_00000000000000000000000000000000", pairs(&[("authorization", &bearer)])),
        ("/v1/hooks/shop", pairs(&[("authorization", &bearer)])),
    ] {
        let reply = hook(&world, path, &headers, &body).await;
        assert_eq!(reply.error(), (401, "hook_unsigned".into()), "{path} {headers:?}");
    }
    let huge = vec![b' '; 1024 * 1024 + 1];
    let signed = pairs(&[("x-hub-signature-256", &webhook::signature(&secret, &huge))]);
    assert_eq!(hook(&world, &path, &signed, &huge).await.error(), (413, "body_too_large".into()));
    for nonsense in [&b"[]"[..], b"\xff", b"{\"ref\":\"refs/heads/..\"}", b"{\"commit\":\"HEAD\"}"] {
        let signed = pairs(&[("x-hub-signature-256", &webhook::signature(&secret, nonsense))]);
        assert_eq!(hook(&world, &path, &signed, nonsense).await.error(), (400, "hook_invalid".into()));
    }
    assert_eq!(hook(&world, "/v1/hooks/github", &[], &body).await.error(), (404, "not_found".into()));
    assert_eq!((world.count("delivery").await, world.count("release").await), (0, releases));
}

#[tokio::test]
async fn a_push_that_is_not_meant_is_listed_with_its_reason() {
    let world = World::new().await;
    let set = json!({ "on": true, "branch": "release/*", "paths": ["apps/web/**"] });
    let (path, secret) = followed(&world, "shop", set).await;
    let bearer = pairs(&[("authorization", &format!("Bearer {secret}"))]);
    for (branch, message, file) in [
        ("main", "x", "apps/web/a"),
        ("release/1", "x", "apps/api/a"),
        ("release/1", "x [skip deploy]", "apps/web/a"),
        ("release/1", "x", "apps/web/a"),
    ] {
        hook(&world, &path, &bearer, &push(branch, COMMIT, message, &[file])).await;
    }
    let gone = json!({ "ref": "refs/heads/release/1", "after": "0".repeat(40), "deleted": true });
    hook(&world, &path, &bearer, gone.to_string().as_bytes()).await;
    world.ask("PUT", "/v1/deployments/shop/push", json!({ "on": false })).await;
    hook(&world, &path, &bearer, b"").await;
    let reasons: Vec<(String, String)> = deliveries(&world, "shop").await;
    let reasons: Vec<(&str, &str)> = reasons.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        reasons,
        [
            ("skipped", "push_off"),
            ("skipped", "branch_deleted"),
            ("deployed", ""),
            ("skipped", "asked_to_skip"),
            ("skipped", "paths_untouched"),
            ("skipped", "other_branch"),
        ]
    );
    let page = world.get("/v1/deployments/shop/deliveries?limit=4").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.get(&format!("/v1/deployments/shop/deliveries?limit=4&cursor={cursor}")).await.json();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (2, &Value::Null));
}

#[tokio::test]
async fn a_newer_push_takes_over_and_a_stopped_deployment_is_not_woken() {
    let world = World::new().await;
    let (path, secret) = followed(&world, "shop", json!({ "on": true })).await;
    let token = pairs(&[("x-gitlab-token", &secret), ("x-gitlab-event-uuid", "one")]);
    hook(&world, &path, &token, b"{}").await;
    let replay = hook(&world, &path, &token, b"{}").await;
    assert_eq!(replay.json()["replayed"], json!(true), "the sender's id is the same");
    let token = pairs(&[("x-gitlab-token", &secret), ("x-gitlab-event-uuid", "two")]);
    hook(&world, &path, &token, b"{}").await;
    let view = world.get("/v1/deployments/shop").await.json();
    assert_eq!(view["rollout"]["release"], json!(3), "the newest is on its way");
    let open = "SELECT count(*) FROM saga WHERE state = 'running' AND cancel IS NULL";
    let open: i64 = sqlx::query_scalar(open).fetch_one(world.state.store.read()).await.unwrap();
    assert_eq!(open, 1, "and no other is");
    world.go_live("shop").await;
    world.post("/v1/deployments/shop/stop").await;
    let token = pairs(&[("x-gitlab-token", &secret), ("x-gitlab-event-uuid", "three")]);
    hook(&world, &path, &token, b"{}").await;
    assert_eq!(deliveries(&world, "shop").await[0], ("failed".to_owned(), "state_conflict".to_owned()));
}

#[tokio::test]
async fn the_app_at_github_acts_only_where_somebody_who_may_push_let_it() {
    let (stand_in, folder) = (GitHubStandIn::start().await, tempfile::tempdir().unwrap());
    stand_in.add_repo("me/app", Some(11), &["ada"], COMMIT);
    let settings = stand_in.settings(folder.path()).into_iter().collect::<BTreeMap<_, _>>();
    let github = Config::read("", &settings).unwrap().github;
    let world = World::with(|config| config.github = github).await;
    let source = json!({ "kind": "git", "url": format!("{}/me/app", stand_in.url()) });
    let _ = source;
    world.deploy("shop").await;
    world.ask("PUT", "/v1/deployments/shop/push", json!({ "on": true })).await;
    let body = push("main", COMMIT, "x", &["a"]);
    let headers = webhook::headers("push", "d-1", &body);
    let reply = hook(&world, "/v1/hooks/github", &headers, &body).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["taken"]), (200, &json!(0)), "nobody let it");

    // As `PUT …/push` does it for somebody who may push there.
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE push SET repo = 'me/app', installation = 11").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    let mut forged = headers.clone();
    forged.retain(|(name, _)| name != "x-hub-signature-256");
    let wrong = webhook::signature(&format!("{WEBHOOK_SECRET}!"), &body);
    forged.push(("x-hub-signature-256".to_owned(), wrong));
    assert_eq!(hook(&world, "/v1/hooks/github", &forged, &body).await.error(), (401, "hook_unsigned".into()));
    let stranger = webhook::push("me/app", 12, "main", COMMIT, "x", &["a"]).to_string().into_bytes();
    let headers_of = |body: &[u8]| webhook::headers("push", "d-2", body);
    let reply = hook(&world, "/v1/hooks/github", &headers_of(&stranger), &stranger).await;
    assert_eq!(reply.json()["taken"], json!(0), "another installation's word is not taken");
    let ping = br#"{"zen":"Design for failure."}"#;
    assert_eq!(
        hook(&world, "/v1/hooks/github", &webhook::headers("ping", "d-3", ping), ping).await.status,
        200
    );
    let reply = hook(&world, "/v1/hooks/github", &headers, &body).await;
    assert_eq!(reply.json(), json!({ "taken": 1, "replayed": false }));
    let again = webhook::headers("push", "another-id", &body);
    let reply = hook(&world, "/v1/hooks/github", &again, &body).await;
    assert_eq!(reply.json(), json!({ "taken": 0, "replayed": true }), "the id is not signed, the body is");
    assert_eq!(world.get("/v1/deployments/shop/push").await.json()["github"], json!(true));
}

#[tokio::test]
async fn patterns_that_cannot_be_meant_and_look_alike_names_are_refused() {
    let world = World::new().await;
    world.deploy("shop").await;
    for bad in [json!({ "on": true, "branch": "a b" }), json!({ "on": true, "paths": vec!["a"; 21] })] {
        let reply = world.ask("PUT", "/v1/deployments/shop/push", bad).await;
        assert_eq!(reply.error(), (422, "push_invalid".into()));
    }
    let asked = async |name: &str| {
        let view = world.get(&format!("/v1/names/{name}")).await.json();
        (view["free"].as_bool().unwrap(), view["reason"].clone(), view["suggestion"].clone())
    };
    assert_eq!(asked("mine").await, (true, Value::Null, Value::Null));
    assert_eq!(asked("shop").await, (false, json!("taken"), json!("shop-2")));
    assert_eq!(asked("admin").await, (false, json!("reserved"), json!("my-admin")));
    assert_eq!(asked("adrnin").await, (false, json!("look_alike"), json!("my-adrnin")));
    assert_eq!(asked("My%20Shop!").await, (false, json!("malformed"), json!("my-shop")));
    assert_eq!(asked("%E2%80%AEshop").await, (false, json!("malformed"), json!("shop-2")));
    let reply = world.ask("POST", "/v1/deployments", wish("b1lling")).await;
    assert_eq!(reply.error(), (400, "name_reserved".into()), "the same when it is made");
}
