//! Signing in and out, and coordinators that are not there or not what they seem.

use crate::{
    Machine,
    fake::{Fake, Reply},
};
use serde_json::json;
use std::io::Write;

fn welcoming() -> Fake {
    let fake = Fake::new();
    let health = json!({ "ok": true, "version": "0.1.0", "providers_online": 1, "problems": [], "apps_url": "http://{name}.x" });
    fake.on("GET /v1/health", [Reply::json(health)]);
    fake.on("GET /v1/tokens", [Reply::json(json!({ "items": [] }))]);
    fake.on("GET /v1/deployments", [Reply::json(json!({ "items": [], "total": 0 }))]);
    fake
}

#[test]
fn after_login_the_token_is_kept_and_used_and_after_logout_forgotten() {
    let (fake, machine) = (welcoming(), Machine::new());
    machine.run(&["login", "--coordinator", &fake.url(), "--token", "ttk_kept"]).expect(0);
    machine.run(&["list"]).expect(0);
    assert_eq!(fake.seen("GET /v1/deployments")[0].header("authorization"), Some("Bearer ttk_kept"));
    machine.run(&["logout"]).expect(0);
    machine.run(&["list"]).expect(3);
    machine.run(&["logout"]).expect(3);
}

#[test]
fn a_token_may_come_on_standard_input() {
    let (fake, machine) = (welcoming(), Machine::new());
    let mut child = machine
        .command(&["login", "--coordinator", &fake.url()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"ttk_piped\n").unwrap();
    let ran: crate::Ran = child.wait_with_output().unwrap().into();
    assert!(!ran.expect(0).err.contains("ttk_piped"));
    assert_eq!(fake.seen("GET /v1/tokens")[0].header("authorization"), Some("Bearer ttk_piped"));
}

#[test]
fn a_token_that_is_refused_is_not_kept() {
    let (fake, machine) = (welcoming(), Machine::new());
    fake.on("GET /v1/tokens", [Reply::error(401, "unauthorized", "The token is not valid.")]);
    let ran = machine.run(&["login", "--coordinator", &fake.url(), "--token", "ttk_bad"]).expect(3);
    assert!(ran.err.contains("The token is not valid.") && !ran.err.contains("ttk_bad"), "{}", ran.err);
    machine.run(&["list"]).expect(3);
}

#[test]
fn secrets_on_the_command_line_are_never_repeated() {
    let machine = Machine::new();
    for line in [
        &["list", "--token", "hunter2 x"][..],
        &["deploy", "https://example.com/me/shop", "--secret", "A B=hunter2"],
        &["deploy", "https://example.com/me/shop", "--secret", "hunter2"],
        &["deploy", "https://example.com/me/shop", "--git-token", "hunter2\n"],
    ] {
        let ran = machine.run(line);
        assert!(matches!(ran.code, Some(2 | 3)), "{line:?}: {}", ran.err);
        assert!(!ran.err.contains("hunter2") && !ran.out.contains("hunter2"), "{}", ran.err);
    }
}

#[test]
fn without_signing_in_the_next_move_is_login() {
    let ran = Machine::new().run(&["list", "--json"]).expect(3);
    assert_eq!(ran.json()["error"]["code"], "unauthorized");
    assert!(ran.json()["error"]["next"].as_str().unwrap().contains("ttalkak login"));
}

#[test]
fn a_coordinator_that_is_not_there_is_exit_6() {
    // A port that was free a moment ago, with nobody behind it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let ran = Machine::new().run(&["list", "--coordinator", &address, "--token", "ttk_1"]).expect(6);
    assert!(ran.err.contains(&format!("The coordinator at {address} cannot be reached.")), "{}", ran.err);
    assert!(!ran.err.contains("ttk_1"));
    let ran = Machine::new()
        .run(&["status", "shop", "--json", "--coordinator", &address, "--token", "ttk_1"])
        .expect(6);
    assert_eq!(ran.json()["error"]["code"], "coordinator_unreachable");
}

#[test]
fn something_else_at_the_address_is_told_apart() {
    let fake = Fake::new();
    fake.on("GET /v1/deployments", [Reply::events("<html>hello</html>")]);
    let ran = Machine::new().at(&fake, &["list"]).expect(1);
    assert!(ran.err.contains("not as a Ttalkak coordinator does"), "{}", ran.err);
}
