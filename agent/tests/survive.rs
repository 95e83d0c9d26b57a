//! What the agent survives on a real engine: its own kill -9, crashes of the app, a lost coordinator, attacks.

#![allow(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

mod rig;

use rig::{App, Rig};
use std::{collections::BTreeSet, time::Duration};
use ttalkak_agent::{
    io::engine::Run,
    logic::{
        event::EngineFacts,
        policy::{Place, RunPolicy, create_body, label},
    },
};
use ttalkak_protocol::{
    link::{Lease, Phase},
    unit::HostPort,
};

/// Answers, counts aloud once a second, and ends when asked for /crash.
const COUNTER: &str = "
import http.server, os, threading, time
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/crash': os._exit(9)
        self.send_response(200); self.end_headers(); self.wfile.write(str(START).encode())
    def log_message(self, *_): pass
START = time.time()
def count():
    n = 0
    while True:
        print('count', n, flush=True); n += 1; time.sleep(0.2)
threading.Thread(target=count, daemon=True).start()
http.server.ThreadingHTTPServer(('0.0.0.0', 8080), App).serve_forever()
";

fn counts(rig: &Rig, lease: &Lease) -> Vec<u64> {
    rig.log(lease.lease).iter().filter_map(|line| line.strip_prefix("count ")?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_adopts_what_runs_and_its_log_goes_on_without_gap_or_double() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    let first_start = rig.get(lease.lease).await;
    rig.until("some log", |_| Some(())).await;
    while counts(&rig, &lease).len() < 5 {
        rig.until("more log", |_| Some(())).await;
    }
    rig.kill().await;
    rig.boot(true).await;
    rig.assign(std::slice::from_ref(&lease)).await;
    let workload = rig.until_healthy(lease.lease).await;
    assert_eq!(rig.get(lease.lease).await, first_start, "the app was started again");
    assert_eq!(workload.restarts, 0);
    let before = counts(&rig, &lease).len();
    while counts(&rig, &lease).len() < before + 10 {
        rig.until("more log", |_| Some(())).await;
    }
    let seen = counts(&rig, &lease);
    assert_eq!(seen, (0..seen.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_ends_cleanly_takes_its_workloads_along() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    rig.stop().await;
    let seen = rig.engine.observe().await.unwrap();
    assert!(seen.containers.is_empty(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_crashes_after_it_was_healthy_comes_back() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    let backend = rig.backends.borrow()[&lease.lease.to_string()];
    let crash = ttalkak_agent::io::source::http_client().unwrap().get(format!("http://{backend}/crash"));
    assert!(crash.send().await.is_err());
    let fallen = rig.until_phase("backing off", lease.lease, |p| matches!(p, Phase::BackingOff { .. })).await;
    assert!(matches!(fallen.phase, Phase::BackingOff { last, .. } if last.message.contains("exit code 9")));
    let back = rig.until_healthy(lease.lease).await;
    assert_eq!(back.restarts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_coordinator_the_lease_ends_by_itself() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    rig.connect(Duration::from_secs(2)).await;
    rig.disconnect().await;
    rig.until_gone(lease.lease).await;
    assert!(rig.engine.observe().await.unwrap().containers.is_empty());
    // The coordinator comes back and still wants it.
    rig.connect(Duration::from_secs(3600)).await;
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_looser_than_the_policy_is_removed_and_replaced() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let workload = rig.until_healthy(lease.lease).await;
    rig.kill().await;
    // Somebody else's hand: the same labels and port, and all rights.
    let docker = bollard::Docker::connect_with_defaults().unwrap();
    for container in rig.engine.observe().await.unwrap().containers {
        rig.engine.remove_container(&container.id).await.unwrap();
    }
    let policy = policy(&rig, &lease, &workload.image.unwrap().digest, workload.host_port.unwrap());
    let mut body = create_body(&policy);
    body.host_config.as_mut().unwrap().privileged = Some(true);
    let bad = docker.create_container(None, body).await.unwrap().id;
    docker.start_container(&bad, None).await.unwrap();
    rig.boot(true).await;
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    let containers = rig.engine.observe().await.unwrap().containers;
    assert_eq!(containers.len(), 1, "{containers:?}");
    assert_ne!(containers[0].id, bad);
}

fn policy(rig: &Rig, lease: &Lease, image: &str, host_port: HostPort) -> RunPolicy {
    let engine = EngineFacts { name: "docker".to_owned(), podman: false, swap_limit: true };
    RunPolicy::new(lease, Place { agent: rig.agent, image, host_port, uid: 20_007, engine: &engine })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_held_against_the_policy_and_refused_when_it_differs() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let workload = rig.until_healthy(lease.lease).await;
    rig.kill().await;
    let container = rig.engine.observe().await.unwrap().containers.remove(0).id;
    let mut policy = policy(&rig, &lease, &workload.image.unwrap().digest, workload.host_port.unwrap());
    // As it was started it passes: the engine applied the whole recipe.
    let run = rig.engine.adopt(&container, &policy).await.unwrap();
    assert!(matches!(run, Run::Running(_)), "{run:?}");
    policy.memory = ttalkak_protocol::unit::Bytes::mib(64);
    let run = rig.engine.adopt(&container, &policy).await.unwrap();
    let Run::Violates(violations) = run else { panic!("{run:?}") };
    let fields: BTreeSet<&str> = violations.iter().map(|violation| violation.field).collect();
    assert_eq!(fields, BTreeSet::from(["Memory", "MemorySwap"]));
    assert!(rig.engine.observe().await.unwrap().containers.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_is_held_at_its_limit() {
    let Some(mut rig) = Rig::new().await else { return };
    let bomb = "
import http.server, os, time
made = 0
for _ in range(1000):
    try:
        if os.fork() == 0:
            time.sleep(600)
        made += 1
    except OSError:
        break
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(made).encode())
http.server.HTTPServer(('0.0.0.0', 8080), App).serve_forever()
";
    // Enough memory for as many processes as may be made, so that it is their number that is limited.
    let memory = ttalkak_protocol::unit::Bytes::mib(1024);
    let lease = App { memory, ..App::python(bomb) }.lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    let made: u32 = rig.get(lease.lease).await.parse().unwrap();
    assert!((100..256).contains(&made), "{made} processes were made");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_agent_is_touched() {
    let Some(mut rig) = Rig::new().await else { return };
    let Some(mut other) = Rig::new().await else { return };
    let lease = App::python(COUNTER).lease();
    other.assign(std::slice::from_ref(&lease)).await;
    other.until_healthy(lease.lease).await;
    rig.assign(&[]).await;
    rig.until("a second look", |report| (report.generation == 1).then_some(())).await;
    let docker = bollard::Docker::connect_with_defaults().unwrap();
    let filters = [("label".to_owned(), vec![format!("{}={}", label::LEASE, lease.lease)])].into();
    let options =
        bollard::query_parameters::ListContainersOptions { filters: Some(filters), ..Default::default() };
    assert_eq!(docker.list_containers(Some(options)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_log_is_cut_to_two_hundred_lines_a_second_and_told() {
    let Some(mut rig) = Rig::new().await else { return };
    let flood = COUNTER.replace("time.sleep(0.2)", "time.sleep(0.0005)");
    let lease = App::python(&flood).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    rig.until_healthy(lease.lease).await;
    for _ in 0..4 {
        rig.until("a report", |_| Some(())).await;
    }
    let log = rig.log(lease.lease);
    assert!(log.len() < 2_500, "{} lines", log.len());
    assert!(log.iter().any(|line| line.contains("lines were dropped")), "{:?}", log.last());
}
