//! Watches an archive while it streams: packed bytes in, unpacked bytes out, and the ratio of the two.
//! A breach is remembered here, since readers in between (gzip, tar) wrap or hide the errors that pass through them.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::rc::Rc;

use crate::error::SourceError;
use crate::limits::Limits;

/// Shared by both ends of one decoder.
#[derive(Debug)]
pub(crate) struct Gauge {
    limits: Limits,
    packed: Cell<u64>,
    unpacked: Cell<u64>,
    breach: RefCell<Option<SourceError>>,
}

impl Gauge {
    pub(crate) fn new(limits: &Limits) -> Rc<Self> {
        Rc::new(Gauge {
            limits: limits.clone(),
            packed: Cell::new(0),
            unpacked: Cell::new(0),
            breach: RefCell::new(None),
        })
    }

    /// Packed bytes read so far.
    pub(crate) fn packed(&self) -> u64 {
        self.packed.get()
    }

    /// Remembers the first breach and gives an error to hand up through foreign readers.
    pub(crate) fn note(&self, breach: SourceError) -> io::Error {
        self.breach.borrow_mut().get_or_insert(breach);
        io::Error::other("the source was refused")
    }

    /// The remembered breach, or else `fallback`.
    pub(crate) fn verdict(&self, fallback: SourceError) -> SourceError {
        self.breach.borrow_mut().take().unwrap_or(fallback)
    }

    fn judge(&self) -> Result<(), SourceError> {
        let (packed, unpacked) = (self.packed.get(), self.unpacked.get());
        if unpacked > self.limits.max_stream_bytes() {
            return Err(SourceError::TooLarge {
                limit_bytes: self.limits.max_bytes,
                path: "its headers and padding".into(),
            });
        }
        ratio_allowed(&self.limits, packed, unpacked)
    }
}

/// The ratio rule, the same for readers and writers. Errors: `Bomb`.
pub(crate) fn ratio_allowed(limits: &Limits, packed: u64, unpacked: u64) -> Result<(), SourceError> {
    if unpacked > limits.ratio_floor && unpacked > packed.saturating_mul(limits.max_ratio) {
        return Err(SourceError::Bomb { ratio: limits.max_ratio });
    }
    Ok(())
}

/// The packed side: counts, and refuses archives above their own limit.
pub(crate) struct Inflow<R> {
    pub(crate) inner: R,
    pub(crate) gauge: Rc<Gauge>,
}

impl<R: Read> Read for Inflow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => return Err(cause),
            Err(cause) => return Err(self.gauge.note(SourceError::io("read the source archive", cause))),
        };
        self.gauge.packed.set(self.gauge.packed.get() + count as u64);
        let limit_bytes = self.gauge.limits.max_archive_bytes;
        if self.gauge.packed.get() > limit_bytes {
            return Err(self.gauge.note(SourceError::ArchiveTooLarge { limit_bytes }));
        }
        Ok(count)
    }
}

/// The unpacked side: counts, and stops a bomb before its next buffer.
pub(crate) struct Outflow<R> {
    pub(crate) inner: R,
    pub(crate) gauge: Rc<Gauge>,
}

impl<R: Read> Read for Outflow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => return Err(cause),
            Err(cause) => {
                let reason = "it is not a complete gzip stream".to_string();
                return Err(self.gauge.note(SourceError::Corrupt { reason, cause: Some(cause) }));
            }
        };
        self.gauge.unpacked.set(self.gauge.unpacked.get() + count as u64);
        self.gauge.judge().map_err(|breach| self.gauge.note(breach))?;
        Ok(count)
    }
}
