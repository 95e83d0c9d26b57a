//! The commands that look at deployments and change them.

use crate::{
    Machine,
    fake::{Fake, Reply, deployment, release, rolling},
};
use serde_json::json;

const SHOP: &str = "/v1/deployments/shop";

fn live() -> Fake {
    let fake = Fake::new();
    fake.on(&format!("GET {SHOP}"), [Reply::json(deployment("live", json!({ "release": 1 })))]);
    fake
}

#[test]
fn the_status_is_one_line_of_the_grammar_and_the_address() {
    let fake = live();
    let ran = Machine::new().at(&fake, &["status", "shop"]).expect(0);
    assert!(ran.out.starts_with("shop  ● Live · "), "{}", ran.out);
    assert!(ran.out.contains("\n  http://shop.localhost:7780\n"), "{}", ran.out);
    let ran = Machine::new().at(&fake, &["status", "shop", "--json"]).expect(0);
    assert_eq!(ran.json()["name"], "shop");
    Machine::new().at(&fake, &["status", "nothing"]).expect(4);
}

#[test]
fn a_list_is_a_table_and_all_goes_through_every_page() {
    let fake = Fake::new();
    let page = |name: &str, cursor: serde_json::Value| {
        let mut page =
            json!({ "items": [deployment("live", json!({ "name": name, "release": 1 }))], "total": 2 });
        if cursor.is_string() {
            page["next_cursor"] = cursor;
        }
        Reply::json(page)
    };
    fake.on("GET /v1/deployments", [page("shop", json!("c/1"))]);
    let ran =
        Machine::new().at(&fake, &["list", "--search", "sh", "--sort", "-name", "--limit", "1"]).expect(0);
    assert!(ran.out.starts_with("NAME  STATUS"), "{}", ran.out);
    assert_eq!(ran.err, "1 more; show them with --all\n");
    assert_eq!(fake.seen("GET /v1/deployments")[0].query, "limit=1&q=sh&sort=-name");

    fake.on("GET /v1/deployments", [page("shop", json!("c/1")), page("blog2", json!(null))]);
    let ran = Machine::new().at(&fake, &["list", "--all", "--json"]).expect(0);
    assert_eq!(ran.json()["items"].as_array().unwrap().len(), 2);
    assert_eq!(fake.seen("GET /v1/deployments")[2].query, "cursor=c%2F1&limit=200");
}

#[test]
fn a_rollback_is_followed_until_it_serves() {
    let fake = live();
    let accepted = json!({
        "deployment": rolling(1, "live", "choose_offer", None), "release": release(1, "retired", json!({})),
    });
    fake.on(&format!("POST {SHOP}/rollback"), [Reply::json(accepted)]);
    fake.on(
        &format!("GET {SHOP}"),
        [
            Reply::json(rolling(1, "live", "await_running", None)),
            // The old release is being cleared away: the one asked for serves already.
            Reply::json({
                let mut view = rolling(1, "live", "drain_previous", None);
                view["release"] = json!(1);
                view
            }),
        ],
    );
    fake.on(&format!("GET {SHOP}/releases/1"), [Reply::json(release(1, "live", json!({})))]);
    let ran = Machine::new().at(&fake, &["rollback", "shop", "1"]).expect(0);
    assert_eq!(ran.out, "http://shop.localhost:7780\n");
    assert_eq!(fake.seen(&format!("POST {SHOP}/rollback"))[0].json(), json!({ "release": 1 }));
}

#[test]
fn stopping_waits_for_the_end() {
    let fake = live();
    fake.on(&format!("POST {SHOP}/stop"), [Reply::json(deployment("draining", json!({})))]);
    fake.on(
        &format!("GET {SHOP}"),
        [
            Reply::json(deployment("draining", json!({ "release": 1 }))),
            Reply::json(deployment("ended", json!({ "reason": "stopped" }))),
        ],
    );
    let ran = Machine::new().at(&fake, &["stop", "shop"]).expect(0);
    assert!(ran.out.starts_with("shop  ○ Stopped · "), "{}", ran.out);
}

#[test]
fn nothing_is_deleted_without_a_word() {
    let fake = live();
    let ran = Machine::new().at(&fake, &["delete", "shop"]).expect(2);
    assert!(ran.err.contains("--yes"), "{}", ran.err);
    let id = "/v1/deployments/dep_00000000000000000000000000000001";
    assert!(fake.seen(&format!("DELETE {id}")).is_empty());
    fake.on(&format!("DELETE {id}"), [Reply::json(json!({}))]);
    let ran = Machine::new().at(&fake, &["delete", "shop", "--yes"]).expect(0);
    assert_eq!(ran.out, "Deleted shop\n");
    assert_eq!(fake.seen(&format!("DELETE {id}")).len(), 1);
}

#[test]
fn variables_are_set_imported_and_removed() {
    let fake = live();
    let list = json!({
        "items": [{ "key": "A", "value": "1", "scope": "run", "secret": false, "public": false }], "pending": true,
    });
    fake.on(&format!("PATCH {SHOP}/env"), [Reply::json(list.clone())]);
    fake.on(&format!("PUT {SHOP}/env"), [Reply::json(list)]);
    let machine = Machine::new();
    let ran = machine.at(&fake, &["env", "shop", "set", "A=1", "--scope", "run"]).expect(0);
    assert_eq!(ran.out, "KEY  VALUE  WHEN  NOTE\nA    1      run\n");
    assert!(ran.err.contains("ttalkak restart shop"), "{}", ran.err);
    machine.at(&fake, &["env", "shop", "unset", "A"]).expect(0);
    machine.app(&[(".env", "export A='x y' # note\n")]);
    machine.at(&fake, &["env", "shop", "import", "app/.env", "--secret", "--replace"]).expect(0);
    let patches = fake.seen(&format!("PATCH {SHOP}/env"));
    assert_eq!(patches[1].json(), json!({ "set": [], "unset": ["A"] }));
    assert_eq!(
        fake.seen(&format!("PUT {SHOP}/env"))[0].json(),
        json!({ "set": [{ "key": "A", "value": "x y", "scope": "both", "secret": true }] })
    );
    machine.at(&fake, &["env", "shop", "set", "A B=1"]).expect(2);
}

#[test]
fn tokens_and_enrolment_codes_stand_alone_on_standard_output() {
    let fake = Fake::new();
    let time = "2126-11-18T11:06:40.123Z";
    let token = json!({ "id": "tok_00000000000000000000000000000004", "name": "ci", "created_at": time });
    fake.on("POST /v1/tokens", [Reply::json(json!({ "token": token, "secret": "ttk_new" }))]);
    fake.on("POST /v1/enrolments", [Reply::json(json!({ "code": "abcd-efgh", "expires_at": time }))]);
    assert_eq!(Machine::new().at(&fake, &["tokens", "create", "ci"]).expect(0).out, "ttk_new\n");
    let ran = Machine::new().at(&fake, &["providers", "enrol"]).expect(0);
    assert_eq!(ran.out, "abcd-efgh\n");
    assert!(ran.err.contains("ttalkak-agent enrol"), "{}", ran.err);
}
