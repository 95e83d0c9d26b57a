//! Who this agent is: an Ed25519 key that never leaves the machine, and the id that the coordinator gave it.
//! The key lies in the data folder, readable by its owner alone. The desktop app will keep it in the system's
//! keyring instead: [`Identity::open`] and [`create_key`] are the two places that know where it is.
//! Deliberately absent: enrolment over the network (enrol.rs) and any way to export the key.

use crate::{address::Coordinator, checkpoint};
use ed25519_dalek::{Signer, SigningKey};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};
use ttalkak_protocol::{
    id::AgentId,
    link::challenge_bytes,
    money::{Domain, Reading, reading_bytes},
};

const KEY_FILE: &str = "identity.key";
const AGENT_FILE: &str = "agent.json";

/// What the coordinator and the owner call this agent; `agent.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentRecord {
    /// The id that the coordinator gave.
    pub agent: AgentId,
    /// The coordinator that gave it.
    pub coordinator: Coordinator,
    /// What its owner calls the machine.
    pub name: String,
}

/// An enrolled agent: its record and its key.
pub struct Identity {
    /// Id, coordinator and name.
    pub record: AgentRecord,
    key: SigningKey,
}

/// Why the identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No `agent.json`, or no key beside it.
    #[error(
        "this machine is not enrolled; make a code with `ttalkak providers enrol` and run `ttalkak-agent enrol`"
    )]
    NotEnrolled,
    /// Others could have read the key.
    #[error(
        "{path} has mode {mode:o}, so others could read the key; run `chmod 600 {path}`, and enrol again with --force if this is a shared machine"
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that is not what was written.
    #[error("{path} is damaged; enrol again with --force")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A key is there already, and keys are never overwritten.
    #[error("{path} exists already; keys are never overwritten")]
    KeyExists {
        /// The file.
        path: PathBuf,
    },
    /// The disk said no.
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
    /// The record could not be written.
    #[error("keep the agent's record")]
    Record(#[source] checkpoint::CheckpointError),
}

impl Identity {
    /// Reads key and record from the data folder.
    /// Errors: `NotEnrolled` when either is missing, `TooOpen`, `Damaged`, `Io`.
    pub fn open(data: &Path) -> Result<Self, IdentityError> {
        let record = read_record(data)?.ok_or(IdentityError::NotEnrolled)?;
        let key = read_key(data)?.ok_or(IdentityError::NotEnrolled)?;
        Ok(Self { record, key })
    }

    /// The answer to a challenge, hex of 64 bytes.
    pub fn sign_challenge(&self, audience: &str, nonce: &str) -> String {
        hex::encode(self.key.sign(&challenge_bytes(audience, nonce, self.record.agent)).to_bytes())
    }

    /// Stands for a reading: hex of 64 bytes.
    pub fn sign_reading(&self, domain: &Domain, reading: &Reading) -> String {
        hex::encode(self.key.sign(&reading_bytes(domain, reading)).to_bytes())
    }

    /// An identity that is on no disk, for tests of what uses one.
    pub fn in_memory(record: AgentRecord, secret: [u8; 32]) -> Self {
        Self { record, key: SigningKey::from_bytes(&secret) }
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("record", &self.record).field("key", &"[redacted]").finish()
    }
}

/// The record, or `None` before enrolment.
pub fn read_record(data: &Path) -> Result<Option<AgentRecord>, IdentityError> {
    let path = data.join(AGENT_FILE);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| IdentityError::Damaged { path }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(IdentityError::Io { doing: "read", path, cause }),
    }
}

/// Keeps the record; the last step of enrolment, so that a crash before it leaves "not enrolled".
pub fn write_record(data: &Path, record: &AgentRecord) -> Result<(), IdentityError> {
    let bytes = serde_json::to_vec_pretty(record).expect("a record has string keys and no failing writers");
    checkpoint::write_atomically(&data.join(AGENT_FILE), &bytes).map_err(IdentityError::Record)
}

/// The public key of the machine, hex of 32 bytes; the key is made when there is none.
pub fn public_key_or_new(data: &Path) -> Result<String, IdentityError> {
    let key = match read_key(data)? {
        Some(key) => key,
        None => create_key(data)?,
    };
    Ok(hex::encode(key.verifying_key().to_bytes()))
}

/// Moves key and record aside, so that a new enrolment starts with a new key and the old one is not lost.
pub fn retire(data: &Path) -> Result<(), IdentityError> {
    let taken =
        |n: &u32| [KEY_FILE, AGENT_FILE].iter().any(|file| data.join(format!("{file}.old-{n}")).exists());
    let n = (1..).find(|n| !taken(n)).expect("a folder holds fewer files than there are numbers");
    // The record goes first: with a key and no record the machine counts as not enrolled, never the other way round.
    for file in [AGENT_FILE, KEY_FILE] {
        let path = data.join(file);
        match fs::rename(&path, data.join(format!("{file}.old-{n}"))) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(IdentityError::Io { doing: "move aside", path, cause }),
        }
    }
    Ok(())
}

/// Makes a key. Of two agents that start at once one is refused, so that they never end with different keys in memory
/// and on disk.
/// Errors: `KeyExists`, `Io`.
pub fn create_key(data: &Path) -> Result<SigningKey, IdentityError> {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    let key = SigningKey::from_bytes(&secret);
    let path = data.join(KEY_FILE);
    match ttalkak_keep::create(&path, hex::encode(secret).as_bytes()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(IdentityError::KeyExists { path });
        }
        Err(cause) => return Err(IdentityError::Io { doing: "create", path, cause }),
    }
    Ok(key)
}

fn read_key(data: &Path) -> Result<Option<SigningKey>, IdentityError> {
    let path = data.join(KEY_FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(IdentityError::Io { doing: "read", path, cause }),
    };
    refuse_if_open_to_others(&file, &path)?;
    let mut text = String::new();
    // A key is 64 hex digits; a limit keeps a huge file that somebody put there out of memory.
    file.take(256).read_to_string(&mut text).map_err(|cause| IdentityError::Io {
        doing: "read",
        path: path.clone(),
        cause,
    })?;
    let secret = hex::decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    secret.map(|secret| Some(SigningKey::from_bytes(&secret))).ok_or(IdentityError::Damaged { path })
}

#[cfg(unix)]
fn refuse_if_open_to_others(file: &File, path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;
    let meta =
        file.metadata().map_err(|cause| IdentityError::Io { doing: "read", path: path.into(), cause })?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o177 == 0 { Ok(()) } else { Err(IdentityError::TooOpen { path: path.into(), mode }) }
}

/// The profile folder of a Windows user is closed to others by the system.
#[cfg(not(unix))]
fn refuse_if_open_to_others(_: &File, _: &Path) -> Result<(), IdentityError> {
    Ok(())
}

#[cfg(test)]
mod tests;
