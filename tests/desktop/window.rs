//! The real window on a screen that nobody sees.

use crate::{
    panel::Panel,
    session::{Session, possible, until},
    unseen::signal,
    web::Driver,
};

const WINDOW: &str = "ttalkak-window";

#[tokio::test]
async fn the_window_opens_and_closes_six_times_and_the_tray_stays() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus().with_screen();
    let panel = Panel::start(session.bus_address.as_ref().unwrap()).await;
    let _daemon = session.daemon().await;
    let tray = session.start(&["--hidden"]);
    until("a menu", async || !panel.labels().await.is_empty()).await;
    assert!(session.processes(WINDOW).is_empty(), "no window was asked for");
    for _ in 0..6 {
        panel.click("Open Ttalkak").await;
        until("the window is there", async || session.window().is_some()).await;
        session.close_window();
        // The X server shows the window of a dead program for a moment.
        until("it is gone", async || session.processes(WINDOW).is_empty() && session.window().is_none())
            .await;
        assert_eq!(session.ended(tray), None);
    }
}

#[tokio::test]
async fn a_second_start_raises_the_one_window_and_a_crash_of_it_costs_no_desk() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus().with_screen();
    let panel = Panel::start(session.bus_address.as_ref().unwrap()).await;
    let daemon = session.daemon().await;
    let tray = session.start(&[]);
    until("the window is there", async || session.window().is_some()).await;
    let window = session.processes(WINDOW);
    let second = session.start(&[]);
    until("the second ends", async || session.ended(second) == Some(Some(0))).await;
    assert_eq!(session.processes(WINDOW), window, "it is the same window");
    signal(window[0], "KILL");
    until("it is gone", async || session.processes(WINDOW).is_empty()).await;
    until("the owner is told", async || !panel.announced().is_empty()).await;
    assert_eq!(session.ended(tray), None);
    let told = u32::try_from(panel.announced().len()).unwrap();
    panel.click_announcement(told).await;
    until("a click on it opens the window again", async || session.window().is_some()).await;
    panel.click("For 1 hour").await;
    until("the tray's desk stands", async || daemon.asked("pause").len() == 1).await;
}

#[tokio::test]
async fn without_a_session_bus_the_window_opens_all_the_same() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_screen();
    let _daemon = session.daemon().await;
    session.start(&[]);
    until("the window is there", async || session.window().is_some()).await;
}

#[tokio::test]
async fn a_page_can_do_nothing_but_what_the_screens_need() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus().with_screen();
    let _daemon = session.daemon().await;
    session.start(&["--hidden"]);
    let driver = Driver::open(&mut session, &[]).await;
    let attempt = async |what: &str| {
        let script = format!(
            "window.said = undefined; Promise.resolve().then(() => {what}).then(() => window.said = 'done', (error) => window.said = 'refused: ' + (error.problem?.code ?? error)); return true"
        );
        driver.script(&script).await;
        until("an answer", async || driver.script("return window.said ?? null").await.is_string()).await;
        driver.script("return window.said").await.as_str().unwrap().to_owned()
    };
    let invoke = "window.__TAURI_INTERNALS__.invoke";
    for forbidden in [
        format!("{invoke}('plugin:updater|download_and_install')"),
        format!("{invoke}('plugin:window|create', {{ options: {{ label: 'x' }} }})"),
        format!("{invoke}('plugin:window-state|save_window_state', {{ flags: 1 }})"),
        "fetch('http://127.0.0.1:7700/')".to_owned(),
        "new Function('return 1')()".to_owned(),
    ] {
        assert!(attempt(&forbidden).await.starts_with("refused"), "{forbidden}");
    }
    let file = format!("{invoke}('open_link', {{ url: 'file:///etc/passwd' }})");
    assert_eq!(attempt(&file).await, "refused: system_missing");
    assert_eq!(attempt(&format!("{invoke}('ask', {{ call: {{ call: 'resume' }} }})")).await, "done");
    assert_eq!(attempt(&format!("{invoke}('about')")).await, "done");
}
