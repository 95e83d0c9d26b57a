//! Change under load: routes that move, tunnels that end.

use crate::{app::app, world::*};
use http::StatusCode;
use http_body_util::BodyExt;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, task::JoinSet};
use tokio_util::task::TaskTracker;
use ttalkak_coordinator::edge::{EdgeConfig, tunnels::Owner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_moves_under_two_thousand_requests_and_none_fails() {
    let tasks = TaskTracker::new();
    let (old, new) = (serve_router(&tasks, app("old")).await, serve_router(&tasks, app("new")).await);
    let world = World::new().await;
    let _agent = world.agent(&[(1, old), (2, new)]).await;
    world.route("shop", 1);
    let world = Arc::new(world);
    let done = Arc::new(AtomicU64::new(0));
    let mut visits = JoinSet::new();
    for _ in 0..20 {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        visits.spawn(async move {
            let mut visitor = world.visitor().await;
            let mut words = Vec::new();
            for _ in 0..100 {
                let answer = visitor.send(get("shop", "/")).await;
                assert_eq!(answer.status(), StatusCode::OK);
                words.push(text(answer).await);
                if done.fetch_add(1, Ordering::Relaxed) == 1000 {
                    world.route("shop", 2);
                }
            }
            words
        });
    }
    for words in visits.join_all().await {
        let first_new = words.iter().position(|word| word == "new").unwrap_or(words.len());
        assert!(words[..first_new].iter().all(|word| word == "old"));
        assert!(words[first_new..].iter().all(|word| word == "new"), "a visitor never goes back");
    }
    assert!(world.routes.drained(lease(1), Duration::from_secs(5)).await);
    assert_eq!(world.get("shop", "/").await.1, "new");
}

#[tokio::test]
async fn an_answer_whose_tunnel_dies_is_cut_and_never_looks_whole() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    // An answer whose only end is the end of the connection.
    let endless = raw_backend(&tasks, |mut socket| async move {
        read_head(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\nfirst").await;
        std::future::pending::<()>().await;
    })
    .await;
    let world = World::new().await;
    for (number, path) in [(1, "/half"), (2, "/")] {
        let agent = world.agent(&[(1, backend), (2, endless)]).await;
        world.route("shop", number);
        let mut body = world.visitor().await.send(get("shop", path)).await.into_body();
        body.frame().await.unwrap().unwrap();
        agent.kill();
        let rest = body.frame().await;
        assert!(matches!(rest, Some(Err(_))), "{path}: {rest:?}");
        world.until_closed(Owner::Agent(agent_id())).await;
    }
}

#[tokio::test]
async fn an_app_that_lost_its_route_is_not_kept_waiting() {
    let tasks = TaskTracker::new();
    let told = tokio_util::sync::CancellationToken::new();
    let end = told.clone();
    let keeps = raw_backend(&tasks, move |mut socket| {
        let end = end.clone();
        async move {
            while !read_head(&mut socket).await.is_empty() {
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            }
            end.cancel();
        }
    })
    .await;
    let (world, _agent) = World::with_app("shop", 1, keeps).await;
    assert_eq!(world.get("shop", "/").await.1, "ok");
    world.routes.remove("shop");
    told.cancelled().await;
}

#[tokio::test]
async fn an_app_that_breaks_off_is_cut_too() {
    let tasks = TaskTracker::new();
    let short = raw_backend(&tasks, |mut socket| async move {
        read_head(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst").await;
    })
    .await;
    let (world, _agent) = World::with_app("shop", 1, short).await;
    let body = world.visitor().await.send(get("shop", "/")).await.into_body();
    assert!(body.collect().await.is_err());
}

#[tokio::test]
async fn a_tunnel_that_comes_back_serves_those_who_waited() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    let world = World::with(EdgeConfig { tunnel_grace: Duration::from_secs(20), ..config() }).await;
    let backends = [(1, backend)];
    let first = world.agent(&backends).await;
    world.route("shop", 1);
    assert_eq!(world.get("shop", "/").await.1, "hello");
    first.kill();
    world.until_closed(Owner::Agent(agent_id())).await;
    let (answer, _second) = tokio::join!(world.get("shop", "/"), world.agent(&backends));
    assert_eq!(answer, (StatusCode::OK, "hello".to_owned()));
}

#[tokio::test]
async fn a_tunnel_that_drains_hands_over_to_the_newer_one() {
    let tasks = TaskTracker::new();
    let backend = serve_router(&tasks, app("hello")).await;
    let world = World::new().await;
    let old = world.agent(&[(1, backend)]).await;
    world.route("shop", 1);
    let mut body = world.visitor().await.send(get("shop", "/half")).await.into_body();
    body.frame().await.unwrap().unwrap();
    let _new = world.agent(&[(1, backend)]).await;
    old.drain();
    for _ in 0..50 {
        assert_eq!(world.get("shop", "/").await.0, StatusCode::OK);
    }
    assert_eq!(world.routes.streams(lease(1)), 1, "the old stream goes on");
    drop(body);
    old.ended().await;
}

#[tokio::test]
async fn a_connection_that_died_while_it_waited_costs_no_visitor_a_failure() {
    let tasks = TaskTracker::new();
    // Closes each connection after its first answer without saying so.
    let once = raw_backend(&tasks, |mut socket| async move {
        read_head(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    })
    .await;
    let (world, _agent) = World::with_app("shop", 1, once).await;
    let mut visitor = world.visitor().await;
    for _ in 0..200 {
        assert_eq!(text(visitor.send(get("shop", "/")).await).await, "ok");
    }
}
