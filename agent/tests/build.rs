//! Builds on a real engine: failures, cancelling, deadlines, secrets, floods of log.

#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "a failed step of a test ends the test")]

mod rig;

use rig::{App, Rig};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use ttalkak_agent::io::engine::{BuildNews, BuildOrder, BuildOutcome, Engine};
use ttalkak_protocol::{id::LeaseId, link::Phase, secret::Secret};

const IDLE: &str = "CMD [\"sleep\", \"600\"]\n";

async fn build_fate(app: &App) -> Option<(String, Vec<String>)> {
    let mut rig = Rig::new().await?;
    let lease = app.lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let (problem, last_lines) = rig.until_failed(lease.lease).await;
    Some((format!("{}: {}", problem.code, problem.message), last_lines))
}

/// Whether a process with this argument runs on the machine; builds run in the engine's own containers.
fn runs(argument: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

async fn until_runs(argument: &str, wanted: bool, within: Duration) -> bool {
    let start = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(50));
    while start.elapsed() < within {
        if runs(argument) == wanted {
            return true;
        }
        look.tick().await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_is_named_with_its_code_and_last_words() {
    let app = App::new("FROM debian:bookworm-slim\nRUN echo the end is near && exit 7\n");
    let Some((problem, last_lines)) = build_fate(&app).await else { return };
    assert_eq!(
        problem,
        "build_failed: The step `RUN echo the end is near && exit 7` failed with exit code 7."
    );
    assert!(last_lines.iter().any(|line| line.contains("the end is near")), "{last_lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_image_that_cannot_be_had_is_named() {
    let Some((problem, _)) = build_fate(&App::new("FROM ttalkak-no-such-image:1\n")).await else { return };
    assert_eq!(problem, "base_image_unavailable: The image ttalkak-no-such-image:1 cannot be pulled.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dockerfile_that_cannot_be_read_is_refused_with_its_line() {
    let Some((problem, _)) = build_fate(&App::new("FROM debian:bookworm-slim\nRUNN true\n")).await else {
        return;
    };
    assert!(problem.starts_with("dockerfile_refused: ") && problem.contains("RUNN"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_over_its_deadline_is_stopped() {
    let second = "3417";
    let app = App {
        build_deadline: Duration::from_secs(4),
        ..App::new(&format!("FROM debian:bookworm-slim\nRUN sleep {second}\n"))
    };
    let Some((problem, _)) = build_fate(&app).await else { return };
    assert_eq!(problem, "build_timeout: The build took longer than 4 s.");
    assert!(until_runs(second, false, Duration::from_secs(5)).await, "the step still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_whose_lease_is_dropped_is_really_cancelled_and_the_next_one_begins() {
    let Some(mut rig) = Rig::new().await else { return };
    let second = "3418";
    let old = App::new(&format!("FROM debian:bookworm-slim\nRUN sleep {second}\n")).lease();
    rig.assign(std::slice::from_ref(&old)).await;
    rig.until_phase("building", old.lease, |phase| matches!(phase, Phase::Building { .. })).await;
    assert!(until_runs(second, true, Duration::from_secs(30)).await, "the step never ran");
    let new = App::new(&format!("FROM debian:bookworm-slim\nRUN true {second}\n{IDLE}")).lease();
    let start = Instant::now();
    rig.assign(std::slice::from_ref(&new)).await;
    rig.until_phase("running", new.lease, |phase| matches!(phase, Phase::Running { .. })).await;
    assert!(until_runs(second, false, Duration::from_secs(3)).await, "the step still runs");
    eprintln!("cancelled and replaced within {:?}", start.elapsed());
    rig.until_gone(old.lease).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_secret_reaches_its_step_and_stays_nowhere() {
    let Some(mut rig) = Rig::new().await else { return };
    let secret = "s3cr3t-value-that-must-not-stay";
    // The step proves that it read the secret by its length, without writing it down.
    let mut app = App::new(&format!(
        "FROM debian:bookworm-slim\nRUN --mount=type=secret,id=API_KEY test \"$(wc -c < /run/secrets/API_KEY)\" = {}\n{IDLE}",
        secret.len()
    ));
    app.secrets.insert("API_KEY".to_owned(), Secret::new(secret.to_owned()));
    let lease = app.lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let workload =
        rig.until_phase("running", lease.lease, |phase| matches!(phase, Phase::Running { .. })).await;
    let image = workload.image.unwrap().digest;
    let exported = export(&image).await;
    assert!(exported.len() > 1_000_000, "the image was not exported");
    assert!(!contains(&exported, secret.as_bytes()), "the secret is in a layer or in the history");
    assert!(!rig.log(lease.lease).join("\n").contains(secret));
}

/// The whole image as the engine would save it: layers, configuration and history.
async fn export(image: &str) -> Vec<u8> {
    use futures_util::StreamExt;
    let docker = bollard::Docker::connect_with_defaults().unwrap();
    let mut stream = std::pin::pin!(docker.export_image(image));
    let mut all = Vec::new();
    while let Some(chunk) = stream.next().await {
        all.extend_from_slice(&chunk.unwrap());
    }
    all
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_of_log_are_bounded_and_end_with_the_last_lines() {
    let Some(mut rig) = Rig::new().await else { return };
    let marker = LeaseId::new(uuid::Uuid::new_v4()).short();
    let app = App::new(&format!(
        "FROM debian:bookworm-slim\nRUN yes {marker}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | head -c 100000000; echo; echo at the very end; exit 1\n"
    ));
    let lease = app.lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let (problem, last_lines) = rig.until_failed(lease.lease).await;
    assert!(problem.message.contains("exit code 1"), "{problem:?}");
    assert!(
        last_lines.len() <= 200 && last_lines.iter().any(|line| line == "at the very end"),
        "{last_lines:?}"
    );
    let bytes: usize = rig.log(lease.lease).iter().map(String::len).sum();
    assert!(bytes < 6_000_000, "{bytes} bytes of log were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_builder_does_for_an_engine_without_buildkit() {
    let agent = rig::fresh_agent();
    let Some(engine) = rig::engine(agent).await else { return };
    let _cleaner = rig::Cleaner(agent);
    let mut order = BuildOrder {
        tag: "ttalkak/classic:test".to_owned(),
        build_key: "classic".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        args: BTreeMap::new(),
        secrets: BTreeMap::new(),
        deadline: Duration::from_secs(60),
    };
    let (outcome, lines) = classic(&engine, &order, "FROM debian:bookworm-slim\nRUN echo as before\n").await;
    assert!(matches!(outcome, BuildOutcome::Built(_)), "{outcome:?}");
    assert!(lines.iter().any(|line| line.contains("as before")), "{lines:?}");
    let (outcome, _) = classic(&engine, &order, "FROM debian:bookworm-slim\nRUN exit 5\n").await;
    let BuildOutcome::Failed(problem) = outcome else { panic!("{outcome:?}") };
    assert_eq!(problem.message, "The step `RUN exit 5` failed with exit code 5.");
    // Without BuildKit a secret could not be kept out of the image, so it is not tried.
    order.secrets.insert("A".to_owned(), Secret::new("b".to_owned()));
    let (outcome, _) = classic(&engine, &order, "FROM debian:bookworm-slim\n").await;
    assert!(matches!(outcome, BuildOutcome::Failed(problem) if problem.message.contains("no BuildKit")));
}

async fn classic(engine: &Engine, order: &BuildOrder, dockerfile: &str) -> (BuildOutcome, Vec<String>) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
    let tar = bytes::Bytes::from(tar.into_inner().unwrap());
    let (news_in, mut news) = tokio::sync::mpsc::channel::<BuildNews>(64);
    let context = futures_util::stream::iter([Ok(tar)]);
    let lines = async {
        let mut lines = Vec::new();
        while let Some(told) = news.recv().await {
            lines.extend(told.lines);
        }
        lines
    };
    let (outcome, lines) = tokio::join!(engine.build(order, true, context, news_in), lines);
    (outcome.unwrap(), lines)
}
