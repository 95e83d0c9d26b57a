//! Who has which port of the range: workloads, other programs, nobody. Pure: the listening sockets come in as facts.
//! Deliberately absent: giving ports to workloads (`ports.rs`).

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    time::Duration,
};
use ttalkak_protocol::{
    desk::{PortOfOurs, PortTaken, Ports},
    unit::{Millis, UnixMillis},
};

/// The most other programs that are listed.
const TAKEN_MAX: usize = 500;
/// Where a range may lie: below are the ports of the system, above those that the kernel gives to outgoing connections
/// and that are taken at any moment.
const RANGES_FROM: RangeInclusive<u16> = 10_000..=32_767;

/// A program that listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listening {
    /// Where.
    pub port: u16,
    /// Its name, when the system tells.
    pub program: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
}

/// What is known besides the listening sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortBook {
    /// The configured range.
    pub range: RangeInclusive<u16>,
    /// What workloads have.
    pub ours: Vec<PortOfOurs>,
    /// Ports that are left alone after a conflict, and for how long still.
    pub avoided: BTreeMap<u16, Duration>,
    /// The last time that no port was free.
    pub exhausted: Option<UnixMillis>,
}

/// The section, from one look. `None` for `listening`: the system did not tell, and only ours are shown.
pub fn section(book: &PortBook, listening: Option<&[Listening]>, at: UnixMillis) -> Ports {
    let ours: BTreeSet<u16> = book.ours.iter().map(|ours| ours.port).collect();
    let taken = others(&book.range, &ours, listening.unwrap_or(&[]));
    let mut rows: BTreeMap<u16, PortTaken> =
        taken.into_iter().map(|one| (one.port, row(one, book))).collect();
    for port in book.avoided.keys().filter(|port| book.range.contains(port) && !ours.contains(port)) {
        let unseen = Listening { port: *port, program: None, pid: None };
        rows.entry(*port).or_insert_with(|| row(unseen, book));
    }
    let mut of_ours = book.ours.clone();
    of_ours.sort_by_key(|ours| ours.port);
    let held = ours.iter().chain(rows.keys()).copied();
    Ports {
        first: *book.range.start(),
        last: *book.range.end(),
        free: free_count(&book.range, held),
        ours: of_ours,
        taken_total: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        taken: rows.into_values().take(TAKEN_MAX).collect(),
        at: listening.map(|_| at),
        looking: false,
        exhausted: book.exhausted,
    }
}

/// Listeners within the range that are not ours, one for each port.
pub fn others(range: &RangeInclusive<u16>, ours: &BTreeSet<u16>, listening: &[Listening]) -> Vec<Listening> {
    let mut found: BTreeMap<u16, Listening> = BTreeMap::new();
    for one in listening.iter().filter(|one| range.contains(&one.port) && !ours.contains(&one.port)) {
        // The same port is often listed for IPv4 and IPv6; the one with a name says more.
        let kept = found.entry(one.port).or_insert_with(|| one.clone());
        if kept.program.is_none() {
            *kept = one.clone();
        }
    }
    found.into_values().collect()
}

fn row(one: Listening, book: &PortBook) -> PortTaken {
    let avoided = book.avoided.get(&one.port);
    PortTaken {
        port: one.port,
        program: one.program,
        pid: one.pid,
        conflict: avoided.is_some(),
        avoided_for: avoided.map(|left| Millis(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))),
    }
}

/// How many ports of a range nobody holds. Port 0 is none.
pub fn free_count(range: &RangeInclusive<u16>, held: impl Iterator<Item = u16>) -> u32 {
    let first = (*range.start()).max(1);
    let all = (u32::from(*range.end()) + 1).saturating_sub(u32::from(first));
    let held: BTreeSet<u16> = held.filter(|port| (first..=*range.end()).contains(port)).collect();
    all.saturating_sub(u32::try_from(held.len()).unwrap_or(u32::MAX))
}

/// A range of the same width in which fewest ports are held, the nearest above the old one if several are as free.
/// `None` when no other place is better than the old one.
pub fn free_range(old: &RangeInclusive<u16>, held: &BTreeSet<u16>) -> Option<RangeInclusive<u16>> {
    let width = old.end().saturating_sub(*old.start());
    let count = |range: &RangeInclusive<u16>| held.range(range.clone()).count();
    let places = (*RANGES_FROM.start()..=RANGES_FROM.end().saturating_sub(width)).step_by(100);
    let ranges = places.map(|first| first..=first + width);
    let rank = |range: &RangeInclusive<u16>| {
        (count(range), range.start() < old.start(), range.start().abs_diff(*old.start()))
    };
    ranges.min_by_key(rank).filter(|best| count(best) < count(old))
}

#[cfg(test)]
mod tests;
