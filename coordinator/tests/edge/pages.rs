//! When nobody answers: the cause, in the reader's language.

use crate::{app::app, world::*};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::task::TaskTracker;
use ttalkak_coordinator::{
    edge::{
        EdgeConfig,
        cause::Cause,
        routes::{RouteEntry, Serving, Target},
        tunnels::Owner,
    },
    online::{Arrival, token_hash},
};
use ttalkak_protocol::link::Exposure;

async fn ask(world: &World, accept: &str, language: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get("/x")
        .header("host", "shop.localhost")
        .header("accept", accept)
        .header("accept-language", language)
        .body(Empty::new().boxed())
        .unwrap();
    let answer = world.visitor().await.send(request).await;
    (answer.status(), answer.headers().clone(), text(answer).await)
}

fn nobody(world: &World, cause: Cause) {
    let serving = Serving::Nobody { cause, detail: "step 2 of 7: <npm ci>".to_owned() };
    world
        .routes
        .set("shop", RouteEntry { exposure: Exposure::Http, public_port: None, place: None, serving });
}

#[tokio::test]
async fn each_cause_is_told_to_people_and_programs() {
    let world = World::new().await;
    for cause in Cause::ALL {
        nobody(&world, cause);
        let (status, headers, body) = ask(&world, "text/html", "en").await;
        assert_eq!(status, cause.status());
        assert_eq!(headers["x-ttalkak-cause"], cause.as_str());
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["retry-after"], cause.retry_after().to_string().as_str());
        assert!(body.contains("lang=\"en\"") && body.contains("&lt;npm ci&gt;"), "{body}");
        let (_, _, body) = ask(&world, "text/html", "ko-KR,ko;q=0.9,en;q=0.5").await;
        assert!(body.contains("lang=\"ko\""), "{body}");
        let (status, headers, body) = ask(&world, "application/json", "en").await;
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &headers["content-type"]),
            (cause.status(), &"application/json".parse().unwrap())
        );
        assert_eq!(value["error"]["code"], cause.as_str());
        assert_eq!(value["error"]["request_id"], headers["x-request-id"].to_str().unwrap());
    }
}

#[tokio::test]
async fn what_nobody_has_named_is_not_found() {
    let world = World::new().await;
    for host in ["ghost", "a.b", "<b>"] {
        let answer = world
            .raw(&format!("GET / HTTP/1.1\r\nhost: {host}.localhost\r\nconnection: close\r\n\r\n"))
            .await;
        let expected = if host == "<b>" { "HTTP/1.1 400" } else { "HTTP/1.1 404" };
        assert!(answer.starts_with(expected), "{answer}");
    }
}

#[tokio::test]
async fn an_agent_without_a_tunnel_is_a_provider_offline() {
    let world = World::new().await;
    world.route("shop", 1);
    let (status, headers, _) = ask(&world, "*/*", "").await;
    assert_eq!((status.as_u16(), headers["x-ttalkak-cause"].to_str().unwrap()), (503, "provider_offline"));
}

#[tokio::test]
async fn an_app_that_is_gone_or_closes_or_babbles_has_crashed() {
    let tasks = TaskTracker::new();
    let closes = raw_backend(&tasks, |mut socket| async move {
        read_head(&mut socket).await;
    })
    .await;
    let babbles = raw_backend(&tasks, |mut socket| async move {
        read_head(&mut socket).await;
        let _ = socket.write_all(b"SSH-2.0-what\r\n\r\n").await;
    })
    .await;
    let refuses = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let world = World::new().await;
    let _agent = world.agent(&[(1, closes), (2, babbles), (3, refuses)]).await;
    for number in 1..=4 {
        world.route("shop", number);
        let (status, headers, body) = ask(&world, "*/*", "").await;
        assert_eq!(status, StatusCode::BAD_GATEWAY, "{number}: {body}");
        assert_eq!(headers["x-ttalkak-cause"], "crashed");
    }
}

#[tokio::test]
async fn an_answer_that_is_late_is_given_up_and_a_long_upload_is_not() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    let world = World::with(EdgeConfig { answer_deadline: Duration::from_millis(300), ..config() }).await;
    let _agent = world.agent(&[(1, backend)]).await;
    world.route("shop", 1);
    let answer = world.visitor().await.send(get("shop", "/never")).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-ttalkak-cause"]),
        (504, &"timeout".parse().unwrap())
    );
    let mut socket = tokio::net::TcpStream::connect(world.edge).await.unwrap();
    let head =
        "POST /count HTTP/1.1\r\nhost: shop.localhost\r\ncontent-length: 8\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    for _ in 0..8 {
        beat.tick().await;
        socket.write_all(b"x").await.unwrap();
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with('8'), "{answer}");
}

#[tokio::test]
async fn a_named_tunnel_serves_without_an_agent() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("local service")).await;
    let world = World::new().await;
    world.serve_by("mine", Target::Tunnel(named()), None);
    let backends = [(named().to_string(), backend)].into();
    let _agent = Agent::dial(&world, NAMED_TOKEN, backends).await.unwrap();
    world.until_open(Owner::Named(named())).await;
    assert_eq!(world.get("mine", "/").await.1, "local service");
}

#[tokio::test]
async fn a_tunnel_needs_a_token_that_is_good_now() {
    let world = World::new().await;
    let refused = Agent::dial(&world, "wrong", Default::default()).await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let agent = world.agent(&[]).await;
    let newer = Arrival { tunnel_token: token_hash("newer"), ..arrival() };
    let newer = world.online.connect(agent_id(), newer);
    let refused = Agent::dial(&world, AGENT_TOKEN, Default::default()).await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 401"), "the token of an older link is void: {refused}");
    assert!(world.tunnels.is_open(Owner::Agent(agent_id())), "a tunnel outlives the link that it began with");
    world.online.revoke(agent_id());
    world.until_closed(Owner::Agent(agent_id())).await;
    drop((agent, newer));
}
