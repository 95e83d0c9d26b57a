//! Gets the daemon running: the person's systemd unit where it is installed, else the program beside this one, else
//! within this process.
//! Deliberately absent: when to start it (tray/keep.rs), and ending it; the daemon is asked for that.

use crate::config::Places;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// The unit in the packages.
const UNIT: &str = "ttalkak-agent.service";
/// The daemon's program.
const PROGRAM: &str = "ttalkak-agent";
/// Its log, when nobody else keeps one; the previous run's stays beside it.
const LOG: &str = "daemon.log";

/// Who runs the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// systemd, in the person's session.
    Unit,
    /// A process of its own.
    Program(PathBuf),
    /// This process: its program is not here, or somebody wants it so.
    Here,
}

/// It could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// systemd would not.
    #[error("systemd did not start {UNIT}: {said}")]
    Unit {
        /// What it said.
        said: String,
    },
    /// The program would not.
    #[error("start {program}")]
    Program {
        /// Which.
        program: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl StartError {
    /// Whether it will not be otherwise until something is installed, whoever asks.
    fn lasting(&self) -> bool {
        match self {
            Self::Unit { .. } => true,
            Self::Program { cause, .. } => {
                cause.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
                    || matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
            }
        }
    }
}

/// Where the daemon will live, by what is installed now.
pub fn home(places: &Places) -> Home {
    let unit = places.units.iter().any(|folder| folder.join(UNIT).is_file());
    match program(places) {
        _ if unit && Path::new("/run/systemd/system").is_dir() => Home::Unit,
        Some(program) => Home::Program(program),
        None => Home::Here,
    }
}

/// Its program, when it may be run.
fn program(places: &Places) -> Option<PathBuf> {
    use rustix::fs::{Access, access};
    places.program(PROGRAM).filter(|program| access(program, Access::EXEC_OK).is_ok())
}

/// A daemon that was started here.
#[derive(Debug)]
pub enum Started {
    /// systemd has it.
    Unit,
    /// It is our child, as long as we live.
    Child(Child),
    /// It is a task of this process.
    Here(Hosted),
}

/// A daemon within this process.
#[derive(Debug)]
pub struct Hosted {
    /// The one task; its answer is whether the daemon ended in order.
    task: JoinSet<bool>,
    stop: CancellationToken,
}

/// Starts the daemon: where `home` says, or here when that cannot be.
pub async fn start(home: &Home, places: &Places) -> Result<Started, StartError> {
    match apart(home, places).await {
        Ok(Some(started)) => Ok(started),
        Ok(None) => Ok(here()),
        Err(error) if error.lasting() => {
            tracing::warn!("{error}; the daemon runs within the app");
            Ok(here())
        }
        Err(error) => Err(error),
    }
}

fn here() -> Started {
    let stop = CancellationToken::new();
    let mut task = JoinSet::new();
    task.spawn(ttalkak_agent::daemon::inside(stop.clone()));
    Started::Here(Hosted { task, stop })
}

/// Starts it as a process of its own; `None` when it has none.
async fn apart(home: &Home, places: &Places) -> Result<Option<Started>, StartError> {
    match home {
        Home::Unit => match unit().await {
            Ok(()) => Ok(Some(Started::Unit)),
            // A session without its systemd (a container, a bare X session) has the file and nobody to read it.
            Err(error) => match program(places) {
                Some(program) => {
                    tracing::info!("{error}; starting {} instead", program.display());
                    child(&program, places).map(|child| Some(Started::Child(child)))
                }
                None => Err(error),
            },
        },
        Home::Program(program) => child(program, places).map(|child| Some(Started::Child(child))),
        Home::Here => Ok(None),
    }
}

async fn unit() -> Result<(), StartError> {
    let mut systemctl = Command::new("systemctl");
    systemctl.args(["--user", "--no-block", "start", UNIT]).stdin(Stdio::null()).kill_on_drop(true);
    let said = match systemctl.output().await {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(StartError::Unit { said })
}

fn child(program: &Path, places: &Places) -> Result<Child, StartError> {
    let failed = |cause| StartError::Program { program: program.to_owned(), cause };
    let log = log(&places.data).map_err(failed)?;
    let mut command = Command::new(program);
    command.arg("daemon").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    // A group of its own: a Ctrl-C that ends the tray at a terminal is not meant for it.
    command.process_group(0);
    command.spawn().map_err(failed)
}

fn log(data: &Path) -> io::Result<File> {
    fs::create_dir_all(data)?;
    let path = data.join(LOG);
    if path.is_file() {
        fs::rename(&path, path.with_extension("log.1"))?;
    }
    File::create(path)
}

impl Started {
    /// Waits until a daemon that we would hear of has ended, and tells whether that was in order. Never for systemd's.
    /// Cancel-safe.
    pub async fn ended(&mut self) -> bool {
        match self {
            Self::Unit => std::future::pending().await,
            Self::Child(child) => child.wait().await.as_ref().is_ok_and(ExitStatus::success),
            Self::Here(hosted) => matches!(hosted.task.join_next().await, Some(Ok(true))),
        }
    }

    /// Before this process ends: a daemon within it ends in order first, any other goes on.
    pub async fn leave(self) {
        match self {
            Self::Unit | Self::Child(_) => {}
            Self::Here(Hosted { mut task, stop }) => {
                stop.cancel();
                if let Some(Err(error)) = task.join_next().await {
                    tracing::error!("the daemon within the app: {error}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

    #[test]
    fn the_daemon_is_the_neighbour_of_the_shell() {
        let folder = tempfile::tempdir().unwrap();
        let env = BTreeMap::from([("HOME".to_owned(), "/nowhere".to_owned())]);
        let mut places = Places::of(&env, folder.path().to_owned()).unwrap();
        places.units.clear();
        assert_eq!(home(&places), Home::Here);
        let program = folder.path().join(PROGRAM);
        fs::write(&program, "").unwrap();
        assert_eq!(home(&places), Home::Here, "it may not be run");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(home(&places), Home::Program(program));
    }

    #[test]
    fn the_log_of_the_run_before_is_kept() {
        let data = tempfile::tempdir().unwrap();
        for _ in 0..3 {
            use std::io::Write;
            writeln!(log(data.path()).unwrap(), "said").unwrap();
        }
        let mut names: Vec<_> =
            fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["daemon.log", "daemon.log.1"]);
    }
}
