//! Which name leads where, and how many visitors each target serves at this moment. Setting a route never touches
//! those who are being served. Deliberately absent: where routes come from.

use super::cause::Cause;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use ttalkak_protocol::{
    api::deployment::ProjectPart,
    id::{AgentId, LeaseId, ProjectId, TunnelId},
    link::Exposure,
    unit::PublicPort,
};

/// Who serves a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A workload, through its agent's tunnel.
    Lease {
        /// Which.
        lease: LeaseId,
        /// Where it runs.
        agent: AgentId,
    },
    /// A local service, through a tunnel of its own.
    Tunnel(TunnelId),
}

/// A target's name, by which streams are counted and connections kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKey {
    /// A workload's.
    Lease(LeaseId),
    /// A local service's.
    Tunnel(TunnelId),
}

impl Target {
    /// Its name, without where it runs.
    pub const fn key(self) -> TargetKey {
        match self {
            Self::Lease { lease, .. } => TargetKey::Lease(lease),
            Self::Tunnel(tunnel) => TargetKey::Tunnel(tunnel),
        }
    }
}

/// A name's row in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteEntry {
    /// HTTP by name, or raw TCP by port.
    pub exposure: Exposure,
    /// The port of raw TCP.
    pub public_port: Option<PublicPort>,
    /// Which part of which project it is: what asks a front end for `/api` is led to the back end of the same project.
    pub place: Option<(ProjectId, ProjectPart)>,
    /// Who serves it.
    pub serving: Serving,
}

/// Who serves a name, or why nobody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serving {
    /// This one.
    By(Target),
    /// Nobody.
    Nobody {
        /// Why.
        cause: Cause,
        /// One sentence more, for the page; may be empty.
        detail: String,
    },
}

/// What a lookup found.
pub(super) enum Found {
    Target(Claim),
    Nobody {
        cause: Cause,
        detail: String,
    },
    /// No such name, or not by this way in.
    Unknown,
}

/// A target with one visitor more, until this is dropped.
pub(super) struct Claim {
    pub(super) target: Target,
    count: Arc<Count>,
}

#[derive(Default)]
struct Count {
    open: AtomicU64,
    none: Notify,
    /// Rows that lead to the target.
    rows: AtomicU64,
}

/// A row's hold on the count of its target.
struct Routed(Arc<Count>);

