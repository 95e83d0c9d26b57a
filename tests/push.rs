//! A push deploys, from the commit to the status beside it: real programs, a Git server and a GitHub of the tests' own.
//! Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use reqwest::Method;
use serde_json::json;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use ttalkak_tests::{
    App, Hosting, Mode, World,
    github::{GitHubStandIn, webhook},
    until,
    world::{BUILD, SOON},
};

/// A repository of an app at the stand-in, private, with its first commit.
fn host(stand_in: &GitHubStandIn, hosting: &Hosting, app: &App) {
    let first = app.commit("main", "first");
    hosting.push(app, "me/app", "main");
    stand_in.add_repo("me/app", Some(11), &["ada"], &first);
    stand_in.held().repos.get_mut("me/app").unwrap().private = true;
}

/// What `PUT …/push` keeps for somebody who may push there.
async fn let_the_app_in(world: &World) {
    let file = world.folder().join("coordinator/main.db");
    let mut tables = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let sql = "UPDATE push SET repo = 'me/app', installation = 11";
    sqlx::query(sql).execute(&mut tables).await.unwrap();
    tables.close().await.unwrap();
}

async fn tell(world: &World, body: &serde_json::Value, delivery: &str) -> serde_json::Value {
    let body = body.to_string().into_bytes();
    let mut request = reqwest::Client::new().post(format!("{}/v1/hooks/github", world.api_url()));
    for (name, value) in webhook::headers("push", delivery, &body) {
        request = request.header(name, value);
    }
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_seen_by_visitors_and_its_commit_says_so() {
    let stand_in = GitHubStandIn::start().await;
    let (hosting, app) = (Hosting::at(&stand_in), App::new("one"));
    host(&stand_in, &hosting, &app);
    let options = hosting.world(&stand_in, &stand_in.url());
    let Some(world) = World::start_with(options).await else { return };

    // The first deploy needs the App, too: the repository is private.
    let url = format!("{}/me/app.git", stand_in.url());
    world.create(json!({ "name": "shop", "source": { "kind": "git", "url": url } })).await;
    world.await_state("shop", "ended", SOON).await;
    let set = json!({ "on": true });
    let (status, view) = world.call(Method::PUT, "/v1/deployments/shop/push", Some(&set)).await;
    assert_eq!(status, 200, "{view}");
    let_the_app_in(&world).await;
    let live = world.bring_live("shop", "redeploy", &json!({})).await;
    assert_eq!(live["subject"], "first");
    assert_eq!(world.await_answer("shop", SOON).await.body, "one");

    app.become_version("two", Mode::Http);
    let commit = app.commit("main", "say two");
    hosting.push(&app, "me/app", "main");
    let body = webhook::push("me/app", 11, "main", &commit, "say two", &["version"]);
    assert_eq!(tell(&world, &body, "one").await, json!({ "taken": 1, "replayed": false }));
    assert_eq!(tell(&world, &body, "one").await["replayed"], json!(true));
    until("the pushed version", BUILD, || async {
        (world.visit("shop", "/").await.body == "two").then_some(())
    })
    .await;
    let said = until("the commit's status", SOON, || async {
        let said = stand_in.statuses_of(&commit);
        said.last().is_some_and(|last| last.state == "success").then_some(said)
    })
    .await;
    // What is live within a second was never seen on its way.
    let (last, before) = said.split_last().unwrap();
    assert!(before.iter().all(|posted| posted.state == "pending") && before.len() <= 1, "{said:?}");
    assert_eq!((last.context.as_str(), last.repo.as_str()), ("ttalkak/shop", "me/app"));
    assert!(last.target_url.contains("shop.localhost"), "{}", last.target_url);
    let (_, list) = world.get_api("/v1/deployments/shop/deliveries").await;
    assert_eq!((&list["total"], &list["items"][0]["outcome"]), (&json!(1), &json!("deployed")));
    assert_eq!(list["items"][0]["commit"], json!(commit));

    // One that never gets healthy is told, too, and the last good one goes on serving.
    app.become_version("bad", Mode::Broken);
    let commit = app.commit("main", "break it");
    hosting.push(&app, "me/app", "main");
    tell(&world, &webhook::push("me/app", 11, "main", &commit, "break it", &["mode"]), "two").await;
    until("the failure", BUILD, || async {
        let said = stand_in.statuses_of(&commit);
        said.last().is_some_and(|last| last.state == "failure").then_some(())
    })
    .await;
    assert_eq!(world.visit("shop", "/").await.body, "two");
    world.stop().await;
}
