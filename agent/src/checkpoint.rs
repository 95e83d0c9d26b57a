//! One JSON file that survives kill -9 and a full disk: either the old state or the new one is there, never half.
//! Deliberately absent: what is kept in it, which the driver decides, and any schedule for saving.

use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs, io,
    marker::PhantomData,
    path::{Path, PathBuf},
};

/// Damaged files that are kept aside for a look; older ones make room.
const BROKEN_MAX: u32 = 5;

/// The file, and the type of what is in it. All calls block for as long as the disk takes.
#[derive(Debug)]
pub struct Checkpoint<T> {
    path: PathBuf,
    holds: PhantomData<fn() -> T>,
}

/// What was found at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There was no file yet.
    Nothing,
    /// The state of an earlier run.
    State,
    /// A file that could not be understood; it was moved here and the defaults apply.
    Broken {
        /// Where the damaged file is now.
        aside: PathBuf,
    },
}

/// Why the checkpoint could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk said no.
    #[error("{doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        #[source]
        /// What the disk said.
        cause: io::Error,
    },
    /// The state has no JSON form; a mistake in the program.
    #[error("write the state as JSON")]
    Shape(#[source] serde_json::Error),
}

impl<T: Serialize + DeserializeOwned + Default> Checkpoint<T> {
    /// The checkpoint at `path`; its folder exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), holds: PhantomData }
    }

    /// Reads the last state. A damaged file is moved aside and the default is returned, with a warning in the log:
    /// an agent that cannot start serves nobody, and what is lost can be seen from the engine again.
    /// Errors: the file is there and cannot be read or moved.
    pub fn load(&self) -> Result<(T, Found), CheckpointError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((T::default(), Found::Nothing));
            }
            Err(error) => return Err(failed("read", &self.path)(error)),
        };
        match serde_json::from_slice(&bytes) {
            Ok(state) => Ok((state, Found::State)),
            Err(error) => {
                let aside = self.set_aside()?;
                tracing::warn!(%error, "{} was damaged and is now {}", self.path.display(), aside.display());
                Ok((T::default(), Found::Broken { aside }))
            }
        }
    }

    /// Replaces the state; returns when it is on the disk.
    pub fn save(&self, state: &T) -> Result<(), CheckpointError> {
        let bytes = serde_json::to_vec(state).map_err(CheckpointError::Shape)?;
        write_atomically(&self.path, &bytes)
    }

    fn set_aside(&self) -> Result<PathBuf, CheckpointError> {
        let name = |n| PathBuf::from(format!("{}.broken-{n}", self.path.display()));
        let aside =
            (1..=BROKEN_MAX).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(BROKEN_MAX));
        fs::rename(&self.path, &aside).map_err(failed("set aside", &self.path))?;
        Ok(aside)
    }
}

/// Replaces a file of the owner's as a whole, see [`ttalkak_keep::replace`].
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    ttalkak_keep::replace(path, bytes).map_err(failed("write", path))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |cause| CheckpointError::Io { doing, path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    type Ports = BTreeMap<String, u16>;

    fn ports(port: u16) -> Ports {
        Ports::from([("lea_1".into(), port)])
    }

    #[test]
    fn the_last_saved_state_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::<Ports>::new(folder.path().join("state.json"));
        assert_eq!(checkpoint.load().unwrap(), (Ports::new(), Found::Nothing));
        checkpoint.save(&ports(1)).unwrap();
        checkpoint.save(&ports(2)).unwrap();
        assert_eq!(checkpoint.load().unwrap(), (ports(2), Found::State));
    }

    #[test]
    fn a_write_that_was_cut_short_leaves_the_old_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let checkpoint = Checkpoint::<Ports>::new(&path);
        checkpoint.save(&ports(1)).unwrap();
        // What kill -9 in the middle of a save leaves behind.
        fs::write(folder.path().join(".new-a1b2c3"), b"{\"lea_").unwrap();
        assert_eq!(checkpoint.load().unwrap().0, ports(1));
        checkpoint.save(&ports(2)).unwrap();
        assert_eq!(checkpoint.load().unwrap().0, ports(2));
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_the_defaults_apply() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let checkpoint = Checkpoint::<Ports>::new(&path);
        for n in 1..=BROKEN_MAX + 2 {
            fs::write(&path, format!("damage {n}")).unwrap();
            let (state, found) = checkpoint.load().unwrap();
            assert_eq!(state, Ports::new());
            let aside = folder.path().join(format!("state.json.broken-{}", n.min(BROKEN_MAX)));
            assert_eq!(found, Found::Broken { aside: aside.clone() });
            assert_eq!(fs::read_to_string(aside).unwrap(), format!("damage {n}"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_state() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        Checkpoint::<Ports>::new(&path).save(&ports(1)).unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