impl Routed {
    fn new(count: Arc<Count>) -> Self {
        count.rows.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Routed {
    fn drop(&mut self) {
        self.0.rows.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Claim {
    /// Whether some name still leads to the target.
    pub(super) fn is_routed(&self) -> bool {
        self.count.rows.load(Ordering::Acquire) > 0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.count.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.count.none.notify_waiters();
        }
    }
}

/// The table. A cheap handle.
#[derive(Clone)]
pub struct RouteTable {
    inner: Arc<Inner>,
}

struct Inner {
    /// Read for each request, for as long as one lookup takes; written when a route changes.
    rows: RwLock<Rows>,
    counts: Mutex<BTreeMap<TargetKey, Weak<Count>>>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Rows {
    by_name: BTreeMap<String, Row>,
    /// Names of back ends, of those projects that have one.
    back_ends: BTreeMap<ProjectId, String>,
}

impl Rows {
    fn insert(&mut self, name: String, row: Row) {
        self.remove(&name);
        if let Some((project, ProjectPart::BackEnd)) = row.entry.place {
            self.back_ends.insert(project, name.clone());
        }
        self.by_name.insert(name, row);
    }

    fn remove(&mut self, name: &str) {
        let place = self.by_name.remove(name).and_then(|row| row.entry.place);
        if let Some((project, ProjectPart::BackEnd)) = place
            && self.back_ends.get(&project).is_some_and(|back_end| back_end == name)
        {
            self.back_ends.remove(&project);
        }
    }

    /// The row that answers `path` of a name.
    fn at(&self, name: &str, path: &str) -> Option<&Row> {
        let row = self.by_name.get(name)?;
        let back_end = match row.entry.place {
            Some((project, ProjectPart::FrontEnd)) if is_api(path) => self.back_ends.get(&project),
            Some(_) | None => None,
        };
        back_end.map_or(Some(row), |back_end| self.by_name.get(back_end))
    }
}

/// Whether a front end leaves this path to its back end.
fn is_api(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

struct Row {
    entry: RouteEntry,
    /// Of the target, when there is one.
    count: Option<Routed>,
}

impl Default for RouteTable {
    fn default() -> Self {
        let (changes, _) = watch::channel(0);
        Self { inner: Arc::new(Inner { rows: RwLock::default(), counts: Mutex::default(), changes }) }
    }
}

impl RouteTable {
    /// Sets a name's row. Who is being served goes on; who comes after this returns meets the new row.
    pub fn set(&self, name: impl Into<String>, entry: RouteEntry) {
        let row = self.row(entry);
        self.write(|rows| rows.insert(name.into(), row));
    }

    /// Takes a name away.
    pub fn remove(&self, name: &str) {
        self.write(|rows| rows.remove(name));
    }

    /// Replaces the whole table at once.
    pub fn replace_all(&self, entries: BTreeMap<String, RouteEntry>) {
        let mut fresh = Rows::default();
        for (name, entry) in entries {
            fresh.insert(name, self.row(entry));
        }
        self.write(|rows| *rows = fresh);
    }

    /// A name's row.
    pub fn get(&self, name: &str) -> Option<RouteEntry> {
        self.read().by_name.get(name).map(|row| row.entry.clone())
    }

    /// Changes each time a row may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Visitors that a lease serves now: requests on their way, sockets, raw connections.
    pub fn streams(&self, lease: LeaseId) -> u64 {
        self.count(TargetKey::Lease(lease)).map_or(0, |count| count.open.load(Ordering::Acquire))
    }

    /// Waits until a lease serves nobody, at most for `within`. True when it serves nobody. Set its name to another
    /// target before, or new visitors come.
    pub async fn drained(&self, lease: LeaseId, within: Duration) -> bool {
        let Some(count) = self.count(TargetKey::Lease(lease)) else { return true };
        let empty = async {
            loop {
                let mut none = std::pin::pin!(count.none.notified());
                // Enlisted before the look, so that the last visitor cannot leave unseen in between.
                none.as_mut().enable();
                if count.open.load(Ordering::Acquire) == 0 {
                    return;
                }
                none.await;
            }
        };
        timeout(within, empty).await.is_ok()
    }

    /// Names with raw TCP, by port.
    pub(super) fn ports(&self) -> BTreeMap<PublicPort, String> {
        self.read()
            .by_name
            .iter()
            .filter(|(_, row)| row.entry.exposure == Exposure::Tcp)
            .filter_map(|(name, row)| Some((row.entry.public_port?, name.clone())))
            .collect()
    }

    /// Whether some name leads to the target.
    pub(super) fn leads_to(&self, key: TargetKey) -> bool {
        self.count(key).is_some_and(|count| count.rows.load(Ordering::Acquire) > 0)
    }

    /// Finds who answers a path of a name by HTTP, and counts one visitor more.
    pub(super) fn claim(&self, name: &str, path: &str) -> Found {
        Self::claim_row(self.read().at(name, path), Exposure::Http)
    }

    /// The same for raw TCP.
    pub(super) fn claim_raw(&self, name: &str) -> Found {
        Self::claim_row(self.read().by_name.get(name), Exposure::Tcp)
    }

    fn claim_row(row: Option<&Row>, way_in: Exposure) -> Found {
        let Some(row) = row.filter(|row| row.entry.exposure == way_in) else { return Found::Unknown };
        match (&row.entry.serving, &row.count) {
            (Serving::By(target), Some(Routed(count))) => {
                count.open.fetch_add(1, Ordering::AcqRel);
                Found::Target(Claim { target: *target, count: Arc::clone(count) })
            }
            (Serving::Nobody { cause, detail }, _) => Found::Nobody { cause: *cause, detail: detail.clone() },
            (Serving::By(_), None) => Found::Unknown,
        }
    }

    fn row(&self, entry: RouteEntry) -> Row {
        let count = match &entry.serving {
            Serving::By(target) => Some(Routed::new(self.count_of(target.key()))),
            Serving::Nobody { .. } => None,
        };
        Row { entry, count }
    }

    fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.inner.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: impl FnOnce(&mut Rows)) {
        change(&mut self.inner.rows.write().unwrap_or_else(PoisonError::into_inner));
        self.inner.changes.send_modify(|count| *count += 1);
    }

    fn count(&self, key: TargetKey) -> Option<Arc<Count>> {
        self.counts().get(&key).and_then(Weak::upgrade)
    }

    fn count_of(&self, key: TargetKey) -> Arc<Count> {
        let mut counts = self.counts();
        if let Some(count) = counts.get(&key).and_then(Weak::upgrade) {
            return count;
        }
        counts.retain(|_, count| count.strong_count() > 0);
        let count = Arc::new(Count::default());
        counts.insert(key, Arc::downgrade(&count));
        count
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<TargetKey, Weak<Count>>> {
        self.inner.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
