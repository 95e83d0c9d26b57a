//! Reads an untrusted source archive as a stream, with every rule applied before its content is handed on.
//! The tar blocks are parsed here and not by the `tar` crate's iterator, which reads long-name records of any size
//! into memory. Deliberately absent: unpacking.
//!
//! Errors come as late as the stream shows them: a flipped bit is found at the end, by gzip's checksum. What a
//! caller made of the entries before that must be thrown away.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header, PaxExtensions};

use crate::entry::Entry;
use crate::error::{SourceError, shown};
use crate::gauge::{Gauge, Inflow, Outflow};
use crate::limits::Limits;
use crate::read::paths::Paths;
use crate::tally::Tally;
use crate::tar_format::BLOCK;

mod paths;

/// Long names and extended headers above this are no names.
const LONGEST_EXTENSION: u64 = 64 * 1024;

/// What an archive held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// Files, links and folders.
    pub entries: u64,
    /// Sum of the files' sizes in bytes.
    pub unpacked_bytes: u64,
    /// Bytes of the archive that were read.
    pub archive_bytes: u64,
}

type Stream<R> = Outflow<MultiGzDecoder<Inflow<R>>>;

/// Calls `each` for every entry, in the archive's order, with a reader over its content (empty unless a file).
/// Content that `each` leaves is passed over. Errors: every rule of a source, or what `each` returned.
pub fn for_each_entry<R: Read>(
    archive: R,
    limits: &Limits,
    mut each: impl FnMut(&Entry, &mut dyn Read) -> Result<(), SourceError>,
) -> Result<ArchiveSummary, SourceError> {
    let gauge = Gauge::new(limits);
    let inflow = Inflow { inner: archive, gauge: gauge.clone() };
    let mut stream = Outflow { inner: MultiGzDecoder::new(inflow), gauge: gauge.clone() };
    let mut scan = Scan { tally: Tally::new(limits), paths: Paths::default(), names: Names::default() };
    // A breach that the gauge saw explains any error above it better than that error does.
    scan.run(&mut stream, limits, &mut each).map_err(|fault| gauge.verdict(fault))?;
    scan.tally.close()?;
    Ok(ArchiveSummary {
        entries: scan.tally.entries(),
        unpacked_bytes: scan.tally.bytes(),
        archive_bytes: gauge.packed(),
    })
}

/// Reads all of `archive` and compares its SHA-256 with `expected` (hex). Returns its size in bytes.
/// Errors: `Digest` when they differ, `ArchiveTooLarge`, `Io`.
pub fn verify_digest(mut archive: impl Read, expected: &str, limits: &Limits) -> Result<u64, SourceError> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0;
    loop {
        let count = match archive.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => return Err(SourceError::io("read the source archive", cause)),
        };
        bytes += count as u64;
        if bytes > limits.max_archive_bytes {
            return Err(SourceError::ArchiveTooLarge { limit_bytes: limits.max_archive_bytes });
        }
        hash.update(&buffer[..count]);
    }
    let found = hex::encode(hash.finalize());
    if found.eq_ignore_ascii_case(expected) {
        return Ok(bytes);
    }
    Err(SourceError::Digest { expected: shown(expected.as_bytes()), found })
}

/// Names for the next entry that came in records of their own.
#[derive(Default)]
struct Names {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
}

struct Scan {
    tally: Tally,
    paths: Paths,
    names: Names,
}

impl Scan {
    fn run<R: Read>(
        &mut self,
        stream: &mut Stream<R>,
        limits: &Limits,
        each: &mut dyn FnMut(&Entry, &mut dyn Read) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        // An entry may have a long name, a long target and two extended headers before it.
        let most_headers = limits.max_entries.saturating_mul(5).saturating_add(5);
        for _ in 0..most_headers {
            let mut block = [0; BLOCK];
            stream.read_exact(&mut block).map_err(ended_early)?;
            if block == [0; BLOCK] {
                return drain_zeros(stream);
            }
            let header = Header::from_byte_slice(&block);
            check_sum(header, &block)?;
            let size = header.entry_size().map_err(|cause| broken("a header has no valid size", cause))?;
            if self.extension(stream, header.entry_type(), size)? {
                continue;
            }
            if let Some(entry) = self.entry(header, size)? {
                let mut body = stream.take(size);
                each(&entry, &mut body)?;
                let left = body.limit();
                pass_over(stream, left)?;
                pass_over(stream, padding(size))?;
            }
        }
        Err(SourceError::TooManyFiles { limit: limits.max_entries })
    }

    /// Takes in a record that only describes the next one. Returns whether it was such a record.
    fn extension(&mut self, stream: &mut dyn Read, kind: EntryType, size: u64) -> Result<bool, SourceError> {
        let known = matches!(
            kind,
            EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
        );
        if !known {
            return Ok(false);
        }
        if size > LONGEST_EXTENSION {
            return Err(SourceError::corrupt("an extended header is too long"));
        }
        let mut body = Vec::new();
        stream.take(size).read_to_end(&mut body).map_err(ended_early)?;
        if (body.len() as u64) < size {
            return Err(SourceError::corrupt("it ends early"));
        }
        pass_over(stream, padding(size))?;
        if kind == EntryType::GNULongName {
            self.names.path = Some(until_nul(body));
        } else if kind == EntryType::GNULongLink {
            self.names.target = Some(until_nul(body));
        } else if kind == EntryType::XHeader {
            self.pax(&body)?;
        }
        // A global header holds the commit of `git archive` and the like: nothing that we need.
        Ok(true)
    }

