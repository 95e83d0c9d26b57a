//! What the machine tells of its owner: idle time, a fullscreen program, the battery, programs that run. Only what a
//! rule needs is looked at. What nobody tells stays unknown.
//! Deliberately absent: the rules.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::desk::{Battery, IdleSource};

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod screen;

/// Idle time and programs are looked at so often: soon enough for an owner who comes back.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Where Linux tells of batteries.
const POWER: &str = "/sys/class/power_supply";

/// What rules need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Idle time and fullscreen.
    pub owner: bool,
    /// The battery.
    pub battery: bool,
    /// Names of programs, as the settings call them.
    pub programs: Vec<String>,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sensed {
    /// Since the last key or mouse move, and who says so.
    pub idle: Option<(Duration, IdleSource)>,
    /// Whether a fullscreen program has the screen.
    pub fullscreen: Option<bool>,
    /// The battery, when there is one.
    pub battery: Option<Battery>,
    /// The first of the programs that runs.
    pub program: Option<String>,
}

/// Looks until `shutdown`.
pub async fn run(mut needs: watch::Receiver<Needs>, out: watch::Sender<Sensed>, shutdown: CancellationToken) {
    let mut looker = Looker::default();
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let wanted = needs.borrow_and_update().clone();
        let idle_rules = wanted == Needs::default();
        let look = spawn_blocking(move || {
            let sensed = looker.look(&wanted);
            (looker, sensed)
        });
        match look.await {
            Ok((back, sensed)) => {
                looker = back;
                out.send_if_modified(|old| {
                    let changed = *old != sensed;
                    *old = sensed;
                    changed
                });
            }
            Err(error) => {
                tracing::error!(%error, "looking at the machine failed");
                looker = Looker::default();
            }
        }
        tokio::select! {
            // Without a rule there is nothing to look at until one comes.
            _ = ticks.tick(), if !idle_rules => {}
            changed = needs.changed() => if changed.is_err() { return },
            () = shutdown.cancelled() => return,
        }
    }
}

#[derive(Default)]
struct Looker {
    system: Option<System>,
    #[cfg(target_os = "linux")]
    screen: screen::Screen,
    #[cfg(target_os = "linux")]
    bus: bus::Bus,
}

impl Looker {
    fn look(&mut self, needs: &Needs) -> Sensed {
        let mut sensed = Sensed::default();
        if needs.owner {
            (sensed.idle, sensed.fullscreen) = self.owner();
        }
        if needs.battery {
            sensed.battery = battery(Path::new(POWER));
        }
        if !needs.programs.is_empty() {
            sensed.program = self.program(&needs.programs);
        }
        sensed
    }

    #[cfg(target_os = "linux")]
    fn owner(&mut self) -> (Option<(Duration, IdleSource)>, Option<bool>) {
        let (idle, fullscreen) = self.screen.look();
        let told = idle.map(|idle| (idle, IdleSource::X11));
        if self.bus.is_wayland() {
            // The X server of a Wayland session takes an owner who types elsewhere for idle, and knows only its own programs.
            (self.bus.idle(), fullscreen.filter(|full| *full))
        } else {
            (told.or_else(|| self.bus.idle()), fullscreen)
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn owner(&mut self) -> (Option<(Duration, IdleSource)>, Option<bool>) {
        (None, None)
    }

    fn program(&mut self, wanted: &[String]) -> Option<String> {
        if self.system.is_none() {
            self.system = System::new().ok();
        }
        let system = self.system.as_mut()?;
        let nothing = ProcessRefreshKind::nothing().with_exe(sysinfo::UpdateKind::OnlyIfNotSet);
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, nothing);
        let running: BTreeSet<String> = system
            .processes()
            .values()
            .flat_map(|process| {
                let own = process.name().to_string_lossy().into_owned();
                // The system cuts names at fifteen letters; the file's name is whole.
                let file =
                    process.exe().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
                [Some(own), file].into_iter().flatten().map(|name| plain(&name)).collect::<Vec<_>>()
            })
            .collect();
        wanted.iter().find(|name| running.contains(&plain(name))).cloned()
    }
}

/// Names as they are compared.
fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase();
    name.strip_suffix(".exe").map_or(name.clone(), str::to_owned)
}

/// Sums up the batteries of a folder like [`POWER`]; those of mice and headphones do not count.
fn battery(folder: &Path) -> Option<Battery> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut found: Option<Battery> = None;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let read = |name: &str| -> Option<String> {
            Some(std::fs::read_to_string(PathBuf::from(&path).join(name)).ok()?.trim().to_owned())
        };
        let of_device = read("scope").is_some_and(|scope| scope == "Device");
        if read("type").as_deref() != Some("Battery") || of_device {
            continue;
        }
        let percent =
            read("capacity").and_then(|text| text.parse().ok()).filter(|percent: &u8| *percent <= 100);
        let discharging = read("status").is_some_and(|status| status == "Discharging");
        let before = found.take();
        found = Some(Battery {
            percent: before.and_then(|before| before.percent).max(percent),
            discharging: discharging || before.is_some_and(|before| before.discharging),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_battery_is_told_from_that_of_a_mouse() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(battery(folder.path()), None);
        let supply = |name: &str, files: &[(&str, &str)]| {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            for (file, text) in files {
                std::fs::write(folder.path().join(name).join(file), format!("{text}\n")).unwrap();
            }
        };
        supply("AC", &[("type", "Mains"), ("online", "1")]);
        supply("mouse", &[("type", "Battery"), ("scope", "Device"), ("status", "Discharging")]);
        assert_eq!(battery(folder.path()), None);
        supply("BAT0", &[("type", "Battery"), ("status", "Discharging"), ("capacity", "73")]);
        assert_eq!(battery(folder.path()), Some(Battery { percent: Some(73), discharging: true }));
    }

    #[test]
    fn a_program_that_runs_is_found_by_its_name() {
        let own = std::env::current_exe().unwrap();
        let own = own.file_name().unwrap().to_str().unwrap().to_uppercase();
        let mut looker = Looker::default();
        let needs =
            |name: &str| Needs { programs: vec!["no-such-program".into(), name.into()], ..Needs::default() };
        assert_eq!(looker.look(&needs(&own)).program, Some(own.clone()));
        assert_eq!(looker.look(&needs("neither")).program, None);
    }
}
