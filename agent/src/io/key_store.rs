//! The system's key store: whether it can be used, found out by writing, reading and removing a value, since stores say
//! that they are well and then take nothing. All calls block, each for ten seconds at most: a store that asks its owner
//! for a password may wait for ever on a machine without a screen.

use keyring::Error;
use std::{sync::mpsc, thread, time::Duration};
use ttalkak_protocol::{Secret, desk::KeyStore};

/// Under which our values are listed.
const SERVICE: &str = "ttalkak-agent";
/// The value that is written to try.
const PROBE: &str = "probe";
const WITHIN: Duration = Duration::from_secs(10);

/// Why a key store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// There is none.
    #[error("this system has no key store")]
    Absent,
    /// It is locked.
    #[error("the system's key store is locked")]
    Locked,
    /// It has no such value.
    #[error("the system's key store does not have the key")]
    Missing,
    /// It does not answer.
    #[error("the system's key store does not answer")]
    Silent,
    /// Anything else; without the value.
    #[error("the system's key store: {0}")]
    Other(String),
}

/// Whether it can be used.
pub fn probe() -> KeyStore {
    let tried = within(|| {
        let entry = keyring::Entry::new(SERVICE, PROBE)?;
        let value = format!("{:032x}", rand::random::<u128>());
        entry.set_password(&value)?;
        let read = entry.get_password();
        entry.delete_credential()?;
        Ok(read? == value)
    });
    match tried {
        Ok(true) => KeyStore::Usable,
        Err(KeyStoreError::Locked | KeyStoreError::Silent) => KeyStore::Locked,
        Ok(false) | Err(KeyStoreError::Absent | KeyStoreError::Missing | KeyStoreError::Other(_)) => {
            KeyStore::Absent
        }
    }
}

/// Keeps a value, and reads it back to be sure.
pub fn put(name: &str, value: &Secret<String>) -> Result<(), KeyStoreError> {
    let (name, value) = (name.to_owned(), value.clone());
    let same = within(move || {
        let entry = keyring::Entry::new(SERVICE, &name)?;
        entry.set_password(value.reveal())?;
        Ok(entry.get_password()? == *value.reveal())
    })?;
    if same { Ok(()) } else { Err(KeyStoreError::Other("it gave back another value".to_owned())) }
}

/// Takes a value out; it stays there.
pub fn get(name: &str) -> Result<Secret<String>, KeyStoreError> {
    let name = name.to_owned();
    within(move || keyring::Entry::new(SERVICE, &name)?.get_password()).map(Secret::new)
}

/// A thread that waits for an answer nobody gives is left behind; the program does not wait for it.
fn within<T: Send + 'static>(
    ask: impl FnOnce() -> keyring::Result<T> + Send + 'static,
) -> Result<T, KeyStoreError> {
    let (answer, answered) = mpsc::channel();
    thread::spawn(move || answer.send(ask().map_err(meaning)));
    answered.recv_timeout(WITHIN).unwrap_or(Err(KeyStoreError::Silent))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the library's list of errors is open")]
fn meaning(error: Error) -> KeyStoreError {
    match error {
        Error::PlatformFailure(_) | Error::NoDefaultStore => KeyStoreError::Absent,
        Error::NoStorageAccess(_) => KeyStoreError::Locked,
        Error::NoEntry => KeyStoreError::Missing,
        // What it says of encodings could hold the value.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            KeyStoreError::Other("the value is damaged".to_owned())
        }
        other => KeyStoreError::Other(other.to_string()),
    }
}
