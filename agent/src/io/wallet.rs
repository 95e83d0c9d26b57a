//! The provider's own wallet: made at the first run, kept in the system's key store where there is one, else as geth's
//! keystore in the data folder with its passphrase in a file beside it. That passphrase guards against a copy of the
//! keystore alone, not against somebody who reads the whole folder. The key is taken out only to sign; its address
//! stands in `wallet.json`. All calls block. Deliberately absent: anything that sends transactions.

use crate::{
    checkpoint::{CheckpointError, write_atomically},
    io::money_book::create_private,
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use ttalkak_escrow::{
    Key, checksum,
    keystore::{self, KeystoreError},
};
use ttalkak_protocol::{Secret, money::EvmAddress};

const RECORD: &str = "wallet.json";
const KEYSTORE: &str = "keystore.json";
const PASSPHRASE: &str = "passphrase";
/// Under which the system's key store lists our key.
const KEYRING: &str = "ttalkak-agent";
/// A key store that asks its owner for a password may wait for ever on a machine without a screen.
const KEYRING_WITHIN: Duration = Duration::from_secs(10);

/// Where the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// In the system's key store.
    Keyring,
    /// In the data folder.
    Keystore,
}

/// What is known of the wallet without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletRecord {
    /// Where payments can go.
    pub address: EvmAddress,
    /// Where its key is.
    pub kept: Kept,
}

/// Why the wallet cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// None was made.
    #[error("there is no wallet yet; `ttalkak-agent wallet show` makes one")]
    Absent,
    /// Wallets are not overwritten.
    #[error("there is a wallet already, {}; give --force to set it aside", checksum(.0))]
    Exists(EvmAddress),
    /// The key that was found belongs to another address than the record says.
    #[error("the key is not that of {}", checksum(.0))]
    Mismatch(EvmAddress),
    /// The system's key store.
    #[error("the system's key store does not give the key: {0}")]
    Keyring(String),
    /// The file with the key.
    #[error("the wallet's keystore")]
    Keystore(#[from] KeystoreError),
    /// The record.
    #[error("keep the wallet's record")]
    Record(#[from] CheckpointError),
    /// A file is not what was written.
    #[error("{0} is damaged")]
    Damaged(PathBuf),
    /// The disk.
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
}

/// The wallet of a data folder.
#[derive(Debug, Clone)]
pub struct Wallet {
    folder: PathBuf,
    keyring: bool,
}

impl Wallet {
    /// `keyring`: whether a new key may go to the system's key store.
    pub fn new(data: &Path, keyring: bool) -> Self {
        Self { folder: data.join("wallet"), keyring }
    }

    /// The record; `None` when there is no wallet. The key is not touched.
    pub fn record(&self) -> Result<Option<WalletRecord>, WalletError> {
        let path = self.folder.join(RECORD);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| WalletError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(WalletError::Io { doing: "read", path, cause }),
        }
    }

    /// The wallet; makes one when there is none.
    pub fn open_or_make(&self) -> Result<WalletRecord, WalletError> {
        if let Some(record) = self.record()? {
            return Ok(record);
        }
        // A run that ended between key and record left the key behind; money may be on its way to it already.
        let key = if self.folder.join(KEYSTORE).exists() { self.read_file()? } else { Key::random() };
        self.keep(&key)
    }

    /// Takes a key from elsewhere. `force`: a wallet that is there is set aside and can be had back by hand.
    pub fn import(&self, key: &Key, force: bool) -> Result<WalletRecord, WalletError> {
        if let Some(old) = self.record()? {
            if !force {
                return Err(WalletError::Exists(old.address));
            }
            self.set_aside()?;
        }
        self.keep(key)
    }

    /// The key itself.
    pub fn key(&self) -> Result<Key, WalletError> {
        let WalletRecord { address, kept } = self.record()?.ok_or(WalletError::Absent)?;
        let key = match kept {
            Kept::Keyring => from_keyring(address)?,
            Kept::Keystore => self.read_file()?,
        };
        if key.address() == address { Ok(key) } else { Err(WalletError::Mismatch(address)) }
    }

    fn keep(&self, key: &Key) -> Result<WalletRecord, WalletError> {
        create_private(&self.folder).map_err(self.failed("create", ""))?;
        let kept = if self.keyring && into_keyring(key) { Kept::Keyring } else { self.keep_in_file(key)? };
        let record = WalletRecord { address: key.address(), kept };
        let bytes = serde_json::to_vec_pretty(&record).expect("a record has string keys");
        write_atomically(&self.folder.join(RECORD), &bytes)?;
        Ok(record)
    }

    fn keep_in_file(&self, key: &Key) -> Result<Kept, WalletError> {
        let path = self.folder.join(KEYSTORE);
        if !path.exists() {
            let passphrase = Secret::new(hex::encode(rand::random::<[u8; 32]>()));
            write_atomically(&self.folder.join(PASSPHRASE), passphrase.reveal().as_bytes())?;
            keystore::save(&path, key, &passphrase)?;
        }
        Ok(Kept::Keystore)
    }

    fn read_file(&self) -> Result<Key, WalletError> {
        let passphrase = fs::read_to_string(self.folder.join(PASSPHRASE));
        let passphrase = passphrase.map_err(self.failed("read", PASSPHRASE))?;
        Ok(keystore::load(&self.folder.join(KEYSTORE), &Secret::new(passphrase.trim().to_owned()))?)
    }

    fn set_aside(&self) -> Result<(), WalletError> {
        let aside = |n: u32| self.folder.with_file_name(format!("wallet.old-{n}"));
        let n =
            (1..).find(|n| !aside(*n).exists()).expect("a folder holds fewer files than there are numbers");
        fs::rename(&self.folder, aside(n)).map_err(self.failed("set aside", ""))
    }

    fn failed(&self, doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> WalletError {
        let path = if file.is_empty() { self.folder.clone() } else { self.folder.join(file) };
        move |cause| WalletError::Io { doing, path, cause }
    }
}

/// Whether the system's key store took the key and gives it back.
fn into_keyring(key: &Key) -> bool {
    let (user, secret) = (checksum(&key.address()), key.to_hex());
    let kept = within(move || {
        let entry = keyring::Entry::new(KEYRING, &user)?;
        entry.set_password(secret.reveal())?;
        Ok(entry.get_password()? == *secret.reveal())
    });
    match kept {
        Ok(kept) => kept,
        Err(error) => {
            tracing::debug!(%error, "no key store of the system; the wallet goes to a file");
            false
        }
    }
}

fn from_keyring(address: EvmAddress) -> Result<Key, WalletError> {
    let user = checksum(&address);
    let text = within(move || keyring::Entry::new(KEYRING, &user)?.get_password());
    let text = Secret::new(text.map_err(WalletError::Keyring)?);
    Key::from_hex(text.reveal()).map_err(|error| WalletError::Keyring(error.to_string()))
}

/// A thread that waits for an answer nobody gives is left behind; the program does not wait for it.
fn within<T: Send + 'static>(ask: impl FnOnce() -> keyring::Result<T> + Send + 'static) -> Result<T, String> {
    let (answer, answered) = std::sync::mpsc::channel();
    std::thread::spawn(move || answer.send(ask().map_err(|error| error.to_string())));
    answered.recv_timeout(KEYRING_WITHIN).unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

#[cfg(test)]
mod tests;
