//! What of the book is on disk, what is being written, and what still waits for it.

use super::{BookEntry, Charged, Meter, MoneyBook, Page};
use crate::logic::{effect::Effect, event::Now};
use std::{collections::BTreeSet, time::Duration};
use ttalkak_protocol::{
    money::ChainHash,
    unit::{Millis, UnixMillis},
};

/// A disk that refused is asked again after so long.
const TRY_AGAIN: Duration = Duration::from_secs(5);
/// A page that nobody touched for so long leaves the book for the file of those that are over.
const OVER_AFTER: Millis = Millis(30 * 24 * 3600 * 1000);

/// Counts the states of the book.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Desk {
    version: u64,
    kept: u64,
    writing: Option<Writing>,
    retry_at: Option<Duration>,
    charged: Vec<Charged>,
    ended: Vec<Page>,
}

/// What is on its way to the disk: the state, and how many records go along.
#[derive(Debug, Clone, PartialEq)]
struct Writing {
    version: u64,
    charged: usize,
    ended: usize,
}

impl Desk {
    /// The book changed; returns the number of its new state.
    pub(super) fn change(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.version > self.kept
    }

    /// The newest state that is on disk.
    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    pub(super) fn retry_at(&self) -> Option<Duration> {
        self.retry_at
    }

    pub(super) fn record(&mut self, charged: Vec<Charged>) {
        self.charged.extend(charged);
    }

    /// The next state is written at once, whatever is still being written.
    pub(super) fn hurry(&mut self) {
        (self.writing, self.retry_at) = (None, None);
    }

    /// Takes pages out that are long over. Vouchers that nobody redeemed are kept for ever, in a file of their own.
    pub(super) fn set_aside(
        &mut self,
        book: &mut MoneyBook,
        assigned: &BTreeSet<ChainHash>,
        now: UnixMillis,
    ) -> bool {
        let over = |key: &ChainHash, page: &mut Page| {
            !assigned.contains(key) && page.unvouched.is_empty() && now.since(page.touched) >= OVER_AFTER
        };
        let ended: Vec<Page> = book.pages.extract_if(.., over).map(|(_, page)| page).collect();
        let some = !ended.is_empty();
        self.ended.extend(ended);
        some
    }
}

impl Meter {
    /// What is to be written, when it is time.
    pub fn flush(&mut self, now: Now) -> Option<Effect> {
        let desk = &mut self.desk;
        let waits = desk.writing.is_some() || desk.retry_at.is_some_and(|at| at > now.mono);
        if !desk.is_dirty() || waits {
            return None;
        }
        let version = desk.version;
        desk.retry_at = None;
        desk.writing = Some(Writing { version, charged: desk.charged.len(), ended: desk.ended.len() });
        let (charged, ended) = (desk.charged.clone(), desk.ended.clone());
        let entry = Box::new(BookEntry { book: self.book.clone(), charged, ended });
        Some(Effect::KeepBook { version, entry })
    }

    /// What was being written is on disk, or is not.
    pub fn written(&mut self, done: bool, now: Now) {
        let desk = &mut self.desk;
        let Some(writing) = desk.writing.take() else { return };
        if done {
            desk.kept = writing.version;
            desk.charged.drain(..writing.charged);
            desk.ended.drain(..writing.ended);
        } else {
            desk.retry_at = Some(now.mono + TRY_AGAIN);
        }
    }
}
