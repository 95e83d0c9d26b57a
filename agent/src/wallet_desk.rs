//! The wallet as the desk sees it: made, taken over, backed up. The key leaves only in the one reply that shows it, and
//! nothing of it is written to a log. All calls block. Deliberately absent: what is done with the key (the driver), and
//! the setting of the payee, which is checked here and kept by the settings.

use crate::{
    cause::Chain,
    io::{
        key_store::KeyStoreError,
        wallet::{Kept, Wallet, WalletError, WalletRecord},
    },
};
use ttalkak_escrow::{Key, checksum, keystore::KeystoreError, parse_address};
use ttalkak_protocol::{
    Secret,
    desk::{KeyStore, OwnWallet, Reply, WalletKept, WalletNews},
    error::{ErrorCode, Problem},
    money::EvmAddress,
    unit::UnixMillis,
};

/// Against whoever copies a keystore: with scrypt a guess costs tens of milliseconds.
const PASSPHRASE_LEAST: usize = 12;
/// A keystore file has some 500 bytes.
const KEY_TEXT_MAX: usize = 64 * 1024;

/// The section. `payee`: what the settings say; `key_store`: what the last try showed.
pub fn news(wallet: &Wallet, payee: Option<EvmAddress>, key_store: KeyStore) -> WalletNews {
    let (record, problem) = match wallet.record() {
        Ok(record) => (record, None),
        Err(error) => (None, Some(problem(&error))),
    };
    let in_key_store = record.is_some_and(|record| record.kept == Kept::Keyring);
    let unreachable = match key_store {
        KeyStore::Locked if in_key_store => Some(KeyStoreError::Locked),
        KeyStore::Absent if in_key_store => Some(KeyStoreError::Absent),
        KeyStore::Locked | KeyStore::Absent | KeyStore::Usable | KeyStore::Unknown => None,
    };
    WalletNews {
        own: record.map(|record| OwnWallet {
            address: checksum(&record.address),
            kept: kept(&record),
            backed_up: record.backed_up,
        }),
        payee: payee.or(record.map(|record| record.address)),
        payee_set: payee.is_some(),
        key_store,
        problem: problem.or_else(|| unreachable.map(|error| self::problem(&error.into()))),
    }
}

/// Makes a wallet where none is.
pub fn create(wallet: &Wallet, passphrase: Option<&Secret<String>>) -> Result<Reply, Problem> {
    passphrase.map_or(Ok(()), check_passphrase)?;
    let record = wallet.make(passphrase).map_err(|error| problem(&error))?;
    Ok(made(&record, None))
}

/// Takes over a private key in hex, or a keystore's JSON with its passphrase. With `replace` a wallet that is there is
/// set aside, never written over.
pub fn import(
    wallet: &Wallet,
    key: &Secret<String>,
    passphrase: Option<&Secret<String>>,
    replace: bool,
) -> Result<Reply, Problem> {
    let text = key.reveal().trim();
    let key = if text.len() > KEY_TEXT_MAX {
        Err(Problem::new(ErrorCode::KeyInvalid, "That is longer than any keystore."))
    } else if text.starts_with('{') {
        let none = Secret::new(String::new());
        wallet.open_text(key, passphrase.unwrap_or(&none)).map_err(|error| problem(&error))
    } else {
        Key::from_hex(text)
            .map_err(|_| Problem::new(ErrorCode::KeyInvalid, "That is neither a private key nor a keystore."))
    }?;
    let (record, aside) = wallet.take_over(&key, replace).map_err(|error| problem(&error))?;
    Ok(made(&record, aside.map(|folder| folder.display().to_string())))
}

/// The key, as a keystore under a passphrase or bare.
pub fn back_up(wallet: &Wallet, passphrase: Option<&Secret<String>>) -> Result<Reply, Problem> {
    let secret = match passphrase {
        Some(passphrase) => {
            check_passphrase(passphrase)?;
            wallet.export(passphrase)
        }
        None => wallet.key().map(|key| key.to_hex()),
    };
    let secret = secret.map_err(|error| problem(&error))?;
    Ok(Reply::WalletSecret { secret, encrypted: passphrase.is_some() })
}

