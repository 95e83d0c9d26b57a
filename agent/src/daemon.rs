//! The daemon: one process per data folder that starts without being enrolled, serves desks, keeps the owner's settings
//! and starts and stops the running parts as enrolment and the owner say. `run` is the same daemon that insists on an
//! enrolment and lends from the first moment.
//! Deliberately absent: decisions, which are `logic`, and what parts do.

mod calls;
mod enrolling;
mod happenings;
mod keep;
mod lending;
mod lock;
mod locked;
mod notices;
mod opening;
mod part;
mod parts;
mod past;
mod rooms;
mod settings_file;
mod show;
mod startup;
mod workloads;

pub use lock::{DataLock, LockError};
pub use part::{Part, stop_in_order};
pub use parts::World;
pub use startup::{DaemonError, Ended, Options, inside, run};

use crate::{
    config::Config,
    desk::{Asked, Hub},
    logic::{
        clock_watch::ClockWatch,
        lending::{Facts, Keeper, Wishes},
        preferences::Size,
    },
    view::AgentView,
};
use happenings::Happenings;
use jiff::tz::TimeZone;
use notices::NoticeBook;
use parts::Running;
use settings_file::SettingsFile;
use std::collections::BTreeMap;
use tokio::sync::{mpsc, oneshot};
use ttalkak_protocol::{
    desk::{Bounds, Hello, Locked, Settings},
    error::Problem,
    id::LeaseId,
    link::HandedBack,
    unit::UnixMillis,
};

/// Everything that the daemon's one loop holds.
struct Daemon {
    /// What flags, environment and file say.
    config: Config,
    hello: Hello,
    size: Size,
    bounds: Bounds,
    locked: Vec<Locked>,
    /// What the owner chose, as it stands in the file.
    chosen: Settings,
    /// What applies: the same, with what is locked.
    settings: Settings,
    broken: Option<String>,
    file: SettingsFile,
    wishes: Wishes,
    wishes_file: crate::checkpoint::Checkpoint<Wishes>,
    /// A command that implies the owner's agreement started this.
    agreed_by_command: bool,
    keeper: Keeper,
    facts: Facts,
    zone: TimeZone,
    notices: NoticeBook,
    past: past::Past,
    happenings: Happenings,
    clock: ClockWatch,
    hub: Hub,
    tasks: tokio_util::task::TaskTracker,
    running: Option<Running>,
    /// Why the identity on disk cannot be used.
    identity_problem: Option<Problem>,
    view: AgentView,
    link_since: (ttalkak_protocol::desk::LinkState, UnixMillis),
    engine_since: (ttalkak_protocol::desk::EngineState, UnixMillis),
    handed_back: BTreeMap<LeaseId, HandedBack>,
    told_lending: Option<ttalkak_protocol::link::Lending>,
    squeezed: BTreeMap<LeaseId, (ttalkak_protocol::unit::MilliCpu, ttalkak_protocol::unit::Bytes)>,
    rooms: mpsc::Sender<Asked>,
    later: mpsc::Sender<Later>,
    sense_needs: tokio::sync::watch::Sender<crate::io::senses::Needs>,
    sensed: crate::io::senses::Sensed,
    /// Set by `shutdown`; the answer goes out before the end.
    ending: Option<Option<bool>>,
}

/// What comes back to the loop from work that takes time.
enum Later {
    /// An enrolment ended.
    Enrolled {
        made: Result<crate::identity::Identity, crate::enrol::EnrolError>,
        answer: oneshot::Sender<crate::desk::Answer>,
    },
    /// Wallet or payee may be another.
    MoneyChanged,
    /// What is offered now.
    Money(crate::logic::meter::Lending),
}
