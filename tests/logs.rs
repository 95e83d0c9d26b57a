//! What builds and apps write, as it is written: by event stream, by page and by the command line. Needs the engine.

#![allow(clippy::unwrap_used, reason = "what a test cannot read fails it")]

use futures_util::StreamExt;
use serde_json::Value;
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};
use ttalkak_tests::{App, World, program::binary, world::SOON};

/// Follows a log until `enough` says so of the newest event; gives the lines and the id of the last one.
async fn follow(
    world: &World,
    path: &str,
    after: Option<&str>,
    mut enough: impl FnMut(&str) -> bool,
) -> Heard {
    let url = format!("{}{path}", world.api_url());
    let mut request = reqwest::Client::new().get(url).bearer_auth(&world.token);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    let answer = request.send().await.expect("an event stream");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let (mut stream, mut text, mut heard) = (answer.bytes_stream(), String::new(), Heard::default());
    loop {
        while let Some((event, rest)) = text.split_once("\n\n") {
            let over = heard.take(event);
            let last = heard.lines.last().cloned().unwrap_or_default();
            text = rest.to_owned();
            if over || enough(&last) {
                return heard;
            }
        }
        match timeout(SOON, stream.next()).await.expect("an event in time") {
            Some(piece) => {
                text.push_str(std::str::from_utf8(&piece.expect("a piece")).expect("whole letters"))
            }
            None => return heard,
        }
    }
}

#[derive(Default)]
struct Heard {
    lines: Vec<String>,
    last_id: String,
    ended: bool,
}

impl Heard {
    /// Whether it was the last event.
    fn take(&mut self, event: &str) -> bool {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        match field("event:") {
            Some("line") => {
                let data: Value = serde_json::from_str(field("data:").unwrap()).expect("a line as JSON");
                self.lines.push(data["text"].as_str().unwrap().to_owned());
                self.last_id = field("id:").expect("an event id").to_owned();
            }
            Some("end") => self.ended = true,
            Some(other) => panic!("an event that is not described: {other}"),
            None => {}
        }
        self.ended
    }
}

fn counted(lines: &[String]) -> Vec<usize> {
    lines.iter().filter_map(|line| line.strip_prefix("counted ")?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_is_cut_off_and_returns_misses_no_line_and_gets_none_twice() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &[]).await;
    let path = "/v1/deployments/shop/logs?kind=run&follow=true";

    // Fewer lines in all than an app may write in one second, so that none is dropped for being one too many.
    let reader = follow(&world, path, None, |line| line == "counted 40");
    let writer = world.visit("shop", "/count?from=0&lines=60");
    let (first, _) = tokio::join!(reader, writer);
    assert_eq!(first.lines.iter().filter(|line| *line == "this is one").count(), 1, "the beginning is there");
    // Nobody listens to these.
    world.visit("shop", "/count?from=60&lines=60").await;
    let reader = follow(&world, path, Some(&first.last_id), |line| line == "counted 179");
    let writer = world.visit("shop", "/count?from=120&lines=60");
    let (second, _) = tokio::join!(reader, writer);

    let all = [counted(&first.lines), counted(&second.lines)].concat();
    assert_eq!(all, (0..180).collect::<Vec<_>>());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_is_heard_while_it_runs_and_its_log_ends() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    // Told apart from every other run, so that the step is at work and not remembered.
    let dockerfile = include_str!("harness/app/Dockerfile");
    let step = format!("RUN echo {}-$((40 + 2))\nWORKDIR", app.path().file_name().unwrap().display());
    app.write("Dockerfile", &dockerfile.replace("WORKDIR", &step));
    app.commit("main", "one");
    world.create(serde_json::json!({"name": "shop", "source": {"kind": "git", "url": app.git_url()}})).await;
    let heard = follow(&world, "/v1/deployments/shop/logs?kind=build&follow=true", None, |_| false).await;
    assert!(heard.ended, "a build has an end");
    assert!(heard.lines.iter().any(|line| line.ends_with("-42")), "{:?}", heard.lines);
    world.await_state("shop", "live", SOON).await;
    let (_, page) = world.get_api("/v1/deployments/shop/logs?kind=build").await;
    let paged: Vec<&str> =
        page["items"].as_array().unwrap().iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(paged, heard.lines, "the page holds what the stream said");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_follows_a_log_and_ends_when_the_deployment_is_stopped() {
    let Some(world) = World::start().await else { return };
    let app = App::new("one");
    world.deploy(app.path(), "shop", &[]).await;
    let mut command = Command::new(binary("ttalkak"));
    command
        .args(["logs", "shop", "-f"])
        .env("TTALKAK_COORDINATOR", world.api_url())
        .env("TTALKAK_TOKEN", &world.token)
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut program = command.spawn().expect("the command line");
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    world.visit("shop", "/count?from=0&lines=3").await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|line| line != "counted 2") {
        heard.push(timeout(SOON, lines.next_line()).await.expect("a line in time").unwrap().expect("a line"));
    }
    assert!(heard.iter().any(|line| line == "this is one"), "{heard:?}");
    assert!(world.cli(&["stop", "shop"]).await.status.success());
    let status = timeout(Duration::from_secs(30), program.wait()).await.expect("an end").unwrap();
    assert!(status.success(), "{status}");
    world.stop().await;
}
