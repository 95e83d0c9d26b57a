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
    let team = json!({ "id": "acc_00000000000000000000000000000001", "name": "blue", "personal": false,
        "role": "owner", "created_at": "2026-11-20T00:00:00Z" });
    fake.on("GET /v1/session", [Reply::json(json!({ "team": team, "teams": [team], "scope": "full" }))]);
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
    assert_eq!(fake.seen("GET /v1/session")[0].header("authorization"), Some("Bearer ttk_piped"));
}

#[test]
fn by_a_code_that_is_approved_elsewhere_and_nothing_secret_is_shown() {
    let (fake, machine) = (welcoming(), Machine::new());
    let asked = json!({ "device_code": "ttd_secret", "user_code": "ACDE-FGHJ",
        "verification_url": "https://console.test/device", "every_ms": 1, "expires_at": "2036-11-20T00:00:00Z" });
    fake.on("POST /v1/devices", [Reply::json(asked)]);
    fake.on(
        "POST /v1/devices/poll",
        [
            Reply::json(json!({ "state": "waiting" })),
            Reply::error(429, "rate_limited", "Asked too often."),
            Reply::json(json!({ "state": "approved", "token": "ttk_given" })),
        ],
    );
    let line = ["login", "--device", "--scope", "deploy", "--coordinator", &fake.url()];
    let ran = machine.run(&line).expect(0);
    assert!(ran.err.contains("https://console.test/device") && ran.err.contains("ACDE-FGHJ"), "{}", ran.err);
    assert!(ran.out.contains("team blue"), "{}", ran.out);
    assert!(!format!("{}{}", ran.out, ran.err).contains("ttd_secret"));
    assert!(!format!("{}{}", ran.out, ran.err).contains("ttk_given"));
    machine.run(&["list"]).expect(0);
    assert_eq!(fake.seen("GET /v1/deployments")[0].header("authorization"), Some("Bearer ttk_given"));
    assert_eq!(fake.seen("POST /v1/devices")[0].json()["scope"], "deploy");

    fake.on("POST /v1/devices/poll", [Reply::json(json!({ "state": "denied" }))]);
    let ran = Machine::new().run(&["login", "--device", "--json", "--coordinator", &fake.url()]);
    assert_eq!(ran.json()["error"]["code"], "sign_in_denied");
    Machine::new().run(&["login", "--device", "--scope", "all", "--coordinator", &fake.url()]).expect(2);
}

#[test]
fn a_token_that_is_refused_is_not_kept() {
    let (fake, machine) = (welcoming(), Machine::new());
    fake.on("GET /v1/session", [Reply::error(401, "unauthorized", "The token is not valid.")]);
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
