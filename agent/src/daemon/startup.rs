//! From nothing to a daemon at work, and from there to its orderly end.

use super::{
    Daemon, DataLock, LockError, SettingsFile, keep, lending, opening,
    parts::{self, Begin},
    rooms, stop_in_order,
};
use crate::{
    config::{Config, ConfigError, Surroundings, Texts},
    desk::{ASKS_MAX, Asked, Hub, WebDoor, WebError, socket},
    enrol::{EnrolError, Enrolment, create_data_dir, enrol},
    identity::{Identity, IdentityError, read_record},
    io::{
        clock::wall,
        machine::{self, MachineSize},
        senses,
    },
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ttalkak_protocol::{
    desk::{CONSENT_VERSION, DESK_VERSION, Hello, Hosted},
    error::{ErrorCode, Problem},
};

/// Desks hear the last words for at most so long.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How a daemon is started.
#[derive(Debug)]
pub struct Options {
    /// Settings from the command line.
    pub flags: Texts,
    /// Environment and settings file.
    pub surroundings: Surroundings,
    /// Insist on an enrolment and lend from the first moment, as `run` does.
    pub lend_at_once: bool,
    /// Also serve a browser's view here, showing the files of a folder.
    pub web: Option<(SocketAddr, PathBuf)>,
    /// Whose process this is.
    pub hosted: Hosted,
    /// Where the browser's view is, told once it stands.
    pub tell_url: fn(&str),
}

/// How a daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Whether every part stopped in time.
    pub clean: bool,
}

