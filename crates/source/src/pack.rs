//! Writes a source archive: a tar in gzip, with the same bytes for the same tree, whoever packs it.
//! Deliberately absent: `append_dir_all` and its kin, which follow links and would pack what they point to.

use std::io::{self, Read, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder, write::GzEncoder};
use sha2::{Digest, Sha256};

use crate::entry::{Entry, EntryKind};
use crate::error::{SourceError, shown};
use crate::gauge::ratio_allowed;
use crate::lfs::{LONGEST_POINTER, is_lfs_pointer};
use crate::limits::Limits;
use crate::tally::Tally;
use crate::tar_format::append;
use crate::walk::{Tree, walk};

/// What was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// SHA-256 of the archive's bytes, in lower-case hex.
    pub digest: String,
    /// Size of the archive in bytes.
    pub bytes: u64,
    /// Files, links and folders in it.
    pub entries: u64,
    /// Sum of the files' sizes in bytes.
    pub unpacked_bytes: u64,
}

/// Packs entries one by one, in ascending order of their paths' bytes.
pub struct Packer<W: Write> {
    tar: tar::Builder<Measured<W>>,
    tally: Tally,
    last: Option<String>,
}

impl<W: Write> Packer<W> {
    /// Starts an archive that is written to `out`. After an error, what was written must be thrown away.
    pub fn new(out: W, limits: &Limits) -> Self {
        let sink = Sink { out, hash: Sha256::new(), bytes: 0, limit: limits.max_archive_bytes, full: false };
        // The header's time and system are fixed, as they would change the digest of equal trees.
        let gzip = GzBuilder::new().mtime(0).operating_system(255).write(sink, Compression::default());
        let measured = Measured { gzip, limits: limits.clone(), unpacked: 0, breach: None };
        Packer { tar: tar::Builder::new(measured), tally: Tally::new(limits), last: None }
    }

    /// Adds one entry; of `content`, exactly the entry's size is read.
    /// Errors: every rule of a source; `Corrupt` when paths do not ascend; `Changed` when `content` is too short.
    pub fn add(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), SourceError> {
        self.tally.admit(entry)?;
        if self.last.as_deref().is_some_and(|last| last >= entry.path.as_str()) {
            return Err(SourceError::corrupt(format!("{} is out of order", shown(entry.path.as_bytes()))));
        }
        self.last = Some(entry.path.clone());
        match append(&mut self.tar, entry, content) {
            Ok(true) => Ok(()),
            Ok(false) => Err(SourceError::Changed { path: shown(entry.path.as_bytes()) }),
            Err(cause) => Err(self.failure(&entry.path, cause)),
        }
    }

    /// Ends the archive and returns its digest together with the writer. Errors: `Empty`, `ArchiveTooLarge`, `Io`.
    pub fn finish(self) -> Result<(Packed, W), SourceError> {
        self.tally.close()?;
        let ended = |cause| SourceError::io("finish the source archive", cause);
        let measured = self.tar.into_inner().map_err(ended)?;
        let limit = measured.limits.max_archive_bytes;
        let mut sink = measured.gzip.finish().map_err(|cause| {
            let full = cause.kind() == io::ErrorKind::FileTooLarge;
            if full { SourceError::ArchiveTooLarge { limit_bytes: limit } } else { ended(cause) }
        })?;
        sink.out.flush().map_err(ended)?;
        let packed = Packed {
            digest: hex::encode(sink.hash.finalize()),
            bytes: sink.bytes,
            entries: self.tally.entries(),
            unpacked_bytes: self.tally.bytes(),
        };
        Ok((packed, sink.out))
    }

    fn failure(&mut self, path: &str, cause: io::Error) -> SourceError {
        let measured = self.tar.get_mut();
        if measured.gzip.get_ref().full {
            return SourceError::ArchiveTooLarge { limit_bytes: measured.limits.max_archive_bytes };
        }
        measured
            .breach
            .take()
            .unwrap_or_else(|| SourceError::io(format!("pack {}", shown(path.as_bytes())), cause))
    }
}

/// Walks the folder at `root` and packs what a source may hold. Returns the tree as well, with what was left out.
/// Errors: every rule of a source, and `LfsPointer` for a file whose content was never fetched.
pub fn pack_folder<W: Write>(root: &Path, limits: &Limits, out: W) -> Result<(Packed, Tree, W), SourceError> {
    let tree = walk(root, limits)?;
    let mut packer = Packer::new(out, limits);
    for entry in &tree.entries {
        match &entry.kind {
            EntryKind::File { size, .. } => {
                let content = tree.open(entry)?;
                add_file(&mut packer, entry, *size, content)?;
            }
            EntryKind::Dir | EntryKind::Symlink { .. } => packer.add(entry, &mut io::empty())?,
        }
    }
    let (packed, out) = packer.finish()?;
    Ok((packed, tree, out))
}

fn add_file<W: Write>(
    packer: &mut Packer<W>,
    entry: &Entry,
    size: u64,
    mut content: impl Read,
) -> Result<(), SourceError> {
    if size > LONGEST_POINTER {
        return packer.add(entry, &mut content);
    }
    let mut head = Vec::new();
    content
        .take(size)
        .read_to_end(&mut head)
        .map_err(|cause| SourceError::io(format!("read {}", shown(entry.path.as_bytes())), cause))?;
    if is_lfs_pointer(&head) {
        return Err(SourceError::LfsPointer { path: shown(entry.path.as_bytes()) });
    }
    packer.add(entry, &mut head.as_slice())
}

/// The unpacked side of the writer: refuses to write what a reader would refuse as a bomb.
struct Measured<W: Write> {
    gzip: GzEncoder<Sink<W>>,
    limits: Limits,
    unpacked: u64,
    breach: Option<SourceError>,
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.gzip.write(buffer)?;
        self.unpacked += count as u64;
        // The encoder holds back some output, so this is a little stricter than the reader and never laxer.
        if let Err(breach) = ratio_allowed(&self.limits, self.gzip.get_ref().bytes, self.unpacked) {
            self.breach = Some(breach);
            return Err(io::Error::other("the source was refused"));
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gzip.flush()
    }
}

/// The packed side of the writer: hashes, counts and limits.
struct Sink<W> {
    out: W,
    hash: Sha256,
    bytes: u64,
    limit: u64,
    full: bool,
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.bytes + buffer.len() as u64 > self.limit {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.out.write(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
