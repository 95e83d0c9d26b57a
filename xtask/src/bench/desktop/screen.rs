//! A session that nobody sees, and what its processes weigh and use.

use super::{
    unseen::{self, processes, serve},
    x11::X11,
};
use crate::bench::go_on;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A window on a busy machine; the figure itself is judged elsewhere.
const WITHIN: Duration = Duration::from_secs(60);
/// The kernel counts processor time in hundredths of a second on every Linux.
const TICKS: f64 = 100.0;

pub(super) struct Screen {
    home: PathBuf,
    servers: Vec<Child>,
    display: String,
    x11: X11,
    bus: String,
    programs: Vec<Child>,
}

impl Screen {
    /// Starts an X server and a session bus in a home of their own.
    pub(super) fn start() -> Result<Self> {
        let home = std::env::temp_dir().join(format!("ttalkak-bench-{}", std::process::id()));
        unseen::settle(&home)?;
        let (mut x, display) = serve(Command::new("Xvfb").args(unseen::SCREEN))?;
        let (bus, address) = match serve(Command::new("dbus-daemon").args(unseen::BUS)) {
            Ok(started) => started,
            Err(error) => {
                let _ = x.kill();
                return Err(error);
            }
        };
        let display = format!(":{display}");
        let x11 = X11::connect(&display)?;
        Ok(Self { home, servers: vec![x, bus], display, x11, bus: address, programs: Vec::new() })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        unseen::within(&mut command, &self.home, Some(&self.display), Some(&self.bus));
        for key in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "WAYLAND_DISPLAY"] {
            command.env_remove(key);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    pub(super) fn spawn(&mut self, program: &Path, arguments: &[&str]) -> Result<()> {
        let child = self.command(program).args(arguments).spawn();
        self.programs.push(child.with_context(|| format!("start {}", program.display()))?);
        Ok(())
    }

    /// A window is there when it is mapped and its page has drawn its first frame into it.
    pub(super) fn wait_for_window(&self, titles: &[&str]) -> Result<()> {
        self.until("the window", || self.x11.window(titles).is_some())
    }

    pub(super) fn close_window(&self, titles: &[&str]) -> Result<()> {
        self.x11.close(self.x11.window(titles).context("the window to close")?)
    }

    /// A window is gone when its program is, and the X server has noticed: it shows a dead one's window for a moment.
    pub(super) fn wait_for_end(&self, program: &str, titles: &[&str]) -> Result<()> {
        self.until("the window's end", || {
            processes(&self.home, &[program]).is_empty() && self.x11.window(titles).is_none()
        })
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) -> Result<()> {
        let begin = Instant::now();
        while !holds() {
            go_on()?;
            if begin.elapsed() > WITHIN {
                bail!("{what} did not come within {} s", WITHIN.as_secs());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Proportional memory of these programs' processes, in MiB: pages that several share count in parts.
    pub(super) fn weigh(&self, programs: &[&str]) -> Result<f64> {
        let mut kib = 0.0;
        for id in processes(&self.home, programs) {
            let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).context("weigh a process")?;
            let line =
                rollup.lines().find_map(|line| line.strip_prefix("Pss:")).context("weigh a process")?;
            kib += line.trim().trim_end_matches(" kB").parse::<f64>().context("weigh a process")?;
        }
        Ok(kib / 1024.0)
    }

    /// The share of a core that these programs use over a while, in percent.
    pub(super) fn busy(&self, programs: &[&str], span: Duration) -> Result<f64> {
        let ids = processes(&self.home, programs);
        let used = || -> f64 { ids.iter().map(|id| ticks(*id)).sum() };
        let (before, begin) = (used(), Instant::now());
        while begin.elapsed() < span {
            go_on()?;
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok((used() - before) / TICKS / begin.elapsed().as_secs_f64() * 100.0)
    }
}

/// User and system time of a process: the 14th and 15th field, counted after the name in brackets.
fn ticks(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum()
}

impl Drop for Screen {
    fn drop(&mut self) {
        for id in processes(&self.home, unseen::PROGRAMS) {
            unseen::signal(id, "KILL");
        }
        for child in self.programs.iter_mut().chain(&mut self.servers) {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}
