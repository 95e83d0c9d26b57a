//! The book of money on disk: `money/book.json` with what is open, `money/readings.jsonl` with every reading that became
//! money, `money/over.jsonl` with agreements that are long over. All calls block for as long as the disk takes.

use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    logic::meter::{BookEntry, MoneyBook},
};
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

const BOOK: &str = "book.json";
const READINGS: &str = "readings.jsonl";
const OVER: &str = "over.jsonl";
/// A file of readings begins anew at this size, and the one before it is kept: some 200,000 readings, or two months of
/// one workload, in the two together.
const READINGS_BYTES_MAX: u64 = 32 << 20;

/// The folder.
#[derive(Debug)]
pub struct MoneyBookFile {
    folder: PathBuf,
    /// The newest state that was written. Held while writing: an older state must not land after a newer one.
    newest: Mutex<u64>,
}

/// Why the book could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MoneyBookError {
    /// The book itself.
    #[error("keep the book of money")]
    Book(#[from] CheckpointError),
    /// A record beside it.
    #[error("write {path}")]
    Record {
        /// Which file.
        path: PathBuf,
        #[source]
        /// What the disk said.
        cause: io::Error,
    },
}

impl MoneyBookFile {
    /// The book of an agent's data folder.
    pub fn new(data: &Path) -> Self {
        Self { folder: data.join("money"), newest: Mutex::new(0) }
    }

    /// What was kept; an empty book when nothing was, or when the file is damaged (it is moved aside then, and the
    /// coordinator's own numbers are taken on).
    pub fn load(&self) -> Result<MoneyBook, MoneyBookError> {
        Ok(self.checkpoint().load()?.0)
    }

    /// Writes an entry; returns when it is on the disk. An older state than was written before is left out.
    /// Records go first: written twice after a crash they do no harm, never written they would be missed.
    pub fn write(&self, version: u64, entry: &BookEntry) -> Result<(), MoneyBookError> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if version <= *newest {
            return Ok(());
        }
        let here = |cause| MoneyBookError::Record { path: self.folder.clone(), cause };
        ttalkak_keep::folder(&self.folder).map_err(here)?;
        self.append(READINGS, &entry.charged)?;
        self.append(OVER, &entry.ended)?;
        self.checkpoint().save(&entry.book)?;
        *newest = version;
        Ok(())
    }

    fn checkpoint(&self) -> Checkpoint<MoneyBook> {
        Checkpoint::new(self.folder.join(BOOK))
    }

    fn append<T: Serialize>(&self, file: &str, records: &[T]) -> Result<(), MoneyBookError> {
        let path = self.folder.join(file);
        let appended = if records.is_empty() { Ok(()) } else { append(&path, records, file == READINGS) };
        appended.map_err(|cause| MoneyBookError::Record { path, cause })
    }
}

fn append<T: Serialize>(path: &Path, records: &[T], bounded: bool) -> io::Result<()> {
    if bounded && fs::metadata(path).is_ok_and(|meta| meta.len() > READINGS_BYTES_MAX) {
        fs::rename(path, path.with_extension("1.jsonl"))?;
    }
    let mut lines = Vec::new();
    for record in records {
        serde_json::to_writer(&mut lines, record)?;
        lines.push(b'\n');
    }
    ttalkak_keep::append(path, &lines)
}

#[cfg(test)]
mod tests;
