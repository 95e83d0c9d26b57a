use super::*;
use crate::{error::ErrorCode, id::LeaseId, unit::UnixMillis};
use serde_json::json;

fn lease() -> LeaseId {
    LeaseId::new(uuid::Uuid::from_u128(7))
}

#[test]
fn an_ask_is_one_flat_object() {
    let asks = [
        (Ask { n: 1, call: Call::Resume }, json!({"n": 1, "call": "resume"})),
        (
            Ask { n: 2, call: Call::Pause { until: Some(UnixMillis(0)), running: Treatment::Keep } },
            json!({"n": 2, "call": "pause", "until": "1970-01-01T00:00:00.000Z", "running": {"treatment": "keep"}}),
        ),
        (
            Ask { n: 3, call: Call::StopWorkload { lease: lease() } },
            json!({"n": 3, "call": "stop_workload", "lease": lease()}),
        ),
        (
            Ask { n: 4, call: Call::Look { at: vec![Section::Machine] } },
            json!({"n": 4, "call": "look", "at": ["machine"]}),
        ),
    ];
    for (ask, shape) in asks {
        assert_eq!(serde_json::to_value(&ask).unwrap(), shape);
        assert_eq!(serde_json::from_value::<Ask>(shape).unwrap(), ask);
    }
}

#[test]
fn what_is_told_says_what_it_is_and_reads_back() {
    let notice = Notice {
        id: 3,
        at: UnixMillis(0),
        weight: NoticeWeight::Warn,
        announce: true,
        what: NoticeKind::ClockJumped { by_ms: -5 },
    };
    let news = Told::News(News::Notices(Notices { items: vec![notice], read_up_to: 2, unread: 1 }));
    let shape = json!({"told": "news", "section": "notices", "now": {
        "items": [{"id": 3, "at": "1970-01-01T00:00:00.000Z", "weight": "warn", "announce": true, "kind": "clock_jumped", "by_ms": -5}],
        "read_up_to": 2, "unread": 1,
    }});
    assert_eq!(serde_json::to_value(&news).unwrap(), shape);
    assert_eq!(serde_json::from_value::<Told>(shape).unwrap(), news);

    let problem = Problem::new(ErrorCode::SettingInvalid, "No.");
    let faults = vec![Fault { field: "limits.cpu".to_owned(), problem: problem.clone() }];
    for told in [
        Told::Answer { n: 1, reply: Reply::Done },
        Told::Answer { n: 1, reply: Reply::ProgramLog { lines: Vec::new() } },
        Told::Refused { n: 2, problem, faults },
        Told::Lines(LogNews {
            of: LogOf::Workload { lease: lease() },
            lines: vec![],
            skipped: 1,
            anew: true,
        }),
    ] {
        let text = serde_json::to_string(&told).unwrap();
        assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), told, "{text}");
    }
}

#[test]
fn a_notice_of_a_newer_daemon_is_read_as_unknown() {
    let text = r#"{"id":1,"at":"1970-01-01T00:00:00.000Z","weight":"info","announce":false,"kind":"brand_new","x":1}"#;
    assert_eq!(serde_json::from_str::<Notice>(text).unwrap().what, NoticeKind::Unknown);
}

#[test]
fn a_patch_names_only_what_changes_and_nothing_else() {
    let patch: SettingsPatch = serde_json::from_value(json!({"autostart": true})).unwrap();
    assert_eq!(patch, SettingsPatch { autostart: Some(true), ..SettingsPatch::default() });
    assert!(serde_json::from_value::<SettingsPatch>(json!({"autostrat": true})).is_err());
}

#[test]
fn a_code_or_key_is_not_printed() {
    let ask = Ask {
        n: 1,
        call: Call::ImportWallet {
            key: crate::Secret::new("0xdeadbeef".to_owned()),
            passphrase: None,
            replace: false,
        },
    };
    assert!(!format!("{ask:?}").contains("deadbeef"));
}
