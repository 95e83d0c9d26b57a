//! What the daemon wants of a running driver beside the assignment: the owner's wishes, on their way into the loop.
//! Deliberately absent: what they mean for running work, which is `logic`.

use crate::{desk::DeskHandle, logic::meter};
use std::{collections::BTreeMap, ops::RangeInclusive};
use tokio::sync::mpsc;
use ttalkak_protocol::{
    id::LeaseId,
    link::{HandedBack, Lending},
    unit::{Bytes, MilliCpu},
};

/// Orders that may wait for the driver; a person makes few, and the daemon waits when it is full.
pub const ORDERS_MAX: usize = 64;

/// One wish.
#[derive(Debug)]
pub enum Order {
    /// Whether new work is taken, and until when we are here.
    Lending(Lending),
    /// All leases that shall go; replaces what was said before.
    HandedBack(Vec<HandedBack>),
    /// How much is lent.
    Lend(Lent),
    /// What is asked for it, and where it is paid.
    Money(Box<meter::Lending>),
    /// Leases that are held to less than their plan; replaces what was said before.
    Squeeze(BTreeMap<LeaseId, (MilliCpu, Bytes)>),
    /// Stops the app's container and starts it again.
    Restart(LeaseId),
    /// Whether workloads run on when the driver ends.
    KeepWorkloads(bool),
    /// A desk follows the log of a lease.
    Follow(LeaseId, DeskHandle),
    /// It does not any more.
    Unfollow(LeaseId, DeskHandle),
}

/// How much is lent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// Processor share.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Most workloads at a time.
    pub workloads_max: u32,
    /// Host ports that workloads may get; those that have one keep it.
    pub ports: RangeInclusive<u16>,
}

/// Makes the way to a driver.
pub fn channel() -> (mpsc::Sender<Order>, mpsc::Receiver<Order>) {
    mpsc::channel(ORDERS_MAX)
}
