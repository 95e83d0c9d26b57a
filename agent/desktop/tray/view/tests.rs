use super::*;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

fn voice(lang: Lang) -> Voice {
    Voice { lang, zone: TimeZone::fixed(jiff::tz::offset(9)) }
}

/// 2026-11-26 23:30 in Seoul.
const NOW: UnixMillis = UnixMillis(1_795_703_400_000);

/// A daemon that answers and says this of lending, link and engine.
fn known(lending: Value, link: &str, engine: &str) -> Known {
    let at = "2026-11-26T14:00:00Z";
    let status = json!({
        "setup": { "consent": 1, "enrolled": null, "limits_chosen": true, "payee_known": true, "done": true },
        "link": { "state": link, "since": at, "problem": null },
        "engine": { "state": engine, "since": at, "name": null, "address": null, "problem": null },
        "lending": {
            "state": lending, "since": at, "accepting": true, "running": { "treatment": "keep" },
            "stops_at": null, "next": null,
            "senses": { "idle": { "sense": "unknown", "why": "" }, "fullscreen": null, "battery": null }
        },
        "counts": { "live": 0, "coming": 0, "troubled": 0, "stopping": 0 },
        "at": at
    });
    let status = serde_json::from_value(status).unwrap();
    Known { daemon: Daemon::Here, status: Some(status), ..Known::default() }
}

fn drawn(known: &Known) -> View {
    view(known, &voice(Lang::En), NOW)
}

/// The labels of the menu, what lies deeper behind dots.
fn labels(items: &[Item]) -> Vec<String> {
    let line = |item: &Item| match item {
        Item::Text(text) | Item::Click(text, _) => vec![text.clone()],
        Item::Menu(text, lines) => {
            let deeper = labels(lines).into_iter().map(|label| format!("· {label}"));
            std::iter::once(text.clone()).chain(deeper).collect()
        }
        Item::Line => vec!["—".to_owned()],
    };
    items.iter().flat_map(line).collect()
}

#[test]
fn while_it_lends_one_can_pause_and_leave() {
    let view = drawn(&known(json!({ "state": "lending" }), "connected", "up"));
    assert_eq!((view.icon, view.headline.as_str()), (IconState::Lending, "Lending"));
    let menu = [
        "Lending",
        "—",
        "Open Ttalkak",
        "Pause",
        "· For 1 hour",
        "· For 4 hours",
        "· Until tomorrow, 8:00",
        "Leave",
        "· In 10 minutes",
        "· In 30 minutes",
        "· In 60 minutes",
        "—",
        "Quit…",
    ];
    assert_eq!(labels(&view.menu), menu);
}

#[test]
fn a_pause_says_until_when_and_can_be_ended() {
    let paused = json!({ "state": "paused", "until": "2026-11-26T15:30:00Z" });
    let view = drawn(&known(paused, "connected", "up"));
    assert_eq!((view.icon, view.headline.as_str()), (IconState::Paused, "Paused until tomorrow 00:30"));
    assert!(view.menu.contains(&Item::Click("Resume lending".to_owned(), Act::Ask(Call::Resume))));
}

#[test]
fn a_problem_is_shown_while_lending_is_wanted_and_not_while_it_is_paused() {
    let lending = json!({ "state": "lending" });
    for (link, engine, says) in [
        ("refused", "up", "The coordinator refuses this computer"),
        ("connected", "down", "The container engine does not answer"),
        ("down", "up", "The coordinator cannot be reached"),
    ] {
        let view = drawn(&known(lending.clone(), link, engine));
        assert_eq!((view.icon, view.headline.as_str()), (IconState::Problem, says));
    }
    let paused = json!({ "state": "paused", "until": null });
    assert_eq!(drawn(&known(paused, "down", "down")).icon, IconState::Paused);
    assert_eq!(drawn(&known(json!({ "state": "off" }), "down", "down")).icon, IconState::Paused);
}

#[test]
fn without_a_daemon_the_menu_offers_to_start_it_and_nothing_that_it_would_do() {
    let stopped = Known { daemon: Daemon::Stopped, ..Known::default() };
    let menu = ["The service is stopped", "—", "Open Ttalkak", "Start the service", "—", "Quit…"];
    assert_eq!(labels(&drawn(&stopped).menu), menu);
    let failing = Known { daemon: Daemon::Failing, ..Known::default() };
    assert_eq!(drawn(&failing).icon, IconState::Problem);
}

#[test]
fn two_hundred_workloads_leave_the_menu_short() {
    let row = |at: u32| {
        json!({
            "lease": format!("lea_{at:032x}"), "deployment": format!("dep_{at:032x}"),
            "release": format!("rel_{at:032x}"), "name": format!("app-{at}"), "exposure": "http",
            "url": null, "phase": { "phase": "healthy" }, "since": "2026-11-26T14:00:00Z",
            "cpu": 500, "memory": 1, "memory_used": null, "restarts": 0, "port": null,
            "container_port": 80, "image": null, "image_bytes": null, "timings": {}, "stop_grace": 0,
            "paid": null, "may": [], "given_back": false
        })
    };
    let rows: Vec<Value> = (0..200).map(row).collect();
    let workloads = serde_json::from_value(json!({ "rows": rows })).unwrap();
    let known =
        Known { workloads: Some(workloads), ..known(json!({ "state": "lending" }), "connected", "up") };
    let menu = labels(&drawn(&known).menu);
    assert_eq!(menu[1..3], ["200 apps", "· app-0 · live"]);
    assert_eq!(menu[14], "· and 188 more");
}

#[test]
fn until_tomorrow_is_the_next_morning_by_the_persons_clock() {
    let Call::Pause { until: Some(until), .. } = pause_until_tomorrow(&voice(Lang::Ko), NOW) else {
        panic!("a pause with an end")
    };
    assert_eq!(until.to_string(), "2026-11-26T23:00:00.000Z", "8:00 on the 27th in Seoul");
}