/// The owner says that a backup is kept.
pub fn backed_up(wallet: &Wallet, at: UnixMillis) -> Result<Reply, Problem> {
    wallet.set_backed_up(at).map(|()| Reply::Done).map_err(|error| problem(&error))
}

/// Reads a payee's address; with capitals its checksum must fit. The zero address is nobody.
pub fn payee(text: &str) -> Result<EvmAddress, Problem> {
    let address = parse_address(text.trim())
        .map_err(|error| Problem::new(ErrorCode::AddressInvalid, format!("That is no address: {error}.")))?;
    if address == EvmAddress([0; 20]) {
        let nobody = Problem::new(
            ErrorCode::AddressInvalid,
            "That is the address of nobody; what is paid there is lost.",
        );
        return Err(nobody.with_next("Give an address of your own."));
    }
    Ok(address)
}

fn check_passphrase(passphrase: &Secret<String>) -> Result<(), Problem> {
    let text = passphrase.reveal();
    let varied = text.chars().collect::<std::collections::BTreeSet<_>>().len() > 3;
    // A line end would not survive the file that the agent keeps it in.
    let typed = !text.chars().any(char::is_control);
    if text.chars().count() >= PASSPHRASE_LEAST && varied && typed {
        return Ok(());
    }
    let message = if typed {
        "That passphrase is too easy to guess."
    } else {
        "A passphrase has no line ends or tabs."
    };
    Err(Problem::new(ErrorCode::PassphraseShort, message))
}

fn made(record: &WalletRecord, set_aside: Option<String>) -> Reply {
    Reply::WalletMade { address: checksum(&record.address), kept: kept(record), set_aside }
}

fn kept(record: &WalletRecord) -> WalletKept {
    match record.kept {
        Kept::Keyring => WalletKept::KeyStore,
        Kept::Keystore => WalletKept::File,
    }
}

/// For screens. None of these errors holds a key or passphrase.
pub fn problem(error: &WalletError) -> Problem {
    let told = |code, message: String| Problem::new(code, message);
    match error {
        WalletError::Absent => told(ErrorCode::WalletMissing, "There is no wallet on this machine.".into()),
        WalletError::Exists(address) => told(
            ErrorCode::WalletExists,
            format!("There is a wallet on this machine already, {}.", checksum(address)),
        ),
        WalletError::Keyring(KeyStoreError::Locked | KeyStoreError::Silent) => told(
            ErrorCode::KeyStoreLocked,
            "The wallet's key is in the system's key store, which is locked.".into(),
        ),
        WalletError::Keyring(KeyStoreError::Absent) => told(
            ErrorCode::KeyStoreAbsent,
            "The wallet's key is in the system's key store, which is not there now.".into(),
        )
        .with_next("Sign in to the desktop session in which the wallet was made."),
        WalletError::Keyring(KeyStoreError::Missing) | WalletError::Mismatch(_) => {
            told(ErrorCode::WalletMissing, "The wallet's key is not where it was kept.".into())
                .with_next("Take the wallet over from your backup.")
        }
        WalletError::Keystore(KeystoreError::Passphrase { .. }) => {
            told(ErrorCode::PassphraseWrong, "The passphrase does not open the keystore.".into())
        }
        WalletError::Keystore(KeystoreError::Malformed { reason, .. }) => {
            told(ErrorCode::KeyInvalid, format!("That is not a keystore of version 3: {reason}."))
        }
        WalletError::Damaged(path) => {
            told(ErrorCode::WalletMissing, format!("The wallet's record {} is damaged.", path.display()))
                .with_next("Take the wallet over from your backup.")
        }
        WalletError::Keyring(KeyStoreError::Other(_))
        | WalletError::Keystore(KeystoreError::Exists { .. } | KeystoreError::Io { .. })
        | WalletError::Record(_)
        | WalletError::Io { .. } => told(ErrorCode::WriteFailed, format!("The wallet: {}.", Chain(error))),
    }
}

#[cfg(test)]
mod tests;
