//! All that can happen to an agent. A closed list: whoever adds a variant is told by the compiler where to think of it.

use super::meter::Lending;
use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};
use ttalkak_protocol::{
    error::Problem,
    id::LeaseId,
    link::{Assignment, ImageReport, SignedClose, VoucherNews},
    unit::{Bytes, HostPort, MilliCpu, Millis, UnixMillis},
};

/// The two clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the agent started; never jumps. All deadlines are counted by it.
    pub mono: Duration,
    /// For people and reports.
    pub wall: UnixMillis,
}

/// Stamps each piece of work, so that a late answer to work that was given up is known and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ticket(pub u64);

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The link stands.
    Connected {
        /// A lease that is not renewed for so long is over.
        lease_ttl: Millis,
    },
    /// The link is gone; workloads run on until their leases end.
    Disconnected,
    /// The full list of leases came.
    Assigned(Assignment),
    /// A report was stored.
    Renewed {
        /// When that report was sent.
        sent: Duration,
    },
    /// The engine answers.
    EngineUp(EngineFacts),
    /// The engine does not answer.
    EngineDown(Problem),
    /// What of ours the engine has.
    Observed {
        /// Which look this was.
        round: u64,
        /// All that was seen.
        seen: Observed,
    },
    /// Something about one workload.
    Of {
        /// Whose.
        lease: LeaseId,
        /// The work that this answers.
        ticket: Ticket,
        /// What.
        fact: Fact,
    },
    /// Nothing of this lease is left on the machine.
    Gone {
        /// Whose.
        lease: LeaseId,
    },
    /// The coordinator vouched for readings.
    Vouched(Vec<VoucherNews>),
    /// How much was sent to visitors since the process began, by lease.
    Sent(BTreeMap<LeaseId, u64>),
    /// The book of money was written, or could not be.
    BookWritten {
        /// Whether it is on disk.
        done: bool,
    },
    /// The wallet signed that an agreement is over.
    CloseSigned(SignedClose),
    /// The owner wants an app started again.
    Restart {
        /// Which.
        lease: LeaseId,
    },
    /// The owner changed what is asked, or where it is paid.
    Lent(Lending),
    /// The owner changed the range of ports; who has one keeps it.
    PortRange(RangeInclusive<u16>),
    /// Leases that are held to less than their plan; replaces what was said before.
    Squeezed(BTreeMap<LeaseId, (MilliCpu, Bytes)>),
    /// Time passed.
    Tick,
    /// The program ends, and workloads run on.
    Pause,
    /// The agent is asked to stop all workloads and take no more.
    Leave,
}

/// Facts about one workload.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The source archive is here and is what was promised.
    SourceFetched {
        /// How long it took.
        took: Millis,
    },
    /// It could not be had.
    SourceFailed {
        /// Why.
        problem: Problem,
        /// Whether another try may help.
        again: bool,
    },
    /// The build went on.
    BuildStepped {
        /// Steps finished.
        step: u32,
        /// Steps known.
        total: u32,
        /// The step at work.
        doing: String,
    },
    /// The image is there.
    ImageBuilt {
        /// What the engine made.
        image: ImageReport,
        /// How long it took.
        took: Millis,
    },
    /// The build ended without an image.
    BuildFailed {
        /// Why.
        problem: Problem,
        /// The last lines of its log.
        last_lines: Vec<String>,
    },
    /// Another program holds the port.
    PortTaken {
        /// Which.
        port: HostPort,
    },
    /// The image went away between the look and the start.
    ImageMissing,
    /// The container runs, newly started or adopted.
    Started {
        /// The engine's id.
        container: String,
        /// Where it listens on our loopback.
        port: HostPort,
        /// How long creating and starting took.
        took: Millis,
        /// How long it has been running; zero when it was just started.
        ran_for: Duration,
    },
    /// It cannot be started, now or later.
    StartFailed {
        /// Why.
        problem: Problem,
    },
    /// A container of ours that was found is not fit to be taken over; it was removed.
    NotAdopted,
    /// A probe came back.
    Probed(Probed),
    /// The container ended by itself.
    Exited(Exit),
    /// Its watch ended before it did; it must be watched again.
    WatchLost,
    /// The container of a failed start is removed.
    GaveUp {
        /// The last lines it wrote.
        last_lines: Vec<String>,
    },
    /// The engine went away in the middle of the work.
    EngineLost {
        /// What was seen.
        problem: Problem,
    },
    /// The work ended in a bug of ours.
    Panicked {
        /// Name of the work.
        work: &'static str,
    },
}

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq)]
pub enum Probed {
    /// It answers.
    Healthy,
    /// It does not.
    Sick {
        /// What is seen instead.
        why: Problem,
    },
}

/// How a container ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Exit code of its first process.
    pub code: i64,
    /// Whether the kernel killed something in it for memory.
    pub out_of_memory: bool,
    /// The last lines it wrote, at most 200.
    pub last_lines: Vec<String>,
}

/// What the agent must know of an engine to use it rightly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Name and version, such as `docker 20.10.24`.
    pub name: String,
    /// Podman differs in log drivers and in how it reports limits.
    pub podman: bool,
    /// Whether the kernel accounts for swap; without it the engine drops the swap limit.
    pub swap_limit: bool,
}

/// All containers, images and networks that carry our label.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Running or not.
    pub containers: Vec<SeenContainer>,
    /// With a build key.
    pub images: Vec<ImageReport>,
    /// Ids of images of ours that lost their name to a newer build.
    pub stray_images: Vec<String>,
    /// Ids of networks of ours other than the one in use.
    pub stray_networks: Vec<String>,
    /// Memory in use, by lease.
    pub memory: BTreeMap<LeaseId, Bytes>,
}

/// One container of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenContainer {
    /// The engine's id.
    pub id: String,
    /// From its label; `None` when the label is not a lease id.
    pub lease: Option<LeaseId>,
    /// Whether it runs.
    pub running: bool,
    /// Its port on our loopback.
    pub host_port: Option<HostPort>,
}
