//! `deploy`: what it asks the coordinator for, what it tells, how it ends.

use crate::{
    Machine,
    fake::{Fake, Reply, deployment, line, release, rolling},
};
use serde_json::{Value, json};

const SHOP: &str = "/v1/deployments/shop";
const GIT: &str = "https://example.com/me/shop";

fn accepted(number: u32) -> Reply {
    let body = json!({
        "deployment": rolling(number, "requested", "fetch_source", None),
        "release": release(number, "rolling", json!({})),
    });
    Reply::json(body)
}

fn not_found() -> Reply {
    Reply::error(404, "not_found", "There is no deployment shop.")
}

fn plan() -> Value {
    json!({ "platform": "vite", "framework": "react", "package_manager": "npm", "runtime": "node 24" })
}

/// A coordinator that brings release 1 of shop to live.
fn happy() -> Fake {
    let fake = Fake::new();
    let live = deployment("live", json!({ "release": 1 }));
    fake.on("POST /v1/deployments", [accepted(1)]);
    fake.on(
        &format!("GET {SHOP}"),
        [
            not_found(),
            Reply::json(rolling(1, "requested", "fetch_source", None)),
            Reply::json(rolling(1, "building", "await_image", Some("step 4 of 7: npm ci"))),
            Reply::json(rolling(1, "connecting", "await_healthy", None)),
            Reply::json(live),
        ],
    );
    fake.on(
        &format!("GET {SHOP}/releases/1"),
        [
            Reply::json(release(1, "rolling", json!({ "plan": plan() }))),
            Reply::json(release(1, "live", json!({ "plan": plan() }))),
        ],
    );
    fake.on(
        &format!("GET {SHOP}/logs"),
        [Reply::events(&format!("{}event: end\n\n", line(1, "added 12 packages")))],
    );
    fake
}

#[test]
fn a_repository_goes_live_and_its_address_alone_is_the_result() {
    let fake = happy();
    let ran = Machine::new()
        .at(
            &fake,
            &[
                "deploy", GIT, "--branch", "main", "--env", "A=1", "--secret", "B=2", "--memory", "256MiB",
                "--cpu", "0.5",
            ],
        )
        .expect(0);
    assert_eq!(ran.out, "http://shop.localhost:7780\n");
    for text in [
        "✓ Source",
        "✓ Detected Vite (react) · npm · node 24",
        "Building · step 4 of 7 · npm ci",
        "  added 12 packages",
        "✓ Connect",
        "✓ Live · release 1",
    ] {
        assert!(ran.err.contains(text), "{text} is missing in\n{}", ran.err);
    }
    let request = &fake.seen("POST /v1/deployments")[0];
    assert_eq!(request.header("authorization"), Some("Bearer ttk_test"));
    assert!(request.header("idempotency-key").is_some());
    assert_eq!(
        request.json(),
        json!({
            "name": "shop",
            "source": { "kind": "git", "url": GIT, "branch": "main" },
            "env": [
                { "key": "A", "value": "1", "scope": "both", "secret": false },
                { "key": "B", "value": "2", "scope": "both", "secret": true },
            ],
            "exposure": "http", "memory_bytes": 268_435_456, "milli_cpu": 500,
        })
    );
}

#[test]
fn with_json_there_is_one_document_and_nothing_else() {
    let ran = Machine::new().at(&happy(), &["deploy", GIT, "--json"]).expect(0);
    assert_eq!(ran.err, "");
    assert_eq!(
        (&ran.json()["deployment"]["state"], &ran.json()["release"]["number"]),
        (&json!("live"), &json!(1))
    );
}

