//! Where the desk's socket is. The daemon and the shell reckon it the same way, so neither has to tell the other.

use crate::config::{Texts, data_dir};
use std::path::{Path, PathBuf};

/// A socket's path may be so long; the system has room for 108 bytes with the zero at the end.
const PATH_BYTES_MAX: usize = 107;

/// Why there is no place for a socket.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The folder belongs to somebody else, or others may enter it.
    #[error("{0} is not a folder of ours alone; remove it, or set XDG_RUNTIME_DIR")]
    Foreign(PathBuf),
    /// The folder cannot be made.
    #[error("make the folder {folder} for the desk's socket")]
    Folder {
        /// Which.
        folder: PathBuf,
        #[source]
        /// What the disk said.
        cause: std::io::Error,
    },
}

/// The desk's socket of the daemon with this data folder: in the runtime folder for the usual data folder, beside the
/// data otherwise, and under the temporary folder when both paths are too long for a socket.
pub fn socket(env: &Texts, data: &Path) -> PathBuf {
    let runtime = env.get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = data_dir(env).as_deref() == Some(data);
    let in_runtime = runtime.filter(|_| usual).map(|runtime| runtime.join("ttalkak/agent.sock"));
    let fits = |path: &PathBuf| path.as_os_str().len() <= PATH_BYTES_MAX;
    let places = in_runtime.into_iter().chain([data.join("desk.sock")]);
    places.into_iter().find(fits).unwrap_or_else(|| short(data))
}

/// A short name that no other data folder has.
fn short(data: &Path) -> PathBuf {
    use sha2::{Digest, Sha256};
    let name = hex::encode(&Sha256::digest(data.as_os_str().as_encoded_bytes())[..8]);
    Path::new("/tmp").join(format!("ttalkak-{}", own_uid())).join(format!("{name}.sock"))
}

/// Makes the socket's folder, closed to others; one that is there already must be so.
#[cfg(unix)]
pub(super) fn make_folder(socket: &Path) -> Result<(), PlaceError> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let Some(folder) = socket.parent() else { return Ok(()) };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let looked = made.and_then(|()| std::fs::symlink_metadata(folder));
    let meta = looked.map_err(|cause| PlaceError::Folder { folder: folder.to_owned(), cause })?;
    let ours = meta.is_dir() && meta.uid() == own_uid() && meta.mode() & 0o022 == 0;
    if ours { Ok(()) } else { Err(PlaceError::Foreign(folder.to_owned())) }
}

/// The user that this process runs as.
#[cfg(unix)]
pub(super) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn own_uid() -> u32 {
    0
}
