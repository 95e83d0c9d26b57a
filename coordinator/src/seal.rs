//! Seals secrets before they reach a table: XChaCha20-Poly1305 under one master key that lives in a file beside the
//! database, and out of its backups. Every sealed value is bound to its purpose, so that a blob moved to another row
//! does not open. Deliberately absent: rotation; the version byte leaves room for it.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::Rng;
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use ttalkak_protocol::Secret;

/// Name of the key's file beneath the data directory.
pub const KEY_FILE: &str = "master.key";
/// The first byte of a sealed value: which way it was sealed.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// HMAC's block for SHA-256.
const BLOCK_BYTES: usize = 64;

/// Why a secret could not be sealed, opened, or the key not be had.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The key's file could not be read or made.
    #[error("read or make the master key {file}")]
    KeyFile {
        /// Which file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The key's file is not 64 hex digits.
    #[error("the master key {file} is not 64 hex digits")]
    KeyShape {
        /// Which file.
        file: PathBuf,
    },
    /// Other users of the machine can read the key.
    #[error("the master key {file} can be read by other users: chmod 600 it")]
    KeyExposed {
        /// Which file.
        file: PathBuf,
    },
    /// Too short, of an unknown version, altered, or sealed for another purpose or by another key.
    #[error("a sealed value for {purpose} does not open")]
    Broken {
        /// What it was to be used for.
        purpose: String,
    },
}

/// Holds the master key; clones share it.
#[derive(Clone)]
pub struct Sealer {
    key: Arc<Secret<[u8; KEY_BYTES]>>,
}

impl Sealer {
    /// Reads the key beneath `dir`, or makes one (mode 0600) when there is none.
    /// Errors: `KeyFile`, `KeyShape`, `KeyExposed`.
    pub fn open(dir: &Path) -> Result<Self, SealError> {
        let file = dir.join(KEY_FILE);
        let fail = |cause| SealError::KeyFile { file: file.clone(), cause };
        if !file.try_exists().map_err(fail)? {
            make_key(dir, &file).map_err(fail)?;
        }
        let mode = fs::metadata(&file).map_err(fail)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SealError::KeyExposed { file });
        }
        let text = fs::read_to_string(&file).map_err(fail)?;
        let mut key = [0; KEY_BYTES];
        match hex::decode_to_slice(text.trim(), &mut key) {
            Ok(()) => Ok(Self::new(key)),
            Err(_) => Err(SealError::KeyShape { file }),
        }
    }

    /// With a key at hand.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self { key: Arc::new(Secret::new(key)) }
    }

    /// Seals `plain` for `purpose`: version, nonce, ciphertext.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::rng().random();
        let payload = Payload { msg: plain, aad: purpose.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(XNonce::from_slice(&nonce), payload)
            .expect("only messages of 256 GiB cannot be sealed");
        [&[VERSION][..], &nonce, &sealed].concat()
    }

    /// Opens what [`Sealer::seal`] made for the same purpose. Errors: `Broken`.
    pub fn open_sealed(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let broken = || SealError::Broken { purpose: purpose.to_owned() };
        let (head, body) = sealed.split_at_checked(1 + NONCE_BYTES).ok_or_else(broken)?;
        if head[0] != VERSION {
            return Err(broken());
        }
        let payload = Payload { msg: body, aad: purpose.as_bytes() };
        self.cipher().decrypt(XNonce::from_slice(&head[1..]), payload).map_err(|_| broken())
    }

    /// HMAC-SHA-256 of `message` under a key made of the master key and `purpose`; for tokens that need no table.
    pub fn mac(&self, purpose: &str, message: &[u8]) -> [u8; 32] {
        let key = hmac(self.key.reveal(), purpose.as_bytes());
        hmac(&key, message)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.reveal().into())
    }
}

/// Written whole under another name first, so that a crash leaves either no key or a good one.
fn make_key(dir: &Path, file: &Path) -> io::Result<()> {
    let key: [u8; KEY_BYTES] = rand::rng().random();
    let part = dir.join(format!("{KEY_FILE}.part"));
    let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    out.write_all(hex::encode(key).as_bytes())?;
    out.sync_all()?;
    fs::rename(&part, file)?;
    fs::File::open(dir)?.sync_all()
}

fn hmac(key: &[u8; KEY_BYTES], message: &[u8]) -> [u8; 32] {
    let pad = |byte: u8| {
        let mut block = [byte; BLOCK_BYTES];
        block.iter_mut().zip(key).for_each(|(pad, key)| *pad ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_for_its_purpose_only() {
        let sealer = Sealer::new([7; 32]);
        let sealed = sealer.seal("env:a:KEY", b"hunter2");
        assert_eq!(sealer.open_sealed("env:a:KEY", &sealed).unwrap(), b"hunter2");
        assert!(sealer.open_sealed("env:b:KEY", &sealed).is_err());
        assert!(Sealer::new([8; 32]).open_sealed("env:a:KEY", &sealed).is_err());
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
    }

    #[test]
    fn every_altered_byte_and_every_cut_is_noticed() {
        let sealer = Sealer::new([7; 32]);
        let sealed = sealer.seal("p", b"x");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer.open_sealed("p", &altered).is_err(), "byte {at}");
            assert!(sealer.open_sealed("p", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_key_is_made_once_and_kept_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = Sealer::open(dir.path()).unwrap().seal("p", b"x");
        assert_eq!(Sealer::open(dir.path()).unwrap().open_sealed("p", &sealed).unwrap(), b"x");
        let file = dir.path().join(KEY_FILE);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Sealer::open(dir.path()), Err(SealError::KeyExposed { .. })));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&file, "short").unwrap();
        assert!(matches!(Sealer::open(dir.path()), Err(SealError::KeyShape { .. })));
    }

    #[test]
    fn the_mac_is_hmac_sha_256() {
        // RFC 4231 has no 32-byte key; this value was computed with another implementation.
        let key: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        assert_eq!(
            hex::encode(hmac(&key, b"what do ya want for nothing?")),
            "099805f4ac310786968565c098db515cc50862b420ae31e20238312344bed36a"
        );
    }
}
