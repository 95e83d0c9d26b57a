//! Programs without a browser: a code is shown, its owner answers once, the token is given once.

use crate::{harness::World, people::Browser};
use serde_json::{Value, json};

async fn ask(world: &World, scope: &str) -> Value {
    let wish = json!({ "device": "ttalkak on laptop", "scope": scope });
    let reply = world.as_our_page("POST", "/v1/devices", wish).await;
    assert_eq!(reply.status, 201);
    reply.json()
}

async fn poll(world: &World, asked: &Value) -> crate::harness::Reply {
    world.as_our_page("POST", "/v1/devices/poll", json!({ "device_code": asked["device_code"] })).await
}

fn path(asked: &Value, rest: &str) -> String {
    format!("/v1/devices/{}{rest}", asked["user_code"].as_str().unwrap())
}

async fn answer(world: &World, browser: &Browser, asked: &Value, yes: Option<&str>) -> u16 {
    let (rest, body) = match yes {
        Some(scope) => ("/approve", Some(json!({ "scope": scope }))),
        None => ("/deny", None),
    };
    world.browse(browser, "POST", &path(asked, rest), body).await.status.as_u16()
}

#[tokio::test]
async fn a_device_gets_its_token_once_and_no_more_than_its_owner_allows() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    let asked = ask(&world, "full").await;
    assert_eq!(asked["verification_url"], "http://127.0.0.1:7700/device");
    assert_eq!(poll(&world, &asked).await.json(), json!({ "state": "waiting" }));
    let seen = world.browse(&browser, "GET", &path(&asked, ""), None).await.json();
    assert_eq!((seen["device"].as_str(), seen["scope"].as_str()), (Some("ttalkak on laptop"), Some("full")));
    assert_eq!(answer(&world, &browser, &asked, Some("deploy")).await, 204);
    assert_eq!(answer(&world, &browser, &asked, None).await, 404, "answered is answered");
    let given = poll(&world, &asked).await.json();
    assert_eq!(given["state"], "approved");
    assert_eq!(poll(&world, &asked).await.error(), (404, "device_gone".into()), "it is given once");
    let device = World { token: given["token"].as_str().unwrap().to_owned(), ..world.view() };
    assert_eq!(device.ask("POST", "/v1/projects", json!({ "name": "shop" })).await.status, 201);
    assert_eq!(device.get("/v1/me").await.json()["login"], "mina");
    assert_eq!(device.get("/v1/me/sessions").await.error(), (403, "forbidden".into()));
}

#[tokio::test]
async fn a_device_that_is_turned_away_or_too_late_gets_nothing() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    let denied = ask(&world, "read").await;
    assert_eq!(answer(&world, &browser, &denied, None).await, 204);
    assert_eq!(poll(&world, &denied).await.json(), json!({ "state": "denied" }));
    let late = ask(&world, "read").await;
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query("UPDATE device SET expires_at = 1").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(answer(&world, &browser, &late, Some("read")).await, 404);
    assert_eq!(poll(&world, &late).await.error(), (404, "device_gone".into()));
}

#[tokio::test]
async fn guessing_codes_and_asking_without_end_are_stopped() {
    let world = World::new().await;
    let browser = world.browser("mina").await;
    for code in ["AAAA-AAAA", "nothing", "CCCC-CCCC", "DDDD-DDDD", "EEEE-EEEE"] {
        let reply = world.browse(&browser, "GET", &format!("/v1/devices/{code}"), None).await;
        assert_eq!(reply.error(), (404, "device_gone".into()), "{code}");
    }
    let asked = ask(&world, "read").await;
    let locked = world.browse(&browser, "GET", &path(&asked, ""), None).await;
    assert_eq!(locked.error(), (429, "rate_limited".into()), "even the right one, for a while");
    let mut states = Vec::new();
    for _ in 0..6 {
        states.push(poll(&world, &asked).await.status.as_u16());
    }
    assert_eq!(states, [200, 200, 200, 200, 200, 429]);
    for n in 0..20 {
        let reply = world.as_our_page("POST", "/v1/devices", json!({ "device": "x" })).await;
        assert!(reply.status == 201 || n >= 19, "{n}");
    }
    let reply = world.as_our_page("POST", "/v1/devices", json!({ "device": "x" })).await;
    assert_eq!(reply.error(), (429, "rate_limited".into()));
}
