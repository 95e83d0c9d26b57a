//! Reads what earlier runs left on the disk into a daemon that does not run yet: settings, wishes, notices, the past.
//! Deliberately absent: the identity, and whatever starts something.

use super::{
    Daemon, Later, NoticeBook, SettingsFile,
    locked::{copy_locked, locked, of_config},
    past::Past,
};
use crate::{
    checkpoint::Checkpoint,
    config::{Config, Texts},
    desk::{Asked, Hub},
    io::{
        clock::{self, wall},
        machine::{self, MachineSize},
        senses::Needs,
    },
    logic::{
        clock_watch::ClockWatch,
        lending::{Facts, Keeper, Wishes, decide},
        preferences::{self, Size},
    },
};
use tokio::{sync::mpsc, task::JoinError};
use tokio_util::task::TaskTracker;
use ttalkak_protocol::{
    desk::{Hello, NoticeKind},
    unit::MilliCpu,
};

/// What is known before the disk is read.
pub(super) struct Start {
    pub config: Config,
    /// Settings by their origin.
    pub said: Texts,
    pub hello: Hello,
    pub by_command: bool,
    pub hub: Hub,
    pub tasks: TaskTracker,
    pub machine: MachineSize,
    pub rooms: mpsc::Sender<Asked>,
    pub later: mpsc::Sender<Later>,
    pub sense_needs: tokio::sync::watch::Sender<Needs>,
}

/// Opens it away from the tasks that must not wait for a disk.
pub(super) async fn open(start: Start) -> Result<Daemon, JoinError> {
    tokio::task::spawn_blocking(move || read(start)).await
}

fn read(start: Start) -> Daemon {
    let Start { config, said, hello, by_command, hub, tasks, machine, rooms, later, sense_needs } = start;
    let now = wall();
    let cpu = MilliCpu(machine.cpus.saturating_mul(1000));
    let size = Size { cpu, memory: machine.memory, disk: machine::disk_total(&config.data_dir) };
    let (bounds, defaults) = (preferences::bounds(&size), preferences::defaults(&size));
    let file = SettingsFile::new(&config.data_dir);
    let loaded = file.load(defaults, &bounds, now);
    let locked = locked(&said, by_command);
    let mut settings = loaded.settings.clone();
    let decided = of_config(&settings, &config);
    copy_locked(&mut settings, &decided, &locked);
    let wishes_file = Checkpoint::<Wishes>::new(config.data_dir.join("lending.json"));
    let wishes = wishes_file.load().map(|(wishes, _)| wishes).unwrap_or_default();
    let mut notices = NoticeBook::open(&config.data_dir);
    if let Some((kept_as, why)) = loaded.broken.clone() {
        let what = NoticeKind::SettingsBroken { kept_as, why };
        notices.add(what, &settings.announce, now);
    }
    let past = Past::open(&config.data_dir);
    if past.crashed {
        notices.add(NoticeKind::Crashed, &settings.announce, now);
    }
    let zone = jiff::tz::TimeZone::system();
    let facts = Facts::default();
    let keeper = Keeper::new(decide(&settings, &wishes, &facts, now, &zone), now);
    Daemon {
        config,
        hello,
        size,
        bounds,
        locked,
        chosen: loaded.settings,
        settings,
        broken: loaded.broken.map(|(kept_as, _)| kept_as),
        file,
        wishes,
        wishes_file,
        agreed_by_command: by_command,
        keeper,
        facts,
        zone,
        notices,
        past,
        happenings: Default::default(),
        clock: ClockWatch::new(clock::clocks()),
        hub,
        tasks,
        running: None,
        identity_problem: None,
        view: Default::default(),
        link_since: (Default::default(), now),
        engine_since: (Default::default(), now),
        handed_back: Default::default(),
        told_lending: None,
        squeezed: Default::default(),
        rooms,
        later,
        sense_needs,
        sensed: Default::default(),
        ending: None,
    }
}
