//! The newest of each section, written once for all desks, and which sections they look at.

use super::DeskId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;
use ttalkak_protocol::desk::{MESSAGE_BYTES_MAX, News, Section, Told};

/// Sections that are told only to desks that look at them.
const LIVE: [Section; 2] = [Section::Machine, Section::Tunnel];

/// A section as it is sent.
#[derive(Debug, Clone)]
struct Kept {
    version: u64,
    text: Arc<str>,
}

#[derive(Debug, Default)]
struct Inner {
    sections: Mutex<BTreeMap<Section, Kept>>,
    looks: Mutex<BTreeMap<DeskId, BTreeSet<Section>>>,
}

/// Where sections are published and read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    inner: Arc<Inner>,
    changes: watch::Sender<u64>,
    looked_at: watch::Sender<BTreeSet<Section>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            changes: watch::Sender::new(0),
            looked_at: watch::Sender::new(BTreeSet::new()),
        }
    }
}

impl Hub {
    /// Replaces a section. What has not changed is not told again.
    pub fn publish(&self, news: News) {
        let section = news.section();
        let text = match serde_json::to_string(&Told::News(news)) {
            Ok(text) if text.len() <= MESSAGE_BYTES_MAX => text,
            Ok(text) => {
                return tracing::error!(bytes = text.len(), "section {section:?} is too long to be told");
            }
            Err(error) => return tracing::error!(%error, "section {section:?} has no JSON form"),
        };
        let mut sections = self.inner.sections.lock().unwrap_or_else(PoisonError::into_inner);
        if sections.get(&section).is_some_and(|kept| *kept.text == *text) {
            return;
        }
        let version = *self.changes.borrow() + 1;
        sections.insert(section, Kept { version, text: text.into() });
        self.changes.send_replace(version);
    }

    /// What desks look at, all together. Live sections are worth making only while they are among them.
    pub fn looked_at(&self) -> watch::Receiver<BTreeSet<Section>> {
        self.looked_at.subscribe()
    }

    /// The sections that a desk has not seen in their newest form, in the order of their names, and what it has seen
    /// with them.
    pub(super) fn unseen(
        &self,
        desk: DeskId,
        seen: &BTreeMap<Section, u64>,
    ) -> Vec<(Section, u64, Arc<str>)> {
        let looks = self.inner.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = looks.get(&desk);
        let wanted =
            |section: &Section| !LIVE.contains(section) || looks.is_some_and(|looks| looks.contains(section));
        let sections = self.inner.sections.lock().unwrap_or_else(PoisonError::into_inner);
        sections
            .iter()
            .filter(|(section, kept)| wanted(section) && seen.get(section) != Some(&kept.version))
            .map(|(section, kept)| (*section, kept.version, kept.text.clone()))
            .collect()
    }

    /// Tells of every change.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What one desk looks at from now on.
    pub(super) fn look(&self, desk: DeskId, at: BTreeSet<Section>) {
        self.change_looks(|looks| {
            looks.insert(desk, at);
        });
    }

    /// A desk is gone.
    pub(super) fn forget(&self, desk: DeskId) {
        self.change_looks(|looks| {
            looks.remove(&desk);
        });
    }

    fn change_looks(&self, change: impl FnOnce(&mut BTreeMap<DeskId, BTreeSet<Section>>)) {
        let mut looks = self.inner.looks.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut looks);
        let all: BTreeSet<Section> = looks.values().flatten().copied().collect();
        self.looked_at.send_if_modified(|old| {
            let changed = *old != all;
            *old = all;
            changed
        });
    }
}
