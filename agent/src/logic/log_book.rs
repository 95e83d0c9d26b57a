//! Log lines on their way to the coordinator: numbered per lease, kept until they are stored, sent again after a
//! reconnect from the coordinator's own mark, bounded. Pure; the shipping task of `io::logs` drives it.

use std::collections::{BTreeMap, VecDeque};
use ttalkak_protocol::{
    codec::LOG_BATCH_LINES_MAX,
    id::LeaseId,
    link::{LogBatch, LogLine, LogMark, LogStream},
    unit::UnixMillis,
};

/// Lines of one lease that are kept while they are not stored; beyond it the oldest go, with a mark.
pub const UNSTORED_MAX: usize = 10_000;
/// Bytes of text in one batch, far below the frame limit.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Batches that may be under way for one lease before anything is known to be stored.
const IN_FLIGHT_LINES_MAX: usize = 4 * LOG_BATCH_LINES_MAX;

/// A line before it has its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// Where it came from.
    pub stream: LogStream,
    /// When it was written.
    pub at: UnixMillis,
    /// The engine's time of it; 0 when it is not a run line.
    pub engine_nanos: i64,
    /// Without the line end.
    pub text: String,
}

#[derive(Debug, Clone, Default)]
struct Book {
    last_seq: u64,
    stored_seq: u64,
    sent_seq: u64,
    last_nanos: i64,
    lines: VecDeque<LogLine>,
    dropped: u64,
    closed: bool,
}

/// All leases' lines.
#[derive(Debug, Clone, Default)]
pub struct LogBook {
    books: BTreeMap<LeaseId, Book>,
    after: Option<LeaseId>,
}

impl LogBook {
    /// Writes a line down.
    pub fn append(&mut self, lease: LeaseId, line: RawLine) {
        let book = self.books.entry(lease).or_default();
        book.last_nanos = book.last_nanos.max(line.engine_nanos);
        book.last_seq += 1;
        let RawLine { stream, at, engine_nanos, text } = line;
        book.lines.push_back(LogLine { lease, seq: book.last_seq, stream, at, engine_nanos, text });
        if book.lines.len() > UNSTORED_MAX {
            book.drop_oldest();
        }
    }

    /// A connection stands: numbering goes on from what the coordinator has, and what it has not is sent again.
    pub fn on_connected(&mut self, marks: &[LogMark]) {
        for mark in marks {
            let book = self.books.entry(mark.lease).or_default();
            if book.last_seq < mark.seq {
                // Another process of this agent wrote those. Lines of ours that are not stored get later numbers.
                let shift = mark.seq - book.stored_seq.min(book.last_seq);
                for line in &mut book.lines {
                    line.seq += shift;
                }
                book.last_seq += shift;
            }
            book.last_nanos = book.last_nanos.max(mark.engine_nanos);
            book.stored(mark.seq);
        }
        for book in self.books.values_mut() {
            book.sent_seq = book.stored_seq;
        }
    }

    /// The coordinator keeps lines up to these.
    pub fn on_stored(&mut self, marks: &[LogMark]) {
        for mark in marks {
            if let Some(book) = self.books.get_mut(&mark.lease) {
                book.stored(mark.seq);
            }
        }
        self.books.retain(|_, book| !(book.closed && book.lines.is_empty()));
    }

    /// No more lines come from this lease; its book goes once all is stored.
    pub fn close(&mut self, lease: LeaseId) {
        if let Some(book) = self.books.get_mut(&lease) {
            book.closed = true;
        }
        self.books.retain(|_, book| !(book.closed && book.lines.is_empty()));
    }

    /// The next lines to send, without taking them for sent; `None` when nothing is to be sent. Leases take turns.
    pub fn next_batch(&mut self) -> Option<LogBatch> {
        let after = self.after;
        let first = self.books.keys().find(|lease| after.is_none_or(|after| **lease > after)).copied();
        let mut leases: Vec<LeaseId> = self.books.keys().copied().collect();
        if let Some(at) = first.and_then(|first| leases.iter().position(|lease| *lease == first)) {
            leases.rotate_left(at);
        }
        let mut lines = Vec::new();
        let mut bytes = 0;
        for lease in leases {
            let room = LOG_BATCH_LINES_MAX - lines.len();
            let Some(book) = self.books.get(&lease) else { continue };
            for line in book.unsent().take(room) {
                bytes += line.text.len();
                if bytes > BATCH_BYTES_MAX && !lines.is_empty() {
                    break;
                }
                lines.push(line.clone());
                self.after = Some(lease);
            }
        }
        (!lines.is_empty()).then_some(LogBatch { lines })
    }

    /// The batch was handed to the link.
    pub fn on_sent(&mut self, batch: &LogBatch) {
        for line in &batch.lines {
            if let Some(book) = self.books.get_mut(&line.lease) {
                book.sent_seq = book.sent_seq.max(line.seq);
            }
        }
    }

    /// The engine's time of the last run line that was written down: the run log is read on from there.
    pub fn last_nanos(&self, lease: LeaseId) -> i64 {
        self.books.get(&lease).map_or(0, |book| book.last_nanos)
    }

    /// How many lines are kept.
    pub fn len(&self) -> usize {
        self.books.values().map(|book| book.lines.len()).sum()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Book {
    fn stored(&mut self, seq: u64) {
        self.stored_seq = self.stored_seq.max(seq);
        self.last_seq = self.last_seq.max(seq);
        self.sent_seq = self.sent_seq.max(seq);
        while self.lines.front().is_some_and(|line| line.seq <= self.stored_seq) {
            self.lines.pop_front();
        }
        if self.lines.is_empty() {
            self.dropped = 0;
        }
    }

    fn unsent(&self) -> impl Iterator<Item = &LogLine> {
        let open = self.sent_seq.saturating_sub(self.stored_seq) < IN_FLIGHT_LINES_MAX as u64;
        self.lines.iter().filter(move |line| open && line.seq > self.sent_seq)
    }

    /// The oldest line goes; the one behind it becomes, or stays, the mark that says how many are missing.
    fn drop_oldest(&mut self) {
        self.lines.pop_front();
        self.dropped += 1;
        let Some(first) = self.lines.front_mut() else { return };
        if self.dropped == 1 {
            // That line makes room for the mark.
            self.dropped += 1;
        }
        first.stream = LogStream::System;
        first.text =
            format!("… {} lines were lost while the coordinator could not be reached.", self.dropped);
    }
}

#[cfg(test)]
mod tests;
