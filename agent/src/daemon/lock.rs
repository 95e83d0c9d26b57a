//! One agent per data folder: two with one identity would throw each other off the link for ever.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Held for as long as the agent runs. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock(#[allow(dead_code, reason = "holding the file is holding the lock")] File);

/// Why this agent may not run.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another agent{} runs in {folder}; stop it, or give this one its own --data-dir", process(*pid))]
    Taken {
        /// In which folder.
        folder: PathBuf,
        /// Which process, when it says so.
        pid: Option<u32>,
    },
    /// The lock file cannot be opened.
    #[error("lock {path}")]
    Io {
        /// Which.
        path: PathBuf,
        #[source]
        /// What the disk said.
        cause: io::Error,
    },
}

fn process(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl DataLock {
    /// Its name in the data folder.
    pub const FILE: &str = "agent.lock";

    /// Takes the lock of a data folder, which exists.
    pub fn take(data: &Path) -> Result<Self, LockError> {
        let path = data.join(Self::FILE);
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(|cause| LockError::Io { path: path.clone(), cause })?;
        match file.try_lock() {
            Ok(()) => {
                tell_holder(&file);
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => {
                Err(LockError::Taken { folder: data.to_owned(), pid: Self::holder(data) })
            }
            Err(TryLockError::Error(cause)) => Err(LockError::Io { path, cause }),
        }
    }
}

impl DataLock {
    /// The process that holds the lock, as far as it told; only for people.
    pub fn holder(data: &Path) -> Option<u32> {
        std::fs::read_to_string(data.join(Self::FILE)).ok()?.trim().parse().ok()
    }
}

/// Writes our process down for whoever finds the lock taken. A full disk must not keep an agent from running.
fn tell_holder(mut file: &File) {
    let told = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    if let Err(error) = told {
        tracing::debug!(%error, "the lock does not say whose it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_agent_of_one_folder_is_refused_until_the_first_is_gone() {
        let data = tempfile::tempdir().unwrap();
        let first = DataLock::take(data.path()).unwrap();
        let error = DataLock::take(data.path()).unwrap_err();
        assert!(error.to_string().contains(&format!("(process {})", std::process::id())), "{error}");
        assert_eq!(DataLock::holder(data.path()), Some(std::process::id()));
        drop(first);
        DataLock::take(data.path()).unwrap();
    }
}
