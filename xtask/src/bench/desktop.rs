//! The desktop app on a screen that nobody sees: memory of the whole process tree, processor time at rest, how long until
//! the window can be used, and the package's size; beside a bare Tauri window in the same run.

mod bare;
mod screen;
mod unseen;
mod x11;

use super::{
    Options,
    figures::{Goal, median, report, rounded, table},
    go_on,
};
use crate::{desktop, host, package, shell::say};
use anyhow::{Context, Result};
use screen::Screen;
use serde_json::json;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How often the window is opened and closed before the tray is weighed.
const CYCLES: usize = 6;
/// After a start or a close: caches settle, helper processes end.
const SETTLE: Duration = Duration::from_secs(5);
/// So long processor time is counted.
const COUNTED: Duration = Duration::from_secs(30);

/// Everything that was found.
struct Found {
    tray_mb: f64,
    daemon_mb: f64,
    window_mb: f64,
    bare_mb: f64,
    tray_cpu: f64,
    window_cpu: f64,
    open_ms: f64,
    cold_ms: f64,
    deb_mb: Option<f64>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let install = !options.no_install;
    host::ensure(host::WINDOW, install)?;
    host::ensure(host::WINDOW_TESTS, install)?;
    let programs = programs(options, install)?;
    let bare = bare::build(options)?;
    say("Measuring a bare Tauri window.");
    let bare_mb = bare_window(&bare)?;
    say("Measuring the app.");
    let mut found = app(&programs)?;
    found.bare_mb = bare_mb;
    if options.release {
        found.deb_mb = Some(package::pack(true)?.bytes / 1e6);
    }
    tell(&found, options.release);
    Ok(())
}

fn programs(options: &Options, install: bool) -> Result<PathBuf> {
    if !options.no_build {
        say("Building the app (a few minutes the first time).");
        desktop::build(install, options.release)?;
    }
    folder(options.release)
}

/// Where the programs of a build are: its folder stands beside the one that holds us.
fn folder(release: bool) -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the folder of the programs")?;
    let target = own.ancestors().nth(2).context("find the folder of the programs")?;
    Ok(target.join(if release { desktop::PACKED } else { "debug" }))
}

fn bare_window(program: &std::path::Path) -> Result<f64> {
    let mut screen = Screen::start()?;
    screen.spawn(program, &[])?;
    screen.wait_for_window(&["Bare"])?;
    rest(SETTLE)?;
    screen.weigh(&["bare-window", "WebKitNetworkProcess", "WebKitWebProcess"])
}

fn app(programs: &std::path::Path) -> Result<Found> {
    let mut screen = Screen::start()?;
    let tray = programs.join("ttalkak-desktop");
    let begin = Instant::now();
    screen.spawn(&tray, &[])?;
    screen.wait_for_window(WINDOW)?;
    let cold_ms = begin.elapsed().as_secs_f64() * 1e3;
    rest(SETTLE)?;
    let window_mb = screen.weigh(WINDOW_PROCESSES)?;
    let window_cpu = screen.busy(&[WINDOW_PROCESSES, &["ttalkak-desktop"]].concat(), COUNTED)?;
    let mut opens = Vec::new();
    for _ in 0..CYCLES {
        go_on()?;
        screen.close_window(WINDOW)?;
        screen.wait_for_end("ttalkak-window", WINDOW)?;
        let begin = Instant::now();
        screen.spawn(&tray, &[])?;
        screen.wait_for_window(WINDOW)?;
        opens.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    screen.close_window(WINDOW)?;
    screen.wait_for_end("ttalkak-window", WINDOW)?;
    rest(SETTLE)?;
    Ok(Found {
        tray_mb: screen.weigh(&[&["ttalkak-desktop"], WINDOW_PROCESSES].concat())?,
        daemon_mb: screen.weigh(&["ttalkak-agent"])?,
        window_mb,
        bare_mb: 0.0,
        tray_cpu: screen.busy(&["ttalkak-desktop"], COUNTED)?,
        window_cpu,
        open_ms: median(&opens),
        cold_ms,
        deb_mb: None,
    })
}

const WINDOW: &[&str] = &["Ttalkak", "딸깍"];
const WINDOW_PROCESSES: &[&str] = &["ttalkak-window", "WebKitNetworkProcess", "WebKitWebProcess"];

fn rest(span: Duration) -> Result<()> {
    let begin = Instant::now();
    while begin.elapsed() < span {
        go_on()?;
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn tell(found: &Found, release: bool) {
    let rows = [
        ("tray after six windows, MiB", found.tray_mb),
        ("daemon, MiB", found.daemon_mb),
        ("window open, MiB", found.window_mb),
        ("bare Tauri window, MiB", found.bare_mb),
        ("tray at rest, % of a core", found.tray_cpu),
        ("window open, % of a core", found.window_cpu),
        ("tray to window, ms", found.open_ms),
        ("cold start to window, ms", found.cold_ms),
    ];
    let cells: Vec<_> =
        rows.iter().map(|(what, value)| vec![(*what).to_owned(), format!("{value:.2}")]).collect();
    table(&["measured", "found"], &cells);
    let mut goals = vec![
        Goal::at_most("tray after six windows, MiB", found.tray_mb, 60.0),
        Goal::at_most("daemon, MiB", found.daemon_mb, 30.0),
        Goal::at_most("window against a bare one, times", found.window_mb / found.bare_mb, 1.1),
        Goal::at_most("tray at rest, % of a core", found.tray_cpu, 0.1),
        Goal::at_most("window open, % of a core", found.window_cpu, 3.0),
        Goal::at_most("tray to window, ms", found.open_ms, 500.0),
        Goal::at_most("cold start to window, ms", found.cold_ms, 1500.0),
    ];
    goals.extend(found.deb_mb.map(|deb| Goal::at_most("deb with the daemon, MB", deb, 15.0)));
    let details: serde_json::Map<_, _> =
        rows.iter().map(|(what, value)| ((*what).to_owned(), json!(rounded(*value)))).collect();
    report(if release { "desktop-release" } else { "desktop-debug" }, &goals, &details.into());
}
