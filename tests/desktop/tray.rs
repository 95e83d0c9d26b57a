//! The tray over D-Bus.

use crate::{
    daemon::lending,
    panel::Panel,
    session::{Session, possible, until},
    unseen::signal,
};
use serde_json::json;

async fn panel(session: &Session) -> Panel {
    Panel::start(session.bus_address.as_ref().unwrap()).await
}

#[tokio::test]
async fn the_tray_shows_the_state_and_its_menu_pauses_and_resumes() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let (panel, daemon) = (panel(&session).await, session.daemon().await);
    session.start(&["--hidden"]);
    until("lending", async || panel.labels().await.first().is_some_and(|line| line == "Lending")).await;
    assert_eq!(panel.title().await, "Ttalkak");
    let lit = panel.icon().await;
    panel.click("For 4 hours").await;
    until("paused", async || panel.labels().await[0].starts_with("Paused until")).await;
    assert_ne!(panel.icon().await, lit);
    let asked = daemon.asked("pause");
    assert!(asked[0]["until"].is_string() && asked[0]["running"]["treatment"] == "keep", "{asked:?}");
    panel.click("Resume lending").await;
    until("lending again", async || panel.labels().await[0] == "Lending").await;
    assert_eq!(panel.icon().await, lit);
    panel.click("In 30 minutes").await;
    until("leaving", async || daemon.asked("leave_in").iter().any(|ask| ask["minutes"] == 30)).await;
}

#[tokio::test]
async fn a_problem_changes_the_icon_and_korean_is_spoken_when_the_owner_wants_it() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let (panel, daemon) = (panel(&session).await, session.daemon().await);
    session.start(&["--hidden"]);
    until("lending", async || panel.labels().await.first().is_some_and(|line| line == "Lending")).await;
    let lit = panel.icon().await;
    let mut status = lending(json!({ "state": "lending" }));
    status["engine"]["state"] = json!("down");
    daemon.sections.tell("status", status);
    let says = "The container engine does not answer";
    until(says, async || panel.labels().await[0] == says).await;
    assert_ne!(panel.icon().await, lit);
}

#[tokio::test]
async fn a_second_start_ends_at_once_and_quitting_ends_daemon_and_tray_in_order() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let (panel, daemon) = (panel(&session).await, session.daemon().await);
    let tray = session.start(&["--hidden"]);
    until("a menu", async || !panel.labels().await.is_empty()).await;
    let second = session.start(&["--hidden"]);
    until("the second ends", async || session.ended(second) == Some(Some(0))).await;
    assert_eq!(session.ended(tray), None);
    panel.click("Quit…").await;
    until("the tray ends", async || session.ended(tray) == Some(Some(0))).await;
    assert_eq!(daemon.asked("shutdown").len(), 1);
    assert!(daemon.ended());
}

#[tokio::test]
async fn a_daemon_that_was_killed_is_missed_and_found_again() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let (panel, mut daemon) = (panel(&session).await, session.daemon().await);
    session.start(&["--hidden"]);
    until("lending", async || panel.labels().await.first().is_some_and(|line| line == "Lending")).await;
    daemon.die();
    until("missed", async || panel.labels().await[0].to_lowercase().contains("service")).await;
    daemon.again();
    until("found", async || panel.labels().await[0] == "Lending").await;
}

#[tokio::test]
async fn a_notice_that_the_owner_wants_is_announced_once_and_as_text() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let (panel, daemon) = (panel(&session).await, session.daemon().await);
    let notice = |id: u64, announce: bool| {
        json!({
            "id": id, "at": "2026-11-26T14:00:00Z", "weight": "info", "announce": announce,
            "kind": "workload_live", "lease": format!("lea_{id:032x}"), "name": format!("<b>shop {id}</b>")
        })
    };
    let tell = |items: Vec<serde_json::Value>| {
        daemon.sections.tell("notices", json!({ "items": items, "read_up_to": 0, "unread": items.len() }));
    };
    tell(vec![notice(1, true)]);
    session.start(&["--hidden"]);
    until("lending", async || panel.labels().await.first().is_some_and(|line| line == "Lending")).await;
    tell(vec![notice(3, false), notice(2, true), notice(1, true)]);
    tell(vec![notice(4, true), notice(3, false), notice(2, true), notice(1, true)]);
    until("announced", async || panel.announced().len() == 2).await;
    let mut texts: Vec<String> = panel.announced().into_iter().map(|(_, text)| text).collect();
    texts.sort();
    assert_eq!(texts, ["&lt;b&gt;shop 2&lt;/b&gt;", "&lt;b&gt;shop 4&lt;/b&gt;"]);
}

#[tokio::test]
async fn without_a_session_bus_the_app_runs_and_can_be_ended() {
    if !possible() {
        return;
    }
    let mut session = Session::new();
    let daemon = session.daemon().await;
    let tray = session.start(&["--hidden"]);
    until("it listens", async || session.run_folder().join("tray.sock").exists()).await;
    let quit = session.start(&["--quit"]);
    until("it ends", async || session.ended(tray) == Some(Some(0)) && session.ended(quit) == Some(Some(0)))
        .await;
    assert!(daemon.ended());
}

#[tokio::test]
async fn an_item_comes_when_a_panel_does_and_a_signal_leaves_the_daemon_alone() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus();
    let daemon = session.daemon().await;
    let tray = session.start(&["--hidden"]);
    until("it listens", async || session.run_folder().join("tray.sock").exists()).await;
    let panel = panel(&session).await;
    until("a late item", async || panel.labels().await.first().is_some_and(|line| line == "Lending")).await;
    signal(tray, "TERM");
    until("it ends", async || session.ended(tray) == Some(Some(0))).await;
    assert!(daemon.asked("shutdown").is_empty() && !daemon.ended());
}
