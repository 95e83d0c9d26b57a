//! Where the tenant's key is: in the system's keyring, else in a geth keystore file under a passphrase. Beside it lies a
//! small record without secrets: the address, where the key is, and which contracts were agreed to. Blocking; callers use
//! `spawn_blocking`. Deliberately absent: any way for the key off this machine.

mod passphrase;
mod record;

pub(crate) use passphrase::Passphrase;
pub(crate) use record::{Contract, Kept, Record};

use crate::error::{CliError, CliResult};
use std::{io, path::PathBuf};
use ttalkak_escrow::{Key, keystore};
use ttalkak_protocol::{Secret, error::ErrorCode, money::EvmAddress};

/// Under which name the system's keyring lists the key.
const KEYRING_NAME: &str = "ttalkak wallet";

/// The folder of the wallet and how its passphrase is found.
#[derive(Debug, Clone)]
pub(crate) struct Wallet {
    /// Holds `wallet.toml` and, without a keyring, `wallet.json`.
    pub(crate) folder: PathBuf,
    /// For the keystore.
    pub(crate) passphrase: Passphrase,
}

impl Wallet {
    /// What is known about the wallet; `None` when there is none. Errors: the record cannot be read.
    pub(crate) fn record(&self) -> CliResult<Option<Record>> {
        Record::load(&self.record_path())
    }

    /// The same. Errors: there is none.
    pub(crate) fn existing(&self) -> CliResult<Record> {
        self.record()?.ok_or_else(|| {
            CliError::usage(
                ErrorCode::WalletRequired,
                "There is no wallet on this machine.",
                "Make one with `ttalkak wallet create`, or bring yours with `ttalkak wallet import`.",
            )
        })
    }

    /// Writes the record.
    pub(crate) fn keep_record(&self, record: &Record) -> CliResult<()> {
        record.save(&self.record_path())
    }

    /// Keeps a new key: in the keyring when there is one and `keyring` allows it, else in a keystore.
    /// Errors: no passphrase for the keystore, or the file cannot be written.
    pub(crate) fn keep(&self, key: &Key, keyring: bool, person: bool) -> CliResult<Record> {
        let address = key.address();
        let kept = if keyring && to_keyring(key).is_ok() {
            Kept::Keyring
        } else {
            let passphrase = self.passphrase.for_new(person)?;
            let path = self.keystore_path();
            std::fs::create_dir_all(&self.folder).map_err(|cause| failed("make", &self.folder, cause))?;
            keystore::save(&path, key, &passphrase).map_err(|error| self.refused("write", error))?;
            Kept::Keystore
        };
        let record = Record { address, kept, contracts: Default::default(), endpoints: Default::default() };
        self.keep_record(&record)?;
        Ok(record)
    }

    /// The key. Errors: wrong or no passphrase, a keyring that does not open, or a key of another address.
    pub(crate) fn open(&self, record: &Record, person: bool) -> CliResult<Key> {
        let key = match record.kept {
            Kept::Keyring => from_keyring(record.address)?,
            Kept::Keystore => {
                let passphrase = self.passphrase.for_known(person)?;
                keystore::load(&self.keystore_path(), &passphrase)
                    .map_err(|error| self.refused("open", error))?
            }
        };
        if key.address() == record.address {
            return Ok(key);
        }
        Err(CliError::usage(
            ErrorCode::StateConflict,
            format!("The key in {} is not the one of {}.", self.folder.display(), record.address),
            "Put the files back as they were, or import the key again.",
        ))
    }

    /// In words, where the key is.
    pub(crate) fn place(&self, kept: Kept) -> String {
        match kept {
            Kept::Keyring => format!("the system's keyring, as \"{KEYRING_NAME}\""),
            Kept::Keystore => format!("{}, under your passphrase", self.keystore_path().display()),
        }
    }

    fn record_path(&self) -> PathBuf {
        self.folder.join("wallet.toml")
    }

    fn keystore_path(&self) -> PathBuf {
        self.folder.join("wallet.json")
    }

    fn refused(&self, what: &str, error: impl std::error::Error + Send + Sync + 'static) -> CliError {
        failed(what, &self.keystore_path(), io::Error::other(error))
    }
}

fn failed(what: &str, path: &std::path::Path, cause: io::Error) -> CliError {
    CliError::file(format!("{what} {}", path.display()), cause)
}

fn to_keyring(key: &Key) -> Result<(), keyring::Error> {
    keyring::Entry::new(KEYRING_NAME, &key.address().to_string())?.set_password(key.to_hex().reveal())
}

fn from_keyring(address: EvmAddress) -> CliResult<Key> {
    let read = || keyring::Entry::new(KEYRING_NAME, &address.to_string())?.get_password();
    let text = read().map_err(|cause| {
        CliError::file(format!("read the key of {address} in the system's keyring"), io::Error::other(cause))
    })?;
    parse_key(&Secret::new(text))
}

/// A private key as people write it: 64 hex digits, `0x` in front or not. Errors: something else; never repeats it.
pub(crate) fn parse_key(text: &Secret<String>) -> CliResult<Key> {
    Key::from_hex(text.reveal().trim()).map_err(|_| {
        CliError::usage(
            ErrorCode::InvalidBody,
            "That is not a private key.",
            "Give its 64 hex digits, or a geth keystore file with --file.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wallet(folder: &std::path::Path, passphrase: &str) -> Wallet {
        let passphrase = Passphrase::Given(Secret::new(passphrase.to_owned()));
        Wallet { folder: folder.to_owned(), passphrase }
    }

    #[test]
    fn a_key_in_a_keystore_comes_back_with_its_passphrase_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (key, own) = (Key::random(), wallet(dir.path(), "correct horse"));
        assert_eq!(own.existing().unwrap_err().code(), "wallet_required");
        let record = own.keep(&key, false, false).unwrap();
        assert_eq!(own.existing().unwrap(), record);
        assert_eq!(own.open(&record, false).unwrap().address(), key.address());
        assert!(wallet(dir.path(), "wrong").open(&record, false).is_err());
        let missing = Wallet { folder: dir.path().to_owned(), passphrase: Passphrase::Ask };
        assert_eq!(missing.open(&record, false).unwrap_err().code(), "wallet_required");
    }

    #[test]
    fn a_keystore_of_another_key_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let own = wallet(dir.path(), "p");
        let mut record = own.keep(&Key::random(), false, false).unwrap();
        record.address = EvmAddress([9; 20]);
        assert_eq!(own.open(&record, false).unwrap_err().code(), "state_conflict");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        let error = parse_key(&Secret::new("0xnot-a-key-but-secret".into())).unwrap_err();
        assert!(!format!("{error}{}", error.causes()).contains("secret"));
        assert!(parse_key(&Secret::new("00".repeat(32))).is_err(), "zero is no key");
    }
}
