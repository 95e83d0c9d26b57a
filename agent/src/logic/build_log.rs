//! The bounds on one build's log: its beginning up to a limit, then only its end. A build that prints 100 MB must cost
//! neither memory nor the reader's patience, and what matters stands mostly at the end.

use std::collections::VecDeque;
use ttalkak_protocol::codec::LOG_LINE_BYTES_MAX;

/// Lines that are passed on while the build runs.
pub const LINES_MAX: usize = 20_000;
/// Bytes of such lines.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;
/// The last lines are always kept, to tell a failure.
pub const LAST_LINES: usize = 200;
/// What stands at the end of a line that was cut.
const CUT: &str = " … (cut)";

/// One build's log.
#[derive(Debug, Clone, Default)]
pub struct BuildLog {
    lines: usize,
    bytes: usize,
    left_out: usize,
    tail: VecDeque<String>,
}

impl BuildLog {
    /// A line of the build; returned when it is to be passed on now.
    pub fn on_line(&mut self, line: String) -> Option<String> {
        let line = cut_line(line);
        if self.tail.len() == LAST_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line.clone());
        if self.left_out == 0 && self.lines < LINES_MAX && self.bytes + line.len() <= BYTES_MAX {
            self.lines += 1;
            self.bytes += line.len();
            return Some(line);
        }
        self.left_out += 1;
        None
    }

    /// What is still to be passed on at the end: how many lines are missing, and the last ones.
    pub fn finish(&self) -> Option<(String, Vec<String>)> {
        if self.left_out == 0 {
            return None;
        }
        let shown = self.left_out.min(self.tail.len());
        let last = self.tail.iter().skip(self.tail.len() - shown).cloned().collect();
        Some((format!("… {} lines left out; the last {shown} follow.", self.left_out - shown), last))
    }

    /// The last lines, oldest first, at most [`LAST_LINES`].
    pub fn last_lines(&self) -> Vec<String> {
        self.tail.iter().cloned().collect()
    }
}

/// Cuts a line to what the wire carries, between characters, with a mark.
pub fn cut_line(mut line: String) -> String {
    if line.len() > LOG_LINE_BYTES_MAX {
        let end =
            (0..=LOG_LINE_BYTES_MAX - CUT.len()).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(end);
        line.push_str(CUT);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_log_passes_whole() {
        let mut log = BuildLog::default();
        assert_eq!(log.on_line("a".to_owned()).as_deref(), Some("a"));
        assert_eq!(log.finish(), None);
        assert_eq!(log.last_lines(), ["a"]);
    }

    #[test]
    fn a_hundred_megabytes_cost_four_and_end_with_the_last_lines() {
        let mut log = BuildLog::default();
        let line = "x".repeat(100);
        let total = 1_000_000;
        let passed = (0..total).filter(|n| log.on_line(format!("{n} {line}")).is_some()).count();
        assert!(passed <= LINES_MAX);
        let (marker, last) = log.finish().unwrap();
        assert_eq!(marker, format!("… {} lines left out; the last 200 follow.", total - passed - 200));
        assert_eq!((last.len(), last[199].split(' ').next()), (200, Some("999999")));
    }

    #[test]
    fn few_huge_lines_are_bounded_by_bytes() {
        let mut log = BuildLog::default();
        let passed = (0..2000).filter(|_| log.on_line("é".repeat(10_000)).is_some()).count();
        assert!(passed * LOG_LINE_BYTES_MAX <= BYTES_MAX + LOG_LINE_BYTES_MAX, "{passed}");
        assert!(
            log.last_lines().iter().all(|line| line.len() <= LOG_LINE_BYTES_MAX && line.ends_with("(cut)"))
        );
    }

    #[test]
    fn lines_that_were_left_out_are_not_told_twice() {
        let mut log = BuildLog { lines: LINES_MAX, ..BuildLog::default() };
        for n in 0..3 {
            assert_eq!(log.on_line(n.to_string()), None);
        }
        let (marker, last) = log.finish().unwrap();
        assert_eq!((marker.as_str(), last.len()), ("… 0 lines left out; the last 3 follow.", 3));
    }
}
