//! The event stream: all at the beginning, then what changed, and nothing of another team's.

use crate::harness::{World, wish};
use axum::body::Body;
use futures_util::StreamExt;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

struct Follower {
    body: axum::body::BodyDataStream,
    text: String,
}

impl Follower {
    async fn open(world: &World, token: &str) -> Self {
        let request = Request::get("/v1/events").header("authorization", format!("Bearer {token}"));
        let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let line =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let Some(name) = line("event: ") else { continue };
                return Some((name, serde_json::from_str(&line("data: ").unwrap()).unwrap()));
            }
            let part = tokio::time::timeout(Duration::from_secs(10), self.body.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
        }
    }

    async fn until(&mut self, wanted: &str) -> Value {
        loop {
            let (name, value) = self.next().await.unwrap();
            if name == wanted {
                return value;
            }
        }
    }
}

fn names(event: &Value) -> Vec<&str> {
    event["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_stream_begins_with_all_and_goes_on_with_what_changed() {
    let world = World::new().await;
    world.deploy("shop").await;
    let mut follower = Follower::open(&world, &world.token).await;
    let first = follower.until("deployments").await;
    assert_eq!((names(&first), &first["gone"]), (vec!["shop"], &json!([])));
    world.deploy("blog-two").await;
    assert_eq!(names(&follower.until("deployments").await), ["blog-two"], "only what changed");
    follower.until("projects").await;
    world.go_live("shop").await;
    let live = follower.until("deployments").await;
    assert_eq!((names(&live), &live["items"][0]["state"]), (vec!["shop"], &json!("live")));
    let id = live["items"][0]["id"].as_str().unwrap().parse().unwrap();
    world.state.store.erase_deployment(id).await.unwrap();
    assert_eq!(follower.until("deployments").await["gone"], json!([id]));
    world.state.shutdown.cancel();
    while follower.next().await.is_some() {}
}

#[tokio::test]
async fn a_stranger_hears_nothing_and_a_revoked_token_hears_nothing_more() {
    let world = World::new().await;
    world.deploy("shop").await;
    let mut stranger = Follower::open(&world, &world.stranger).await;
    assert_eq!(names(&stranger.until("deployments").await), Vec::<&str>::new());
    let made = world.ask("POST", "/v1/tokens", json!({ "name": "window" })).await.json();
    let mut follower = Follower::open(&world, made["secret"].as_str().unwrap()).await;
    follower.until("deployments").await;
    let id = made["token"]["id"].as_str().or(made["id"].as_str()).unwrap();
    let reply = world.ask("DELETE", &format!("/v1/tokens/{id}"), json!({})).await;
    assert!(reply.status.is_success());
    let reply = world.ask("POST", "/v1/deployments", wish("later")).await;
    assert_eq!(reply.status, 202);
    assert_eq!(follower.next().await, None, "the stream has ended");
}
