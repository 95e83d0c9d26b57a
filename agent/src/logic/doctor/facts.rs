//! What was seen of the machine, before anything is concluded from it. Filled by `io::doctor`, read by the checks.

use std::{collections::BTreeSet, ops::RangeInclusive};
use ttalkak_protocol::{
    desk::KeyStore,
    unit::{Bytes, MilliCpu, UnixMillis},
};

/// One look at the machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// When, by this machine's clock.
    pub at: UnixMillis,
    /// What should be lent, and where.
    pub wanted: Wanted,
    /// What the system is and has.
    pub system: SystemFacts,
    /// The engine.
    pub engine: EngineLook,
    /// Where the engine keeps its data; absent when that disk cannot be seen from here, as in a VM.
    pub engine_disk: Option<DiskRoom>,
    /// The data folder.
    pub folder: FolderLook,
    /// The way to the coordinator.
    pub coordinator: CoordinatorLook,
    /// Proxies.
    pub proxy: ProxyFacts,
    /// The system's key store.
    pub key_store: KeyStore,
    /// Whether the wallet should be there: it is kept there, or would go there.
    pub wallet_in_key_store: bool,
    /// Ports of the range that others hold; `None` when they cannot be listed.
    pub taken: Option<Vec<Taken>>,
    /// Another daemon in the same data folder, with its process when that is known.
    pub other_daemon: Option<Option<u32>>,
    /// Who looks.
    pub role: Role,
}

/// Who looks, as far as the data folder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The daemon that has the folder.
    Daemon,
    /// A program that wants to be its daemon.
    Candidate,
    /// A command beside the daemon, which may well be running.
    Visitor,
}

/// What the settings want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Lent.
    pub cpu: MilliCpu,
    /// Lent.
    pub memory: Bytes,
    /// Host ports of workloads.
    pub ports: RangeInclusive<u16>,
    /// Workloads at a time.
    pub workloads_max: u32,
}

/// The system around.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemFacts {
    /// Who runs this program.
    pub user: String,
    /// Which engines are installed, running or not.
    pub installed: BTreeSet<Installed>,
    /// `systemctl` rules here.
    pub systemd: bool,
    /// This program has the system's rights already.
    pub root: bool,
    /// A person can be asked for a password.
    pub pkexec: bool,
}

/// An engine that is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Installed {
    /// Docker as a service of the system.
    Docker,
    /// Docker as a service of the user.
    DockerRootless,
    /// Docker Desktop, which runs its engine in a VM.
    DockerDesktop,
    /// Podman with its socket.
    Podman,
}

/// How the engine met us.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineLook {
    /// No socket.
    NoSocket,
    /// A socket at which nobody listens.
    Refused {
        /// Its address.
        address: String,
    },
    /// A socket that we may not open.
    Denied {
        /// Its path.
        socket: String,
        /// The group that may, when there is one.
        group: Option<String>,
        /// The user is in that group already, but not since this session began.
        joined: bool,
    },
    /// It takes the connection and says nothing in time.
    Silent {
        /// Its address.
        address: String,
    },
    /// It says what no engine says, or breaks off.
    Garbled {
        /// Its address.
        address: String,
        /// What came, in a few words.
        said: String,
    },
    /// The address in the settings is of a kind that is not supported.
    BadAddress {
        /// As it stands there.
        address: String,
    },
    /// It answers.
    Answers(Box<EngineInfo>),
}

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Where it was asked.
    pub address: String,
    /// Podman, not Docker.
    pub podman: bool,
    /// As it says, such as `20.10.24+dfsg1`.
    pub version: String,
    /// `linux` or `windows`: what its containers are.
    pub os: String,
    /// `x86_64`, `aarch64`, ….
    pub arch: String,
    /// Processors of its machine.
    pub cpus: u32,
    /// Memory of its machine; zero when it does not say.
    pub memory: Bytes,
    /// It lives in a VM of its own: Docker Desktop, podman machine.
    pub vm: bool,
    /// It runs without root.
    pub rootless: bool,
    /// Limits that hold.
    pub limits: Limits,
    /// Of cgroups: 1 or 2.
    pub cgroups: Option<u8>,
    /// Storage driver, such as `overlay2`.
    pub storage: String,
    /// Where its data is.
    pub data_dir: Option<String>,
    /// Its proxy for pulling.
    pub proxy: Option<String>,
    /// It can build with BuildKit, or is Podman, which builds by itself.
    pub builds: bool,
}

/// Which limits the engine can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory.
    pub memory: bool,
    /// Swap; without it a workload may swap beyond its memory.
    pub swap: bool,
    /// Processor quota.
    pub cpu: bool,
    /// Number of processes.
    pub pids: bool,
}

/// Room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskRoom {
    /// Free for us.
    pub free: Bytes,
    /// In all.
    pub total: Bytes,
}

/// The data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderLook {
    /// Its path.
    pub path: String,
    /// Whether a file could be written, and what the disk said otherwise.
    pub written: Result<(), FolderFault>,
    /// Room there.
    pub room: Option<DiskRoom>,
}

/// Why the data folder cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFault {
    /// It is not there.
    Missing,
    /// It may not be written.
    Denied,
    /// No room.
    Full,
    /// Something else.
    Other,
}

/// The way to the coordinator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoordinatorLook {
    /// None is known yet.
    None,
    /// The way was gone.
    Tried {
        /// Its address.
        address: String,
        /// Its port.
        port: u16,
        /// What others on the way could read.
        plaintext: bool,
        /// How far we got.
        reached: Reached,
    },
}

/// How far the way to the coordinator leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Its name has no address.
    Unresolved,
    /// Its machine says that nobody listens.
    Refused,
    /// No connection came about.
    Blocked,
    /// This machine trusts nobody: no certificates are installed.
    NoRoots,
    /// The certificate does not prove who it is.
    Certificate {
        /// What TLS says.
        why: String,
    },
    /// TLS did not come about for another reason.
    NoTls,
    /// It took the connection and did not answer in time.
    Silent,
    /// Something else answered.
    Stranger {
        /// Its HTTP status; 0 when it spoke no HTTP.
        status: u16,
        /// Where it sends a browser to.
        location: Option<String>,
    },
    /// A coordinator.
    Answered {
        /// Its version.
        version: String,
        /// Its clock.
        date: Option<UnixMillis>,
    },
}

/// Proxies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyFacts {
    /// This program's, from its environment, without a password.
    pub own: Option<String>,
}

/// A port that another program holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub port: u16,
    /// By whom, when the system says so.
    pub program: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
}
