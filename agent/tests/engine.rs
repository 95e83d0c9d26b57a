//! The whole agent on a real engine: builds, runs, diagnoses, limits, and what is left afterwards.

#![allow(clippy::unwrap_used, reason = "a failed step of a test ends the test")]

mod rig;

use rig::{App, Rig};

const HELLO: &str = "
import http.server, os
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'hello from ' + str(os.getuid()).encode())
print('listening', flush=True)
http.server.ThreadingHTTPServer(('0.0.0.0', int(os.environ['PORT'])), Hello).serve_forever()
";

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_becomes_an_app_that_answers_and_leaves_nothing_when_it_ends() {
    let Some(mut rig) = Rig::new().await else { return };
    let lease = App::python(HELLO).lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let workload = rig.until_healthy(lease.lease).await;
    assert!(rig.get(lease.lease).await.starts_with("hello from 2"));
    assert!(workload.image.is_some() && workload.host_port.is_some());
    rig.assign(&[]).await;
    rig.until_gone(lease.lease).await;
    rig.until("rid of its image", |report| report.images.is_empty().then_some(())).await;
    let log = rig.log(lease.lease).join("\n");
    assert!(log.contains("COPY app.py") && log.contains("listening") && log.contains("is healthy"), "{log}");
    let seen = rig.engine.observe().await.unwrap();
    assert!(seen.containers.is_empty() && seen.images.is_empty(), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn workloads_that_start_at_the_same_time_on_a_fresh_machine_share_one_network() {
    let Some(mut rig) = Rig::new().await else { return };
    let leases: Vec<_> = (0..6).map(|_| App::python(HELLO).lease()).collect();
    rig.assign(&leases).await;
    for lease in &leases {
        rig.until_healthy(lease.lease).await;
    }
    rig.assign(&[]).await;
    for lease in &leases {
        rig.until_gone(lease.lease).await;
    }
}

/// The code and sentence with which an app ends that never becomes healthy.
async fn fate(app: &App) -> Option<(String, Vec<String>)> {
    let mut rig = Rig::new().await?;
    let lease = app.lease();
    rig.assign(std::slice::from_ref(&lease)).await;
    let (problem, last_lines) = rig.until_failed(lease.lease).await;
    let seen = rig.engine.observe().await.unwrap();
    assert!(!seen.containers.iter().any(|container| container.running), "{seen:?}");
    Some((format!("{}: {}", problem.code, problem.message), last_lines))
}

fn quick(program: &str) -> App {
    App { start_deadline: std::time::Duration::from_secs(3), ..App::python(program) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_listens_on_loopback_only_is_told_so() {
    let app = quick(&HELLO.replace("0.0.0.0", "127.0.0.1"));
    let Some((problem, last_lines)) = fate(&app).await else { return };
    assert!(problem.starts_with("app_loopback_only: The app listens on 127.0.0.1:8080 only"), "{problem}");
    assert_eq!(last_lines, ["listening"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_on_the_wrong_port_is_told_which() {
    let app = quick(&HELLO.replace("int(os.environ['PORT'])", "3000"));
    let Some((problem, _)) = fate(&app).await else { return };
    assert_eq!(problem, "app_wrong_port: The app listens on port 3000, but PORT is 8080.");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_never_listens_is_told_so() {
    let Some((problem, last_lines)) = fate(&quick("import time\nprint('idle')\ntime.sleep(600)")).await
    else {
        return;
    };
    assert_eq!(problem, "app_never_listened: The app runs, but it listens on no port.");
    assert_eq!(last_lines, ["idle"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_accepts_and_never_answers_is_unhealthy() {
    let program = "import socket, time\ns = socket.create_server(('0.0.0.0', 8080))\ntime.sleep(600)";
    let Some((problem, _)) = fate(&quick(program)).await else { return };
    assert!(problem.starts_with("app_unhealthy: The app listens on port 8080, but it"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_ends_at_once_is_tried_three_times_and_its_words_are_kept() {
    let Some((problem, last_lines)) = fate(&quick("import sys\nprint('no config')\nsys.exit(3)")).await
    else {
        return;
    };
    assert!(problem.starts_with("app_exited: The app ended with exit code 3 after "), "{problem}");
    assert_eq!(last_lines, ["no config"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_takes_too_much_memory_is_told_so() {
    let program = "x = []\nwhile True: x.append(bytearray(8 << 20))";
    let Some((problem, _)) =
        fate(&App { memory: ttalkak_protocol::unit::Bytes::mib(64), ..quick(program) }).await
    else {
        return;
    };
    assert_eq!(problem, "app_out_of_memory: The app used more memory than it may and was killed.");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_whose_command_is_missing_fails_to_start() {
    let app = App::new("FROM debian:bookworm-slim\nCMD [\"/no/such/program\"]\n");
    let Some((problem, _)) = fate(&app).await else { return };
    assert!(problem.starts_with("start_failed: ") || problem.starts_with("app_exited: "), "{problem}");
}
