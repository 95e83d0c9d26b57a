//! The data folder: can it be written, is there room, has somebody else got it.

use crate::{
    commands::{DataLock, LockError},
    io::disk_room::room_of,
    logic::doctor::{FolderFault, FolderLook},
};
use std::{fs, io, path::Path};

/// Writes, reads and removes a small file.
#[allow(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
pub(super) fn look(folder: &Path) -> FolderLook {
    let written = try_to_write(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FolderFault::Missing,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => FolderFault::Denied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FolderFault::Full,
        _ => FolderFault::Other,
    });
    FolderLook { path: folder.display().to_string(), written, room: room_of(folder) }
}

/// What is said of a disk that does not answer.
pub(super) fn hung(path: String) -> FolderLook {
    FolderLook { path, written: Err(FolderFault::Other), room: None }
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    const TEXT: &[u8] = b"written by the doctor";
    let path = folder.join(format!(".doctor.{:016x}", rand::random::<u64>()));
    let written = fs::write(&path, TEXT).and_then(|()| fs::read(&path));
    let removed = fs::remove_file(&path);
    let same = written? == TEXT;
    removed?;
    if same { Ok(()) } else { Err(io::Error::other("what was read is not what was written")) }
}

/// Another daemon of this folder, with its process as far as it tells.
pub(super) fn other_daemon(folder: &Path) -> Option<Option<u32>> {
    if !folder.join(DataLock::FILE).exists() {
        return None;
    }
    match DataLock::take(folder) {
        Err(LockError::Taken { pid, .. }) => Some(pid),
        Ok(_) | Err(LockError::Io { .. }) => None,
    }
}
