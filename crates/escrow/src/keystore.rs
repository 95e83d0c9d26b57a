//! A key at rest: geth's V3 keystore file (scrypt with n 8192, AES-128-CTR), which other wallets read too. Only its owner
//! may read the file; against whoever copies it nevertheless the passphrase must be long. Deliberately absent: where passphrases come from, and the system's own key store.

use crate::{Key, KeyError};
use alloy_signer::k256::elliptic_curve::rand_core::OsRng;
use eth_keystore::{EthKeystore, KdfparamsType, KeystoreError as InnerError};
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use ttalkak_protocol::Secret;
use zeroize::Zeroizing;

/// Why a key could not be kept or taken out.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// A key is there already; it is never written over.
    #[error("{} exists already; move it away first", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// The disk.
    #[error("{what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// Another passphrase, or the file was altered: the two look the same.
    #[error("the passphrase does not open {}", path.display())]
    Passphrase {
        /// Which file.
        path: PathBuf,
    },
    /// Not a V3 keystore, or one that asks for absurd work.
    #[error("{} is not a keystore of version 3: {reason}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Writes the key, encrypted, into a new file with mode 0600; whole or not at all.
/// Errors: the file exists, or the disk refuses.
pub fn save(path: &Path, key: &Key, passphrase: &Secret<String>) -> Result<(), KeystoreError> {
    if path.exists() {
        return Err(KeystoreError::Exists { path: path.to_owned() });
    }
    let workshop = workshop_beside(path);
    private_dir(&workshop).map_err(io_error("make", &workshop))?;
    let made = write_in(&workshop, key, passphrase)
        .and_then(|file| fs::rename(&file, path))
        .map_err(io_error("write", path));
    let swept = fs::remove_dir_all(&workshop).map_err(io_error("remove", &workshop));
    made.and(swept)
}

/// Takes the key out. Errors: no such file, not a keystore, or another passphrase.
pub fn load(path: &Path, passphrase: &Secret<String>) -> Result<Key, KeystoreError> {
    let text = fs::read_to_string(path).map_err(io_error("read", path))?;
    let malformed = |reason: String| KeystoreError::Malformed { path: path.to_owned(), reason };
    check(&text).map_err(malformed)?;
    let opened = eth_keystore::decrypt_key(path, passphrase.reveal());
    if matches!(opened, Err(InnerError::MacMismatch)) {
        return Err(KeystoreError::Passphrase { path: path.to_owned() });
    }
    let bytes = Zeroizing::new(opened.map_err(|error| malformed(error.to_string()))?);
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError).and_then(Key::from_bytes);
    key.map_err(|error| malformed(error.to_string()))
}

/// The library trusts the file where it should not: it would panic on short fields, or work for hours.
fn check(text: &str) -> Result<(), String> {
    let store: EthKeystore = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let work = match store.crypto.kdfparams {
        KdfparamsType::Scrypt { dklen, n, p, r, .. } => {
            dklen == 32
                && n.is_power_of_two()
                && n <= 1 << 20
                && (1..=16).contains(&r)
                && (1..=16).contains(&p)
        }
        KdfparamsType::Pbkdf2 { dklen, c, .. } => dklen == 32 && c <= 10_000_000,
    };
    let sized = store.crypto.cipherparams.iv.len() == 16 && store.crypto.ciphertext.len() == 32;
    if store.version != 3 {
        return Err(format!("version {}", store.version));
    }
    if work && sized { Ok(()) } else { Err("its parameters are out of bounds".to_owned()) }
}

/// A directory that only we can enter, since the library writes its file readable for all.
fn workshop_beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{:016x}", rand::random::<u64>()))
}

fn write_in(workshop: &Path, key: &Key, passphrase: &Secret<String>) -> io::Result<PathBuf> {
    let bytes = key.scalar();
    eth_keystore::encrypt_key(workshop, &mut OsRng, bytes.as_slice(), passphrase.reveal(), Some("bare"))
        .map_err(|error| io::Error::other(error.to_string()))?;
    let bare = fs::read_to_string(workshop.join("bare"))?;
    let mut store: serde_json::Value = serde_json::from_str(&bare)?;
    // geth finds accounts by this field; the library leaves it out.
    store["address"] = hex::encode(key.address().0).into();
    let path = workshop.join("key");
    let mut file = private_file(&path)?;
    file.write_all(store.to_string().as_bytes())?;
    file.sync_all()?;
    Ok(path)
}

#[cfg(unix)]
fn private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Elsewhere a user's own directories are closed to others already.
#[cfg(not(unix))]
fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeystoreError {
    move |cause| KeystoreError::Io { what, path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests;
