//! The provider's own wallet: made at the first run, kept in the system's key store where there is one, else as geth's
//! keystore in the data folder with its passphrase in a file beside it. That passphrase guards against a copy of the
//! keystore alone, not against somebody who reads the whole folder. The key is taken out only to sign; its address
//! stands in `wallet.json`. All calls block. Deliberately absent: anything that sends transactions.

use crate::{
    checkpoint::{CheckpointError, write_atomically},
    io::key_store::{self, KeyStoreError},
};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use ttalkak_escrow::{
    Key, checksum,
    keystore::{self, KeystoreError},
};
use ttalkak_protocol::{Secret, money::EvmAddress, unit::UnixMillis};

const RECORD: &str = "wallet.json";
const KEYSTORE: &str = "keystore.json";
const PASSPHRASE: &str = "passphrase";
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
    /// When the owner said that a backup is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backed_up: Option<UnixMillis>,
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
    #[error("take the key out of the system's key store")]
    Keyring(#[from] KeyStoreError),
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
        self.keep(&key, None)
    }

    /// A new wallet, where none is. `passphrase`: of the file, when the key goes to one; made by chance when absent.
    pub fn make(&self, passphrase: Option<&Secret<String>>) -> Result<WalletRecord, WalletError> {
        match self.record()? {
            Some(old) => Err(WalletError::Exists(old.address)),
            // See `open_or_make`.
            None if self.folder.join(KEYSTORE).exists() => self.open_or_make(),
            None => self.keep(&Key::random(), passphrase),
        }
    }

    /// The owner has a backup.
    pub fn set_backed_up(&self, at: UnixMillis) -> Result<(), WalletError> {
        let record = self.record()?.ok_or(WalletError::Absent)?;
        self.write_record(&WalletRecord { backed_up: Some(at), ..record })
    }

    /// The key as a keystore under a passphrase of the owner's, which geth and others read.
    pub fn export(&self, passphrase: &Secret<String>) -> Result<Secret<String>, WalletError> {
        let key = self.key()?;
        self.in_passing(|path| {
            keystore::save(path, &key, passphrase)?;
            Ok(Secret::new(fs::read_to_string(path).map_err(self.failed("read", "the export"))?))
        })
    }

    /// The key in a keystore's text.
    pub fn open_text(&self, text: &Secret<String>, passphrase: &Secret<String>) -> Result<Key, WalletError> {
        self.in_passing(|path| {
            write_atomically(path, text.reveal().as_bytes())?;
            Ok(keystore::load(path, passphrase)?)
        })
    }

    /// Works with a file that is gone afterwards.
    fn in_passing<T>(&self, work: impl FnOnce(&Path) -> Result<T, WalletError>) -> Result<T, WalletError> {
        ttalkak_keep::folder(&self.folder).map_err(self.failed("create", ""))?;
        let path = self.folder.join(format!(".passing-{:016x}", rand::random::<u64>()));
        let done = work(&path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                done.and(Err(self.failed("remove", "the passing file")(error)))
            }
            Ok(()) | Err(_) => done,
        }
    }

    /// Takes a key from elsewhere. `force`: a wallet that is there is set aside and can be had back by hand.
    pub fn import(&self, key: &Key, force: bool) -> Result<WalletRecord, WalletError> {
        self.take_over(key, force).map(|(record, _)| record)
    }

    /// The same, and where the wallet is now that was here before.
    pub fn take_over(&self, key: &Key, force: bool) -> Result<(WalletRecord, Option<PathBuf>), WalletError> {
        let aside = match self.record()? {
            Some(old) if !force => return Err(WalletError::Exists(old.address)),
            Some(_) => Some(self.set_aside()?),
            None => None,
        };
        Ok((self.keep(key, None)?, aside))
    }

    /// The key itself.
    pub fn key(&self) -> Result<Key, WalletError> {
        let WalletRecord { address, kept, .. } = self.record()?.ok_or(WalletError::Absent)?;
        let key = match kept {
            Kept::Keyring => out_of_key_store(address)?,
            Kept::Keystore => self.read_file()?,
        };
        if key.address() == address { Ok(key) } else { Err(WalletError::Mismatch(address)) }
    }

    fn keep(&self, key: &Key, passphrase: Option<&Secret<String>>) -> Result<WalletRecord, WalletError> {
        ttalkak_keep::folder(&self.folder).map_err(self.failed("create", ""))?;
        let stored = self.keyring && into_key_store(key);
        let kept = if stored { Kept::Keyring } else { self.keep_in_file(key, passphrase)? };
        let record = WalletRecord { address: key.address(), kept, backed_up: None };
        self.write_record(&record)?;
        Ok(record)
    }

    fn write_record(&self, record: &WalletRecord) -> Result<(), WalletError> {
        let bytes = serde_json::to_vec_pretty(record).expect("a record has string keys");
        Ok(write_atomically(&self.folder.join(RECORD), &bytes)?)
    }

    /// The passphrase stays beside the file whoever chose it: the agent signs while nobody is there to type one. An
    /// owner who knows it can open the file elsewhere.
    fn keep_in_file(&self, key: &Key, passphrase: Option<&Secret<String>>) -> Result<Kept, WalletError> {
        let path = self.folder.join(KEYSTORE);
        if !path.exists() {
            let by_chance = || Secret::new(hex::encode(rand::random::<[u8; 32]>()));
            let passphrase = passphrase.cloned().unwrap_or_else(by_chance);
            write_atomically(&self.folder.join(PASSPHRASE), passphrase.reveal().as_bytes())?;
            keystore::save(&path, key, &passphrase)?;
        }
        Ok(Kept::Keystore)
    }

    fn read_file(&self) -> Result<Key, WalletError> {
        let passphrase = fs::read_to_string(self.folder.join(PASSPHRASE));
        let passphrase = passphrase.map_err(self.failed("read", PASSPHRASE))?;
        Ok(keystore::load(
            &self.folder.join(KEYSTORE),
            &Secret::new(passphrase.trim_end_matches('\n').to_owned()),
        )?)
    }

    fn set_aside(&self) -> Result<PathBuf, WalletError> {
        let aside = |n: u32| self.folder.with_file_name(format!("wallet.old-{n}"));
        let n =
            (1..).find(|n| !aside(*n).exists()).expect("a folder holds fewer files than there are numbers");
        fs::rename(&self.folder, aside(n)).map_err(self.failed("set aside", ""))?;
        Ok(aside(n))
    }

    fn failed(&self, doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> WalletError {
        let path = if file.is_empty() { self.folder.clone() } else { self.folder.join(file) };
        move |cause| WalletError::Io { doing, path, cause }
    }
}

/// Whether the system's key store took the key and gives it back.
fn into_key_store(key: &Key) -> bool {
    let kept = key_store::put(&checksum(&key.address()), &key.to_hex());
    if let Err(error) = &kept {
        tracing::info!(%error, "the wallet goes to a file");
    }
    kept.is_ok()
}

fn out_of_key_store(address: EvmAddress) -> Result<Key, WalletError> {
    let text = key_store::get(&checksum(&address))?;
    Key::from_hex(text.reveal()).map_err(|_| WalletError::Mismatch(address))
}

#[cfg(test)]
mod tests;
