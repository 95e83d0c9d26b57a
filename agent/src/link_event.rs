//! What the link (io/link.rs) and the driver say to each other, and the channels between them.
//! Deliberately absent: the wire, which only the link sees, and any decision about what to report.

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use ttalkak_protocol::{
    error::Problem,
    link::{Assignment, DrainPlan, LogBatch, LogMark, Refused, Report, VoucherNews, Welcome},
};

/// Events that may wait for the driver. The coordinator sends a few a second; when so many wait, the driver is
/// stuck, and the link stops reading, which the coordinator sees.
pub const EVENTS_MAX: usize = 64;
/// Log batches that may wait for the link: 16 of at most 500 lines. Beyond it the driver keeps the lines itself,
/// as it must in any case until they are stored.
pub const LOG_BATCHES_MAX: usize = 16;

/// One connection of the link, counted from 1 since this process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u64);

/// Facts about the link, in the order in which they came.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkEvent {
    /// The handshake is done. All log lines after `welcome.log_marks` are to be sent again under this session, and
    /// a fresh report is due: nothing that was handed over before is sent.
    Connected {
        /// The connection that stands now.
        session: Session,
        /// Its terms.
        welcome: Welcome,
    },
    /// All leases to honour.
    Assignment(Assignment),
    /// The coordinator stored a report: leases are good for `lease_ttl` from `sent` on.
    Renewed {
        /// The number that the report's frame had.
        report: u64,
        /// When that frame was handed to the socket, by the monotonic clock.
        sent: Instant,
    },
    /// Log lines up to these are stored.
    LogsStored(Vec<LogMark>),
    /// What readings have earned.
    Vouchers(Vec<VoucherNews>),
    /// What becomes of leases that shall go; replaces what was said before.
    Drain(DrainPlan),
    /// The connection ended; the link dials again by itself.
    Disconnected {
        /// Why, for people.
        problem: Problem,
    },
    /// The coordinator does not want this agent as it is; the link tries again once a minute.
    Refused(Refused),
}

/// What the driver wants said.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly all commands are reports, and a command is moved once")]
pub enum LinkCommand {
    /// Replaces a report that was not sent yet: only the newest matters.
    Report(Report),
    /// Lines of logs for the connection that the driver believes in; dropped when another one stands by then,
    /// since that one starts from its own marks.
    Logs {
        /// The session of the last `Connected`.
        session: Session,
        /// The lines.
        batch: LogBatch,
    },
}

/// The driver's half for sending. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LinkHandle {
    reports: watch::Sender<Option<Report>>,
    logs: mpsc::Sender<(Session, LogBatch)>,
}

impl LinkHandle {
    /// Hands a command over without waiting.
    /// Errors: the batch itself, when the link has [`LOG_BATCHES_MAX`] waiting or has ended. A report is always taken.
    pub fn send(&self, command: LinkCommand) -> Result<(), LogBatch> {
        match command {
            LinkCommand::Report(report) => {
                self.reports.send_replace(Some(report));
                Ok(())
            }
            LinkCommand::Logs { session, batch } => self.logs.try_send((session, batch)).map_err(|refused| {
                let (mpsc::error::TrySendError::Full((_, batch))
                | mpsc::error::TrySendError::Closed((_, batch))) = refused;
                batch
            }),
        }
    }
}

/// The link's half.
#[derive(Debug)]
pub struct LinkEnd {
    /// Facts for the driver.
    pub events: mpsc::Sender<LinkEvent>,
    /// The newest report.
    pub reports: watch::Receiver<Option<Report>>,
    /// Log batches in order, each with the session it was made for.
    pub logs: mpsc::Receiver<(Session, LogBatch)>,
}

/// Makes the channels between one driver and one link: the driver's handle, its events, and the link's end.
pub fn channels() -> (LinkHandle, mpsc::Receiver<LinkEvent>, LinkEnd) {
    let (events, events_in) = mpsc::channel(EVENTS_MAX);
    let (reports, reports_out) = watch::channel(None);
    let (logs, logs_out) = mpsc::channel(LOG_BATCHES_MAX);
    (LinkHandle { reports, logs }, events_in, LinkEnd { events, reports: reports_out, logs: logs_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_come_back_when_the_link_is_full_and_nothing_is_lost() {
        let (handle, _events, end) = channels();
        let logs = || LinkCommand::Logs { session: Session(1), batch: LogBatch { lines: vec![] } };
        for _ in 0..LOG_BATCHES_MAX {
            assert_eq!(handle.send(logs()), Ok(()));
        }
        assert_eq!(handle.send(logs()), Err(LogBatch { lines: vec![] }));
        drop(end);
        assert!(handle.send(logs()).is_err());
    }
}