#[test]
fn a_name_that_exists_gets_its_next_release() {
    let fake = happy();
    let before = deployment("live", json!({ "release": 1, "git_url": GIT }));
    fake.on(
        &format!("GET {SHOP}"),
        [
            Reply::json(before),
            Reply::json(rolling(2, "live", "await_image", None)),
            Reply::json(deployment("live", json!({ "release": 2 }))),
        ],
    );
    fake.on(&format!("POST {SHOP}/redeploy"), [accepted(2)]);
    fake.on(&format!("GET {SHOP}/releases/2"), [Reply::json(release(2, "live", json!({})))]);
    let ran = Machine::new().at(&fake, &["deploy", GIT, "--git-token", "ghp_1", "-e", "A=2"]).expect(0);
    assert!(ran.err.contains("shop exists: this becomes its next release"), "{}", ran.err);
    assert!(!ran.err.contains("ghp_1") && !ran.out.contains("ghp_1"));
    let body = fake.seen(&format!("POST {SHOP}/redeploy"))[0].json();
    assert_eq!(body["source"], json!({ "kind": "git", "url": GIT, "token": "ghp_1" }));
    assert_eq!(body["env"][0]["key"], "A");
    assert!(fake.seen("POST /v1/deployments").is_empty());
}

#[test]
fn a_build_that_fails_is_told_with_its_last_lines_and_exit_7() {
    let fake = happy();
    let problem = json!({ "code": "build_failed", "message": "Step 4 of the build failed: npm ci.", "next": "Mend it." });
    fake.on(
        &format!("GET {SHOP}"),
        [
            not_found(),
            Reply::json(rolling(1, "building", "await_image", None)),
            Reply::json(deployment("ended", json!({ "reason": "failed", "problem": problem }))),
        ],
    );
    let lines: Vec<String> = (1..=30).map(|n| format!("npm ERR {n}")).collect();
    let failed = release(1, "failed", json!({ "problem": problem, "last_lines": lines }));
    fake.on(&format!("GET {SHOP}/releases/1"), [Reply::json(failed)]);
    let ran = Machine::new().at(&fake, &["deploy", GIT]).expect(7);
    assert_eq!(ran.out, "");
    let end = "  npm ERR 30\n✗ Step 4 of the build failed: npm ci.\n  Mend it.\n  build_failed\n";
    assert!(ran.err.ends_with(end), "{}", ran.err);
    assert!(ran.err.contains("npm ERR 11\n") && !ran.err.contains("npm ERR 10\n"));

    fake.on(
        &format!("GET {SHOP}"),
        [not_found(), Reply::json(deployment("ended", json!({ "reason": "failed" })))],
    );
    let body = Machine::new().at(&fake, &["deploy", GIT, "--json"]).expect(7).json();
    assert_eq!(
        (&body["error"]["code"], body["last_lines"].as_array().unwrap().len()),
        (&json!("build_failed"), 30)
    );
}

#[test]
fn a_folder_is_planned_packed_and_sent() {
    let (fake, machine) = (happy(), Machine::new());
    let app =
        machine.app(&[("index.html", "<h1>hi</h1>"), (".env", "SECRET=x"), ("node_modules/a/i.js", "1")]);
    let upload = std::sync::Mutex::new(None);
    // The digest is only known once the bytes have come, so the first run learns it.
    let answer = |digest: &str| {
        Reply::json(json!({
            "id": "upl_00000000000000000000000000000009", "digest": digest, "bytes": 1,
            "expires_at": "2026-11-18T11:06:40.123Z",
        }))
    };
    fake.on("POST /v1/uploads", [answer("0")]);
    let ran = machine.at(&fake, &["deploy", &app, "--name", "shop", "--json"]).expect(1);
    let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
    let digest = message.split_whitespace().find(|word| word.trim_end_matches(',').len() == 64).unwrap();
    *upload.lock().unwrap() = Some(digest.trim_end_matches(',').to_owned());

    let fake = happy();
    fake.on("POST /v1/uploads", [answer(upload.lock().unwrap().as_deref().unwrap())]);
    let ran = machine.at(&fake, &["deploy", &app, "--name", "shop"]).expect(0);
    for text in ["✓ Detected a static site", "Left out .env", "✓ Packed 1 file ·", "✓ Sent"] {
        assert!(ran.err.contains(text), "{text} is missing in\n{}", ran.err);
    }
    let sent = &fake.seen("POST /v1/uploads")[0];
    assert_eq!(sent.header("content-type"), Some("application/gzip"));
    assert!(sent.body.starts_with(&[0x1f, 0x8b]), "not gzip");
    assert_eq!(sent.header("content-length"), Some(sent.body.len().to_string().as_str()));
    assert_eq!(
        fake.seen("POST /v1/deployments")[0].json()["source"],
        json!({ "kind": "upload", "upload": "upl_00000000000000000000000000000009" })
    );
}

