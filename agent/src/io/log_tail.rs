//! The last lines of each workload's log, for desks: kept in memory, handed to whoever follows. A desk that reads too
//! slowly loses lines and is told how many.
//! Deliberately absent: what the coordinator stores, which is the log book's.

use crate::{desk::DeskHandle, desk::DeskId, logic::log_book::RawLine};
use std::collections::{BTreeMap, VecDeque};
use ttalkak_protocol::{
    desk::{LogNews, LogOf, LogText},
    id::LeaseId,
};

/// Lines kept of one log.
const LINES_MAX: usize = 500;
/// Bytes kept of one log; with 200 workloads that is 12 MiB at most, and a chatty one is rare.
const BYTES_MAX: usize = 64 * 1024;
/// Logs of workloads that are gone, kept for a look at why.
const GONE_MAX: usize = 10;

/// All logs.
#[derive(Debug, Default)]
pub struct LogTails {
    tails: BTreeMap<LeaseId, Tail>,
    gone: VecDeque<LeaseId>,
}

#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<LogText>,
    bytes: usize,
    seq: u64,
    followers: BTreeMap<DeskId, Follower>,
}

#[derive(Debug)]
struct Follower {
    desk: DeskHandle,
    fresh: Vec<LogText>,
    skipped: u64,
}

impl LogTails {
    /// A line was read.
    pub fn append(&mut self, lease: LeaseId, line: &RawLine) {
        let tail = self.tails.entry(lease).or_default();
        tail.seq += 1;
        let text = LogText {
            seq: tail.seq,
            at: line.at,
            stream: Some(line.stream),
            level: None,
            text: line.text.clone(),
        };
        tail.bytes += text.text.len();
        for follower in tail.followers.values_mut() {
            if follower.fresh.len() < LINES_MAX {
                follower.fresh.push(text.clone());
            } else {
                follower.skipped += 1;
            }
        }
        tail.lines.push_back(text);
        while tail.lines.len() > LINES_MAX || tail.bytes > BYTES_MAX {
            let Some(old) = tail.lines.pop_front() else { break };
            tail.bytes -= old.text.len();
        }
    }

    /// A desk follows: it gets what is kept first.
    pub fn follow(&mut self, lease: LeaseId, desk: DeskHandle) {
        let tail = self.tails.entry(lease).or_default();
        let news = LogNews {
            of: LogOf::Workload { lease },
            lines: tail.lines.iter().cloned().collect(),
            skipped: 0,
            anew: true,
        };
        // A desk with a full queue gets it with the next lines.
        let kept = desk.lines.try_send(news);
        let fresh = match kept {
            Ok(()) => Vec::new(),
            Err(_) => tail.lines.iter().cloned().collect(),
        };
        tail.followers.insert(desk.id, Follower { desk, fresh, skipped: 0 });
    }

    /// A desk has seen enough.
    pub fn unfollow(&mut self, lease: LeaseId, desk: DeskId) {
        if let Some(tail) = self.tails.get_mut(&lease) {
            tail.followers.remove(&desk);
        }
    }

    /// No more lines come; the log is kept for a while.
    pub fn close(&mut self, lease: LeaseId) {
        self.gone.push_back(lease);
        while self.gone.len() > GONE_MAX {
            if let Some(old) = self.gone.pop_front() {
                self.tails.remove(&old);
            }
        }
    }

    /// Hands over what came since the last time.
    pub fn flush(&mut self) {
        for (lease, tail) in &mut self.tails {
            tail.followers.retain(|_, follower| follower.flush(*lease));
        }
    }
}

impl Follower {
    /// Whether the desk is still there.
    fn flush(&mut self, lease: LeaseId) -> bool {
        if self.fresh.is_empty() {
            return !self.desk.lines.is_closed();
        }
        let lines = std::mem::take(&mut self.fresh);
        let news = LogNews { of: LogOf::Workload { lease }, lines, skipped: self.skipped, anew: false };
        use tokio::sync::mpsc::error::TrySendError;
        match self.desk.lines.try_send(news) {
            Ok(()) => self.skipped = 0,
            Err(TrySendError::Full(news)) => self.fresh = news.lines,
            Err(TrySendError::Closed(_)) => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;
    use ttalkak_protocol::{link::LogStream, unit::UnixMillis};

    fn line(text: &str) -> RawLine {
        RawLine { stream: LogStream::Stdout, at: UnixMillis(0), engine_nanos: 0, text: text.to_owned() }
    }

    fn lease(n: u128) -> LeaseId {
        LeaseId::new(uuid::Uuid::from_u128(n))
    }

    fn texts(news: LogNews) -> Vec<String> {
        news.lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_desk_gets_what_is_kept_and_then_what_comes() {
        let (mut tails, (lines, mut told)) = (LogTails::default(), mpsc::channel(4));
        tails.append(lease(1), &line("before"));
        tails.follow(lease(1), DeskHandle { id: DeskId(1), lines });
        let first = told.try_recv().unwrap();
        assert!(first.anew);
        assert_eq!(texts(first), ["before"]);
        tails.append(lease(1), &line("after"));
        tails.append(lease(2), &line("of another"));
        tails.flush();
        assert_eq!(texts(told.try_recv().unwrap()), ["after"]);
        assert!(told.try_recv().is_err());
        tails.unfollow(lease(1), DeskId(1));
        tails.append(lease(1), &line("unheard"));
        tails.flush();
        assert!(told.try_recv().is_err());
    }

    #[test]
    fn a_slow_desk_is_told_how_much_it_missed_and_a_gone_one_is_forgotten() {
        let (mut tails, (lines, mut told)) = (LogTails::default(), mpsc::channel(1));
        tails.follow(lease(1), DeskHandle { id: DeskId(1), lines });
        for _ in 0..LINES_MAX + 7 {
            tails.append(lease(1), &line("x"));
            tails.flush();
        }
        assert!(told.try_recv().unwrap().anew);
        tails.flush();
        let news = told.try_recv().unwrap();
        assert_eq!((news.lines.len(), news.skipped), (LINES_MAX, 7));
        drop(told);
        tails.append(lease(1), &line("y"));
        tails.flush();
        assert!(tails.tails[&lease(1)].followers.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded_in_lines_bytes_and_logs() {
        let mut tails = LogTails::default();
        for _ in 0..3 * LINES_MAX {
            tails.append(lease(1), &line("x"));
        }
        assert_eq!(tails.tails[&lease(1)].lines.len(), LINES_MAX);
        let long = "y".repeat(8 * 1024);
        for _ in 0..100 {
            tails.append(lease(1), &line(&long));
        }
        assert!(tails.tails[&lease(1)].bytes <= BYTES_MAX);
        for n in 1..100 {
            tails.append(lease(n), &line("z"));
            tails.close(lease(n));
        }
        assert_eq!(tails.tails.len(), GONE_MAX);
    }
}
