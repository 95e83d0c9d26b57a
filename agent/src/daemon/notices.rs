//! What happened while nobody looked: the newest notices, kept on disk so that a restart forgets none.

use crate::checkpoint::{Checkpoint, CheckpointError};
use serde::{Deserialize, Serialize};
use std::{io, path::Path};
use ttalkak_protocol::{
    desk::{Announce, NOTICES_MAX, Notice, NoticeKind, NoticeWeight, Notices},
    unit::UnixMillis,
};

/// On disk.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Book {
    /// Newest first.
    items: Vec<Notice>,
    read_up_to: u64,
    next: u64,
}

/// The notices.
#[derive(Debug)]
pub(super) struct NoticeBook {
    book: Book,
    file: Checkpoint<Book>,
    path: String,
    /// The disk did not take the last state; said once, until it takes one again.
    failed: bool,
}

impl NoticeBook {
    /// Reads those of earlier runs. Blocks for as long as the disk takes.
    pub(super) fn open(data: &Path) -> Self {
        let path = data.join("notices.json");
        let file = Checkpoint::<Book>::new(&path);
        let book = file.load().map(|(book, _)| book).unwrap_or_else(|error| {
            tracing::warn!("earlier notices cannot be read: {}", crate::cause::Chain(&error));
            Book::default()
        });
        Self { book, file, path: path.display().to_string(), failed: false }
    }

    /// Something happened.
    pub(super) fn add(&mut self, what: NoticeKind, announce: &Announce, now: UnixMillis) {
        self.push(what, announce, now);
        self.save(announce, now);
    }

    /// The owner has seen them.
    pub(super) fn read(&mut self, up_to: u64, announce: &Announce, now: UnixMillis) {
        self.book.read_up_to = self.book.read_up_to.max(up_to.min(self.book.next));
        self.save(announce, now);
    }

    /// The section.
    pub(super) fn section(&self) -> Notices {
        let Book { items, read_up_to, .. } = &self.book;
        let unread = items.iter().filter(|notice| notice.id > *read_up_to).count();
        Notices {
            items: items.clone(),
            read_up_to: *read_up_to,
            unread: u32::try_from(unread).unwrap_or(u32::MAX),
        }
    }

    fn push(&mut self, what: NoticeKind, announce: &Announce, now: UnixMillis) {
        let (weight, announce) = rank(&what, announce);
        self.book.next += 1;
        self.book.items.insert(0, Notice { id: self.book.next, at: now, weight, announce, what });
        self.book.items.truncate(NOTICES_MAX);
    }

    fn save(&mut self, announce: &Announce, now: UnixMillis) {
        match self.file.save(&self.book) {
            Ok(()) => self.failed = false,
            Err(error) => {
                tracing::warn!("notices are not kept: {}", crate::cause::Chain(&error));
                if !std::mem::replace(&mut self.failed, true) {
                    self.push(write_failed(&self.path, &error), announce, now);
                }
            }
        }
    }
}

/// A file that the disk did not take.
pub(super) fn write_failed(path: &str, error: &CheckpointError) -> NoticeKind {
    let full = matches!(error, CheckpointError::Io { cause, .. }
        if [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&cause.kind()));
    NoticeKind::WriteFailed { path: path.to_owned(), full, why: crate::cause::Chain(error).to_string() }
}

/// How grave it is, and whether the owner wants the system to show it.
fn rank(what: &NoticeKind, wishes: &Announce) -> (NoticeWeight, bool) {
    use NoticeWeight::{Bad, Info, Warn};
    match what {
        NoticeKind::WorkloadLive { .. } | NoticeKind::WorkloadGone { .. } => (Info, wishes.workloads),
        NoticeKind::WorkloadTroubled { .. } => (Warn, wishes.workloads),
        NoticeKind::LendingChanged { .. } => (Info, wishes.lending),
        NoticeKind::EngineDown { .. } | NoticeKind::LinkRefused { .. } => (Bad, wishes.problems),
        NoticeKind::SettingsBroken { .. } | NoticeKind::WriteFailed { .. } | NoticeKind::Crashed => {
            (Bad, wishes.problems)
        }
        NoticeKind::LinkDown { .. } | NoticeKind::PortsExhausted { .. } => (Warn, wishes.problems),
        NoticeKind::Doctor { problem: Some(_), .. } => (Warn, wishes.problems),
        NoticeKind::EngineUp { .. }
        | NoticeKind::LinkUp { .. }
        | NoticeKind::Doctor { problem: None, .. } => (Info, wishes.problems),
        NoticeKind::ClockJumped { .. } => (Warn, false),
        NoticeKind::Resumed { .. } | NoticeKind::SummerTime { .. } | NoticeKind::Unknown => (Info, false),
        NoticeKind::BelowUse { .. } | NoticeKind::Left => (Info, wishes.lending),
        NoticeKind::FirstEarning { .. } | NoticeKind::Paid { .. } => (Info, wishes.earnings),
        NoticeKind::BackUpWallet => (Warn, wishes.earnings),
        NoticeKind::UpdateReady { .. } => (Info, wishes.updates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_numbers_go_on_across_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let wishes = Announce::default();
        let mut book = NoticeBook::open(folder.path());
        for n in 0..300 {
            book.add(NoticeKind::ClockJumped { by_ms: n }, &wishes, UnixMillis(n));
        }
        book.read(250, &wishes, UnixMillis(0));
        let again = NoticeBook::open(folder.path()).section();
        assert_eq!((again.items.len(), again.items[0].id, again.unread), (NOTICES_MAX, 300, 50));
        let mut book = NoticeBook::open(folder.path());
        book.add(NoticeKind::Left, &wishes, UnixMillis(0));
        assert_eq!(book.section().items[0].id, 301);
    }

    #[test]
    fn a_disk_that_takes_nothing_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let in_the_way = folder.path().join("a file");
        std::fs::write(&in_the_way, "").unwrap();
        let mut book = NoticeBook::open(&in_the_way);
        for _ in 0..3 {
            book.add(NoticeKind::Left, &Announce::default(), UnixMillis(0));
        }
        let failed = |notice: &&Notice| matches!(notice.what, NoticeKind::WriteFailed { .. });
        assert_eq!(book.section().items.iter().filter(failed).count(), 1);
    }
}