#[test]
fn a_folder_with_nothing_to_build_is_refused_before_anything_is_sent() {
    let (fake, machine) = (happy(), Machine::new());
    let app = machine.app(&[("notes.txt", "hi")]);
    let ran = machine.at(&fake, &["deploy", &app, "--name", "shop"]).expect(1);
    assert!(ran.err.contains("nothing_detected"), "{}", ran.err);
    assert!(fake.seen("POST /v1/uploads").is_empty());
}

#[test]
fn without_waiting_the_address_comes_at_once() {
    let fake = happy();
    let ran = Machine::new().at(&fake, &["deploy", GIT, "--no-wait"]).expect(0);
    assert_eq!(ran.out, "http://shop.localhost:7780\n");
    assert_eq!(fake.seen(&format!("GET {SHOP}")).len(), 1);
}

#[test]
fn a_refusal_of_the_coordinator_is_told_in_its_words() {
    let fake = happy();
    fake.on("POST /v1/deployments", [Reply::error(409, "name_taken", "Somebody has shop.")]);
    let ran = Machine::new().at(&fake, &["deploy", GIT]).expect(5);
    assert!(
        ran.err.ends_with("✗ Somebody has shop.\n  Do something else.\n  name_taken · request req_1\n"),
        "{}",
        ran.err
    );
}

#[test]
fn a_post_that_is_tried_again_carries_the_same_key() {
    let fake = happy();
    fake.on("POST /v1/deployments", [Reply::error(503, "unavailable", "Not now."), accepted(1)]);
    Machine::new().at(&fake, &["deploy", GIT]).expect(0);
    let tries = fake.seen("POST /v1/deployments");
    assert_eq!(tries.len(), 2);
    assert_eq!(tries[0].header("idempotency-key"), tries[1].header("idempotency-key"));
}

#[test]
fn two_deploys_carry_two_keys() {
    let fake = happy();
    for _ in 0..2 {
        fake.on(
            &format!("GET {SHOP}"),
            [not_found(), Reply::json(deployment("live", json!({ "release": 1 })))],
        );
        Machine::new().at(&fake, &["deploy", GIT]).expect(0);
    }
    let tries = fake.seen("POST /v1/deployments");
    assert_ne!(tries[0].header("idempotency-key"), tries[1].header("idempotency-key"));
}

#[test]
fn a_newer_deploy_ends_this_one() {
    let fake = happy();
    fake.on(&format!("GET {SHOP}"), [not_found(), Reply::json(rolling(2, "building", "await_image", None))]);
    fake.on(&format!("GET {SHOP}/releases/1"), [Reply::json(release(1, "cancelled", json!({})))]);
    let ran = Machine::new().at(&fake, &["deploy", GIT]).expect(7);
    assert!(ran.err.contains("superseded"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_deploy_running_and_says_so() {
    use std::io::{BufRead, BufReader, Read};
    let fake = happy();
    fake.on(&format!("GET {SHOP}"), [not_found(), Reply::json(rolling(1, "building", "await_image", None))]);
    let machine = Machine::new();
    let mut child = machine
        .command(&["deploy", GIT])
        .env("TTALKAK_COORDINATOR", fake.url())
        .env("TTALKAK_TOKEN", "ttk_test")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Building") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended before it built");
    }
    let interrupt =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.contains("Release 1 of shop goes on without you."), "{rest}");
    assert!(rest.contains("ttalkak logs shop --build -f") && rest.contains("ttalkak cancel shop"), "{rest}");
}

#[test]
fn a_mistake_in_an_env_file_sends_nothing() {
    let (fake, machine) = (happy(), Machine::new());
    machine.app(&[("prod.env", "A=1\nB 2\n")]);
    let ran = machine.at(&fake, &["deploy", GIT, "--env-file", "app/prod.env"]).expect(2);
    assert!(ran.err.contains("app/prod.env: Line 2: expected KEY=value."), "{}", ran.err);
    assert!(fake.seen(&format!("GET {SHOP}")).is_empty());
    machine.at(&fake, &["deploy", GIT, "--env-file", "app/absent.env"]).expect(2);
}
