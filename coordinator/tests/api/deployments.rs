//! Deployments are made whole or not at all, and bad wishes are told apart.

use crate::harness::{World, wish};
use serde_json::{Value, json};

#[tokio::test]
async fn one_click_makes_project_name_release_and_saga_together() {
    let world = World::new().await;
    let made = world.deploy("shop").await;
    assert_eq!(made["deployment"]["state"], "requested");
    assert_eq!(made["deployment"]["url"], "http://shop.localhost:7780");
    assert_eq!(made["deployment"]["project_name"], "shop");
    assert_eq!(made["deployment"]["rollout"]["release"], 1);
    assert_eq!(made["release"]["state"], "rolling");
    for (table, rows) in [("deployment", 1), ("project", 1), ("release", 1), ("saga", 1), ("name_claim", 1)] {
        assert_eq!(world.count(table).await, rows, "{table}");
    }
    let by_name = world.get("/v1/deployments/shop").await.json();
    let id = made["deployment"]["id"].as_str().unwrap();
    let by_id = world.get(&format!("/v1/deployments/{id}")).await.json();
    assert_eq!(by_name, by_id);
}

#[tokio::test]
async fn names_that_are_bad_reserved_or_taken_leave_no_row() {
    let world = World::new().await;
    for (name, code) in [
        ("", "name_invalid"),
        ("-x", "name_invalid"),
        ("Shop", "name_invalid"),
        ("💥", "name_invalid"),
        ("shop\u{202e}", "name_invalid"),
        ("' or 1=1 --", "name_invalid"),
        (&"a".repeat(64), "name_invalid"),
        ("www", "name_reserved"),
    ] {
        let reply = world.ask("POST", "/v1/deployments", wish(name)).await;
        assert_eq!(reply.error(), (400, code.to_owned()), "{name}");
    }
    assert_eq!(world.count("deployment").await + world.count("project").await, 0);
    world.deploy("shop").await;
    assert_eq!(world.ask("POST", "/v1/deployments", wish("shop")).await.error(), (409, "name_taken".into()));
    let tunnel = world.ask("POST", "/v1/tunnels", json!({ "name": "shop" })).await;
    assert_eq!(tunnel.error(), (409, "name_taken".into()), "tunnels and deployments share their names");
    assert_eq!((world.count("deployment").await, world.count("tunnel").await), (1, 0));
}

#[tokio::test]
async fn ports_limits_and_paths_out_of_bounds_are_refused_by_their_own_code() {
    let world = World::new().await;
    for (key, value, code) in [
        ("port", json!(0), "port_out_of_range"),
        ("port", json!(-1), "port_out_of_range"),
        ("port", json!(65_536), "port_out_of_range"),
        ("port", json!("80 "), "invalid_body"),
        ("port", json!(1e300), "invalid_body"),
        ("memory_bytes", json!(0), "limits_invalid"),
        ("memory_bytes", json!(u64::MAX), "limits_invalid"),
        ("milli_cpu", json!(0), "limits_invalid"),
        ("milli_cpu", json!(-5), "invalid_body"),
        ("milli_cpu", json!(1e18), "invalid_body"),
        ("health_path", json!("healthz"), "invalid_body"),
        ("health_path", json!(format!("/{}", "a".repeat(300))), "invalid_body"),
        ("exposure", json!("udp"), "invalid_body"),
        ("colour", json!("red"), "invalid_body"),
    ] {
        let mut body = wish("shop");
        body[key] = value.clone();
        let (status, found) = world.ask("POST", "/v1/deployments", body).await.error();
        assert_eq!((status, found.as_str()), (400, code), "{key} {value}");
    }
    assert_eq!(world.count("deployment").await, 0);
}