    fn pax(&mut self, body: &[u8]) -> Result<(), SourceError> {
        for record in PaxExtensions::new(body) {
            let record = record.map_err(|cause| broken("an extended header cannot be read", cause))?;
            match record.key_bytes() {
                b"path" => self.names.path = Some(record.value_bytes().to_vec()),
                b"linkpath" => self.names.target = Some(record.value_bytes().to_vec()),
                // A second size would have the two readers of one archive see different entries.
                b"size" => return Err(SourceError::corrupt("an extended header holds a size")),
                key if key.starts_with(b"GNU.sparse") => {
                    let path = shown(self.names.path.as_deref().unwrap_or(b"a file"));
                    return Err(SourceError::SpecialFile { path, what: "sparse file" });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes an entry of a header and admits it. `None` for the root itself, which `tar czf x.tgz .` writes.
    fn entry(&mut self, header: &Header, size: u64) -> Result<Option<Entry>, SourceError> {
        let names = std::mem::take(&mut self.names);
        let raw = names.path.unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = header.entry_type();
        // Before POSIX, a folder was a file whose name ends in a slash.
        let is_dir = kind == EntryType::Directory || (kind == EntryType::Regular && raw.ends_with(b"/"));
        let path = plain_path(&raw, is_dir);
        if is_dir && (path.is_empty() || path == b".") {
            return if size == 0 { Ok(None) } else { Err(SourceError::corrupt("a folder has content")) };
        }
        let path = crate::entry::check_path(path, self.tally.limits())?;
        let entry = if is_dir {
            Entry::dir(path)
        } else if kind == EntryType::Regular {
            // Some writers leave the mode empty, which harms no one.
            Entry::file(path, size, header.mode().is_ok_and(|mode| mode & 0o100 != 0))
        } else if kind == EntryType::Symlink {
            let target = names.target.or_else(|| header.link_name_bytes().map(|name| name.into_owned()));
            let target =
                String::from_utf8(target.unwrap_or_default()).map_err(|bad| SourceError::LinkEscapes {
                    path: shown(path.as_bytes()),
                    target: shown(bad.as_bytes()),
                    reason: "is not valid UTF-8",
                })?;
            Entry::symlink(path, target)
        } else {
            return Err(SourceError::SpecialFile { path: shown(path.as_bytes()), what: special_kind(kind) });
        };
        if size != entry.size() {
            return Err(SourceError::corrupt("a link or folder has content"));
        }
        self.tally.admit(&entry)?;
        self.paths.add(&entry.path, entry.is_dir())?;
        Ok(Some(entry))
    }
}

/// Without the `./` that `tar` writes before names, and without a folder's last slash.
fn plain_path(raw: &[u8], is_dir: bool) -> &[u8] {
    let mut path = raw;
    while let Some(rest) = path.strip_prefix(b"./") {
        path = rest;
    }
    if is_dir { path.strip_suffix(b"/").unwrap_or(path) } else { path }
}

fn special_kind(kind: EntryType) -> &'static str {
    if kind == EntryType::Link {
        "hard link"
    } else if kind == EntryType::Fifo {
        "named pipe"
    } else if kind == EntryType::Char || kind == EntryType::Block {
        "device"
    } else if kind == EntryType::GNUSparse {
        "sparse file"
    } else {
        "special file"
    }
}

/// A header's checksum is the sum of its bytes, with its own field read as spaces.
fn check_sum(header: &Header, block: &[u8; BLOCK]) -> Result<(), SourceError> {
    let field = 148..156;
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if field.contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    match header.cksum() {
        Ok(told) if told == sum => Ok(()),
        Ok(_) | Err(_) => Err(SourceError::corrupt("a header's checksum is wrong")),
    }
}

/// After the end mark only zeros may follow; reading them all is also what checks gzip's checksum.
fn drain_zeros(stream: &mut dyn Read) -> Result<(), SourceError> {
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) if buffer[..count].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(SourceError::corrupt("something follows its end")),
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(ended_early(cause)),
        }
    }
}

fn pass_over(stream: &mut dyn Read, bytes: u64) -> Result<(), SourceError> {
    let passed = io::copy(&mut stream.take(bytes), &mut io::sink()).map_err(ended_early)?;
    if passed == bytes { Ok(()) } else { Err(SourceError::corrupt("it ends early")) }
}

fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

fn ended_early(cause: io::Error) -> SourceError {
    broken("it ends early", cause)
}

fn broken(reason: &str, cause: io::Error) -> SourceError {
    SourceError::Corrupt { reason: reason.to_string(), cause: Some(cause) }
}

#[cfg(test)]
mod tests;