/// Why a daemon does not run, or runs no longer.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Flags, environment or file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder.
    #[error("make the data folder")]
    Folder(#[source] std::io::Error),
    /// Another one has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The identity on disk.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It could not be had.
    #[error(transparent)]
    Enrol(Box<EnrolError>),
    /// A code without a coordinator.
    #[error("an enrolment code needs --coordinator URL beside it")]
    CodeAlone,
    /// It would otherwise be ignored without a word.
    #[error(
        "this machine is enrolled with {known}, not with {named}; enrol it anew with `ttalkak-agent enrol --force`"
    )]
    OtherCoordinator {
        /// Of the record.
        known: String,
        /// In the settings.
        named: String,
    },
    /// The client for source archives.
    #[error("make an HTTP client")]
    Http(#[from] reqwest::Error),
    /// The socket.
    #[cfg(unix)]
    #[error(transparent)]
    Door(#[from] crate::desk::DoorError),
    /// The browser's view.
    #[error(transparent)]
    Web(#[from] WebError),
    /// A part.
    #[error("the {0} ended by itself; this is a bug")]
    PartEnded(&'static str),
    /// A task.
    #[error("reading the disk ended in a bug")]
    Task(#[from] tokio::task::JoinError),
}

/// A daemon within another program, such as the desktop shell of a first run: the same lock, socket and settings.
/// What goes wrong is in the log. Returns whether it ended in order.
pub async fn inside(stop: CancellationToken) -> bool {
    let options = Options {
        flags: Texts::new(),
        surroundings: Surroundings::of_this_process(),
        lend_at_once: false,
        web: None,
        hosted: Hosted::InProcess,
        tell_url: |_| (),
    };
    match run(options, stop).await {
        Ok(ended) => ended.clean,
        Err(error) => {
            tracing::error!("the daemon: {}", crate::cause::Chain(&error));
            false
        }
    }
}

/// Runs a daemon until `shutdown`, or until a desk ends it.
/// Errors: [`DaemonError`].
pub async fn run(options: Options, shutdown: CancellationToken) -> Result<Ended, DaemonError> {
    let size = MachineSize::read();
    let (config, said) = Config::read_with_origins(options.flags, &options.surroundings, size)?;
    create_data_dir(&config.data_dir).map_err(DaemonError::Folder)?;
    let _lock = DataLock::take(&config.data_dir)?;
    let identity = identity(&config, options.lend_at_once).await;
    let identity = if options.lend_at_once { Ok(identity?) } else { identity };
    if let Ok(identity) = &identity {
        refuse_another_coordinator(&config, identity)?;
    }
    let tasks = TaskTracker::new();
    let (hub, stop_desks) = (Hub::default(), CancellationToken::new());
    let (asks_in, asks) = mpsc::channel::<Asked>(ASKS_MAX);
    let path = socket(&options.surroundings.env, &config.data_dir);
    open_doors(&tasks, &path, (options.web, options.tell_url), (&hub, &asks_in, &stop_desks)).await?;
    let hello = hello(&config, &path, options.hosted);
    let (rooms_in, rooms_out) = mpsc::channel(ASKS_MAX);
    let (later, laters) = mpsc::channel(16);
    let (room_config, proxy) = (Arc::new(config.clone()), options.surroundings.proxy());
    let money_changed = later.clone();
    let (sense_needs, needs) = watch::channel(senses::Needs::default());
    let (sensed_in, sensed) = watch::channel(senses::Sensed::default());
    let (world_in, world) = watch::channel(None);
    let start = opening::Start {
        config,
        said,
        hello,
        by_command: options.lend_at_once,
        hub: hub.clone(),
        tasks: tasks.clone(),
        machine: size,
        rooms: rooms_in,
        later,
        sense_needs,
    };
    let disk = opening::open(start).await?;
    let (settings_in, settings) = watch::channel(disk.settings.clone());
    let around =
        rooms::Surroundings { hub, world, settings, config: room_config, proxy, later: money_changed };
    let helpers_end = CancellationToken::new();
    tasks.spawn(rooms::run(around, rooms_out, helpers_end.clone()));
    tasks.spawn(senses::run(needs, sensed_in, helpers_end.clone()));
    let wires =
        keep::Wires { tasks: tasks.clone(), asks, laters, sensed, world: world_in, settings: settings_in };
    let ended = keep::run(disk, identity, wires, shutdown).await;
    let (parts, ended) = match ended {
        Ok(parts) => (parts, Ok(())),
        Err((parts, error)) => (parts, Err(error)),
    };
    let stuck = stop_in_order(parts).await;
    if !stuck.is_empty() {
        tracing::error!("did not stop in time: {}", stuck.join(", "));
    }
    // The answer to the call that ended us is on its way.
    tokio::time::sleep(LAST_WORDS).await;
    stop_desks.cancel();
    helpers_end.cancel();
    tasks.close();
    // What is left is only a desk that does not read, and it ends with us.
    let _ = tokio::time::timeout(Duration::from_secs(2), tasks.wait()).await;
    ended.map(|()| Ended { clean: stuck.is_empty() })
}

/// Where the browser's view should be, of which files, and who is told its address.
type Web = (Option<(SocketAddr, PathBuf)>, fn(&str));
type DeskWires<'a> = (&'a Hub, &'a mpsc::Sender<Asked>, &'a CancellationToken);

/// Opens the socket, and the browser's view when it is asked for.
async fn open_doors(
    tasks: &TaskTracker,
    path: &Path,
    (web, tell_url): Web,
    (hub, asks, stop): DeskWires<'_>,
) -> Result<(), DaemonError> {
    #[cfg(unix)]
    {
        let door = crate::desk::Door::open(path).await?;
        tracing::info!("desks come in at {}", path.display());
        tasks.spawn(door.run(hub.clone(), asks.clone(), stop.clone()));
    }
    if let Some((address, files)) = web {
        let door = WebDoor::open(address, &files).await?;
        tell_url(&door.url());
        tasks.spawn(door.run(hub.clone(), asks.clone(), stop.clone()));
    }
    Ok(())
}

/// The identity on disk; enrols first when there is a code and no identity.
async fn identity(config: &Config, insist: bool) -> Result<Identity, DaemonError> {
    let enrolled = read_record(&config.data_dir)?.is_some();
    match (&config.enrol_code, &config.coordinator) {
        (Some(code), Some(coordinator)) if !enrolled => {
            let name = config.name.clone().or_else(machine::host_name).unwrap_or_else(|| "agent".to_owned());
            let (coordinator, code) = (coordinator.clone(), code.clone());
            Ok(enrol(&config.data_dir, Enrolment { coordinator, code, name, force: false })
                .await
                .map_err(|error| DaemonError::Enrol(Box::new(error)))?)
        }
        (Some(_), None) if !enrolled && insist => Err(DaemonError::CodeAlone),
        _ => Ok(Identity::open(&config.data_dir)?),
    }
}

/// A coordinator that was named and is not the one of the record would otherwise be ignored without a word.
fn refuse_another_coordinator(config: &Config, identity: &Identity) -> Result<(), DaemonError> {
    let known = &identity.record.coordinator;
    match &config.coordinator {
        Some(named) if named != known => {
            Err(DaemonError::OtherCoordinator { known: known.to_string(), named: named.to_string() })
        }
        Some(_) | None => Ok(()),
    }
}

/// For source archives: no limit in all, as they may be large, and a short one without a byte.
pub(super) fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    // The first to install wins, and every one installs the same.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let (connect, silent) = (Duration::from_secs(10), Duration::from_secs(30));
    reqwest::Client::builder().connect_timeout(connect).read_timeout(silent).build()
}

fn hello(config: &Config, path: &Path, hosted: Hosted) -> Hello {
    Hello {
        desk_version: DESK_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        host_name: machine::host_name().unwrap_or_default(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        pid: std::process::id(),
        started: wall(),
        hosted,
        data_dir: config.data_dir.display().to_string(),
        settings_file: SettingsFile::new(&config.data_dir).path().display().to_string(),
        socket: cfg!(unix).then(|| path.display().to_string()),
        licence: env!("CARGO_PKG_LICENSE").to_owned(),
        consent_version: CONSENT_VERSION,
    }
}

impl Daemon {
    /// Starts the parts of this identity.
    pub(super) async fn start_parts(
        &mut self,
        tasks: &TaskTracker,
        identity: Identity,
    ) -> Result<(), DaemonError> {
        let record = &identity.record;
        tracing::info!(agent.id = %record.agent, "agent {} of {} starts", record.agent, record.coordinator);
        if record.coordinator.readable_by_others() {
            tracing::warn!(
                "the coordinator is reached without TLS: others on the way can read source and settings"
            );
        }
        self.facts.enrolled = true;
        self.identity_problem = None;
        self.decide();
        let config = self.effective();
        let money = lending::lending(&config, self.agreed_by_command).await;
        let lending = self.lending();
        self.told_lending = Some(lending);
        let begin = Begin { config: &config, identity: Arc::new(identity), money, lending };
        self.running = Some(parts::start(tasks, begin)?);
        Ok(())
    }

    /// Why the identity on disk cannot be used; that there is none is no problem.
    pub(super) fn not_enrolled(&mut self, error: &DaemonError) {
        if matches!(error, DaemonError::Identity(IdentityError::NotEnrolled)) {
            tracing::info!("this machine is not enrolled yet; a desk can do it");
            return;
        }
        let told = crate::cause::Chain(error).to_string();
        tracing::error!("the identity cannot be used: {told}");
        self.identity_problem = Some(Problem::new(ErrorCode::NotEnrolled, told));
    }
}
