//! A person's session that nobody sees: home, runtime folder, bus and screen of its own, all gone with it.

use crate::{
    daemon::Daemon,
    unseen::{self, serve, signal},
    x11::X11,
};
use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A busy machine of two cores needs a while for a webview.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

pub(crate) struct Session {
    home: tempfile::TempDir,
    bus: Option<Child>,
    screen: Option<Child>,
    pub(crate) bus_address: Option<String>,
    pub(crate) display: Option<String>,
    x11: Option<X11>,
    children: Vec<Child>,
    /// Beside the usual environment.
    pub(crate) env: Vec<(String, String)>,
}

/// Whether the session can be had; says why not. `TTALKAK_REQUIRE_DESKTOP=1` makes a skip a failure.
pub(crate) fn possible() -> bool {
    let missing: Vec<&str> = ["dbus-daemon", "Xvfb", "WebKitWebDriver"]
        .into_iter()
        .filter(|program| {
            let paths = std::env::var_os("PATH").unwrap_or_default();
            !std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
        })
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(std::env::var_os("TTALKAK_REQUIRE_DESKTOP").is_none(), "missing: {}", missing.join(", "));
    eprintln!("SKIPPED: the desktop app is not tested here, as these are missing: {}", missing.join(", "));
    false
}

impl Session {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        unseen::settle(home.path()).unwrap();
        Self {
            home,
            bus: None,
            screen: None,
            bus_address: None,
            display: None,
            x11: None,
            children: Vec::new(),
            env: Vec::new(),
        }
    }

    /// With a session bus.
    pub(crate) fn with_bus(mut self) -> Self {
        let (bus, address) = serve(self.command("dbus-daemon").args(unseen::BUS)).unwrap();
        self.bus_address = Some(address);
        self.bus = Some(bus);
        self
    }

    /// With a screen.
    pub(crate) fn with_screen(mut self) -> Self {
        let (screen, number) = serve(self.command("Xvfb").args(unseen::SCREEN)).unwrap();
        let display = format!(":{number}");
        self.x11 = Some(X11::connect(&display).unwrap());
        self.display = Some(display);
        self.screen = Some(screen);
        self
    }

    pub(crate) fn run_folder(&self) -> PathBuf {
        self.home.path().join("run/ttalkak")
    }

    /// A stand-in for the daemon, at the socket where the app looks for it.
    pub(crate) async fn daemon(&self) -> Daemon {
        fs::create_dir_all(self.run_folder()).unwrap();
        Daemon::start(self.run_folder().join("agent.sock")).await
    }

    /// A command with this session's environment and nothing of ours.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        unseen::within(&mut command, self.home.path(), self.display.as_deref(), self.bus_address.as_deref());
        command.env("LANG", "C.UTF-8").env("TTALKAK_LOG", "debug,zbus=warn");
        command.envs(self.env.iter().map(|(key, value)| (key, value))).stdin(Stdio::null());
        command
    }

    pub(crate) fn app(&self, arguments: &[&str]) -> Command {
        let installed = self.programs().join("ttalkak-desktop");
        let tray = if installed.exists() { installed } else { env!("CARGO_BIN_EXE_ttalkak-desktop").into() };
        let mut app = self.command(&tray.to_string_lossy());
        app.args(arguments);
        app
    }

    /// From now on the app is this session's own copy of the tray, with no program beside it.
    pub(crate) fn install_tray_alone(&self) {
        fs::create_dir_all(self.programs()).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_ttalkak-desktop"), self.programs().join("ttalkak-desktop")).unwrap();
    }

    /// Where this session's own copies are.
    pub(crate) fn programs(&self) -> PathBuf {
        self.home.path().join("programs")
    }

    /// The daemon's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join(".local/share/ttalkak-agent")
    }

    /// Starts the tray and returns its process.
    pub(crate) fn start(&mut self, arguments: &[&str]) -> u32 {
        let child = self.app(arguments).spawn().unwrap();
        let id = child.id();
        self.children.push(child);
        id
    }

    /// The code with which a program of this session ended; `None` while it runs.
    pub(crate) fn ended(&mut self, id: u32) -> Option<Option<i32>> {
        let child = self.children.iter_mut().find(|child| child.id() == id).unwrap();
        child.try_wait().unwrap().map(|status| status.code())
    }

    pub(crate) fn keep(&mut self, child: Child) {
        self.children.push(child);
    }

    /// The app's window, when it is seen.
    pub(crate) fn window(&self) -> Option<u32> {
        self.x11.as_ref().unwrap().window(&["Ttalkak", "딸깍"])
    }

    /// Clicks the cross of the app's window.
    pub(crate) fn close_window(&self) {
        let window = self.window().unwrap();
        self.x11.as_ref().unwrap().close(window).unwrap();
    }

    /// Processes of this program that belong to this session.
    pub(crate) fn processes(&self, program: &str) -> Vec<u32> {
        unseen::processes(self.home.path(), &[program])
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for id in unseen::processes(self.home.path(), unseen::PROGRAMS) {
            signal(id, "KILL");
        }
        for child in self.children.iter_mut().chain(&mut self.screen).chain(&mut self.bus) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while !holds().await {
        assert!(begin.elapsed() < WITHIN, "not within {} s: {what}", WITHIN.as_secs());
        looks.tick().await;
    }
}
