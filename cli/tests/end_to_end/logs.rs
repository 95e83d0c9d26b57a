//! `logs`: by page, and followed through cuts.

use crate::{
    Machine,
    fake::{Fake, Reply, line},
};
use serde_json::json;

const LOGS: &str = "GET /v1/deployments/shop/logs";

#[test]
fn a_followed_log_goes_on_behind_the_last_line_after_a_cut() {
    let fake = Fake::new();
    let retry = "retry: 1\n\n";
    fake.on(
        LOGS,
        [
            Reply::torn(&format!("{retry}{}{}id: 3\nevent: li", line(1, "one"), line(2, "two"))),
            Reply::error(503, "unavailable", "Not now."),
            // The line at the seam comes twice and is shown once.
            Reply::events(&format!("{}{}", line(2, "two"), line(3, "three"))),
            Reply::events(&format!("{}event: end\n\n", line(4, "four"))),
        ],
    );
    let ran = Machine::new().at(&fake, &["logs", "shop", "-f"]).expect(0);
    assert_eq!(ran.out, "one\ntwo\nthree\nfour\n");
    let seen = fake.seen(LOGS);
    let ids: Vec<_> = seen.iter().map(|seen| seen.header("last-event-id")).collect();
    assert_eq!(ids, [None, Some("2"), Some("2"), Some("3")]);
    assert!(seen.iter().all(|seen| seen.query.contains("follow=true") && seen.query.contains("kind=run")));
}

#[test]
fn the_last_lines_come_without_following_and_cannot_command_the_terminal() {
    let fake = Fake::new();
    let item = json!({
        "id": 1, "release": 1, "stream": "stdout", "at": "2026-11-18T11:06:40.123Z", "text": "\u{1b}]0;title\u{7}hello",
    });
    fake.on(LOGS, [Reply::json(json!({ "items": [item] }))]);
    let ran =
        Machine::new().at(&fake, &["logs", "shop", "--build", "--tail", "5", "--release", "2"]).expect(0);
    assert_eq!(ran.out, "hello\n");
    let query = &fake.seen(LOGS)[0].query;
    for part in ["kind=build", "tail=5", "release=2"] {
        assert!(query.contains(part), "{query}");
    }
    let ran = Machine::new().at(&fake, &["logs", "shop", "--json"]).expect(0);
    assert_eq!(ran.json()["id"], 1);
}

#[test]
fn following_what_does_not_exist_ends_at_once() {
    let ran = Machine::new().at(&Fake::new(), &["logs", "shop", "-f"]).expect(4);
    assert!(ran.err.contains("not_found"), "{}", ran.err);
}
