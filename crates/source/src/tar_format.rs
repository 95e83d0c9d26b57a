//! Writes entries as tar, always with headers we make: no times, no owners, two modes. Equal trees give equal bytes.
//! Deliberately absent: every function of the `tar` crate that opens a path itself, since those follow links.

use std::io::{self, Read, Write};

use tar::{Builder, EntryType, Header};

use crate::entry::{Entry, EntryKind};

/// Bytes of a tar block.
pub(crate) const BLOCK: usize = 512;

/// Appends one entry; `content` must yield at least `entry.size()` bytes, and the rest is not read.
/// Returns `false` when the content ended early: the archive is then broken and must be thrown away.
pub(crate) fn append<W: Write>(
    tar: &mut Builder<W>,
    entry: &Entry,
    content: &mut dyn Read,
) -> io::Result<bool> {
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(entry.size());
    match &entry.kind {
        EntryKind::File { size, executable } => {
            header.set_entry_type(EntryType::Regular);
            header.set_mode(if *executable { 0o755 } else { 0o644 });
            let mut counted = Counted { inner: content.take(*size), seen: 0 };
            tar.append_data(&mut header, &entry.path, &mut counted)?;
            Ok(counted.seen == *size)
        }
        EntryKind::Dir => {
            header.set_entry_type(EntryType::Directory);
            header.set_mode(0o755);
            tar.append_data(&mut header, format!("{}/", entry.path), io::empty())?;
            Ok(true)
        }
        EntryKind::Symlink { target } => {
            header.set_entry_type(EntryType::Symlink);
            header.set_mode(0o777);
            tar.append_link(&mut header, &entry.path, target)?;
            Ok(true)
        }
    }
}

struct Counted<R> {
    inner: R,
    seen: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.seen += count as u64;
        Ok(count)
    }
}