#[tokio::test]
async fn abuses_of_the_environment_are_refused_and_leave_nothing() {
    let world = World::new().await;
    let with = |env: Value| {
        let mut body = wish("shop");
        body["env"] = env;
        body
    };
    let many: Vec<Value> = (0..300).map(|n| json!({ "key": format!("K{n}"), "value": "" })).collect();
    for (env, status, code) in [
        (json!([{ "key": "A=B", "value": "x" }]), 400, "env_key_invalid"),
        (json!([{ "key": "A\0", "value": "x" }]), 400, "env_key_invalid"),
        (json!([{ "key": "", "value": "x" }]), 400, "env_key_invalid"),
        (json!([{ "key": "A", "value": "x\0y" }]), 400, "env_value_invalid"),
        (json!([{ "key": "A", "value": "1" }, { "key": "A", "value": "2" }]), 400, "env_key_invalid"),
        (json!([{ "key": "A", "value": "x".repeat(70_000) }]), 413, "env_too_large"),
        (json!(many), 413, "env_too_large"),
        (json!([{ "key": "A", "value": "x".repeat(10_000_000) }]), 413, "body_too_large"),
    ] {
        let reply = world.ask("POST", "/v1/deployments", with(env)).await;
        assert_eq!(reply.error(), (status, code.to_owned()));
    }
    assert_eq!(world.count("env_var").await + world.count("name_claim").await, 0);
}

#[tokio::test]
async fn repositories_that_could_harm_are_refused_at_the_door() {
    let world = World::new().await;
    for (source, code) in [
        (json!({ "kind": "git", "url": "--upload-pack=id" }), "git_url_refused"),
        (json!({ "kind": "git", "url": "file:///etc" }), "git_url_refused"),
        (json!({ "kind": "git", "url": "https://a:b@example.com/x" }), "git_credentials_in_url"),
        (json!({ "kind": "git", "url": "https://example.com/x", "branch": "--help" }), "git_ref_invalid"),
        (json!({ "kind": "git", "url": "https://example.com/x", "root_dir": "../.." }), "source_invalid"),
        (json!({ "kind": "upload", "upload": "upl_x" }), "invalid_body"),
        (json!({ "kind": "ftp" }), "invalid_body"),
    ] {
        let body = json!({ "name": "shop", "source": source });
        assert_eq!(world.ask("POST", "/v1/deployments", body).await.error().1, code, "{source}");
    }
    let unknown = json!({ "kind": "upload", "upload": format!("upl_{}", "0".repeat(32)) });
    let reply = world.ask("POST", "/v1/deployments", json!({ "name": "shop", "source": unknown })).await;
    assert_eq!(reply.error(), (404, "upload_unknown".into()));
    assert_eq!(world.count("deployment").await, 0);
}

#[tokio::test]
async fn public_ports_are_given_once_run_out_and_come_back() {
    let world = World::new().await;
    let tcp = |name: &str| json!({ "name": name, "exposure": "tcp" });
    let first = world.ask("POST", "/v1/tunnels", tcp("one")).await.json();
    assert_eq!(first["tunnel"]["public_port"], 30_000);
    assert_eq!(first["tunnel"]["url"], "tcp://localhost:30000");
    let mut body = wish("two");
    body["exposure"] = json!("tcp");
    assert_eq!(world.ask("POST", "/v1/deployments", body).await.json()["deployment"]["public_port"], 30_001);
    let reply = world.ask("POST", "/v1/tunnels", tcp("three")).await;
    assert_eq!(reply.error(), (503, "public_ports_exhausted".into()));
    assert_eq!(world.count("name_claim").await, 2, "a name is not kept without its port");
    let gone =
        world.send(world.request("DELETE", "/v1/tunnels/one").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(gone.status, 204);
    assert_eq!(world.ask("POST", "/v1/tunnels", tcp("three")).await.json()["tunnel"]["public_port"], 30_000);
}

#[tokio::test]
async fn a_project_is_deleted_only_when_it_is_empty() {
    let world = World::new().await;
    world.ask("POST", "/v1/projects", json!({ "name": "team" })).await;
    let mut body = wish("shop");
    body["project"] = json!("team");
    assert_eq!(world.ask("POST", "/v1/deployments", body).await.json()["deployment"]["project_name"], "team");
    let delete = || world.request("DELETE", "/v1/projects/team").body(axum::body::Body::empty()).unwrap();
    assert_eq!(world.send(delete()).await.error(), (409, "state_conflict".into()));
    let renamed = world.ask("PATCH", "/v1/projects/team", json!({ "name": "crew" })).await.json();
    assert_eq!((&renamed["name"], &renamed["deployments"]), (&json!("crew"), &json!(1)));
    let mut elsewhere = wish("other");
    elsewhere["project"] = json!("nowhere");
    assert_eq!(world.ask("POST", "/v1/deployments", elsewhere).await.error(), (404, "not_found".into()));
    assert_eq!(world.ask("POST", "/v1/projects", json!({ "name": "crew" })).await.error().1, "name_taken");
}
