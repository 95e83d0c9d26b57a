//! The program's own last lines, in memory, for desks that look at them. A desk that reads too slowly loses lines and is
//! told how many.

use crate::{
    desk::{DeskHandle, DeskId},
    io::clock::wall,
};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{self, Write},
    sync::{Mutex, PoisonError},
};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};
use ttalkak_protocol::desk::{LogLevel, LogNews, LogOf, LogText};

/// Lines kept.
const LINES_MAX: usize = 1_000;
/// A longer line is cut.
const LINE_BYTES_MAX: usize = 4 * 1024;

/// What is kept, and who follows it. One for the process, as its log is.
static KEPT: Mutex<Kept> = Mutex::new(Kept { lines: VecDeque::new(), seq: 0, followers: BTreeMap::new() });

struct Kept {
    lines: VecDeque<LogText>,
    seq: u64,
    /// Each with the lines that it missed.
    followers: BTreeMap<DeskId, (DeskHandle, u64)>,
}

/// Takes in what is logged.
pub(super) struct Recent;

/// The last lines, oldest first.
pub fn recent() -> Vec<LogText> {
    lock().lines.iter().cloned().collect()
}

/// Tells a desk the last lines and every further one.
pub fn follow(desk: DeskHandle) {
    let mut kept = lock();
    let lines = kept.lines.iter().cloned().collect();
    let news = LogNews { of: LogOf::Program, lines, skipped: 0, anew: true };
    let missed = if desk.lines.try_send(news).is_ok() { 0 } else { kept.lines.len() as u64 };
    kept.followers.insert(desk.id, (desk, missed));
}

/// A desk has seen enough.
pub fn unfollow(desk: DeskId) {
    lock().followers.remove(&desk);
}

fn lock() -> std::sync::MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        lock().append(level(*event.metadata().level()), text.finish());
    }
}

impl Kept {
    fn append(&mut self, level: LogLevel, text: String) {
        self.seq += 1;
        let line = LogText { seq: self.seq, at: wall(), stream: None, level: Some(level), text };
        self.followers.retain(|_, (desk, missed)| {
            use tokio::sync::mpsc::error::TrySendError;
            let news =
                LogNews { of: LogOf::Program, lines: vec![line.clone()], skipped: *missed, anew: false };
            match desk.lines.try_send(news) {
                Ok(()) => *missed = 0,
                Err(TrySendError::Full(_)) => *missed += 1,
                Err(TrySendError::Closed(_)) => return false,
            }
            true
        });
        self.lines.push_back(line);
        if self.lines.len() > LINES_MAX {
            self.lines.pop_front();
        }
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// The message first, then its fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Text {
    fn finish(self) -> String {
        let mut text = self.message + &self.fields;
        if text.len() > LINE_BYTES_MAX {
            let end = text.floor_char_boundary(LINE_BYTES_MAX);
            text.truncate(end);
            text.push('…');
        }
        text
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    #[test]
    fn a_desk_gets_what_is_kept_and_then_what_comes() {
        let mut kept = Kept { lines: VecDeque::new(), seq: 0, followers: BTreeMap::new() };
        for _ in 0..LINES_MAX + 5 {
            kept.append(LogLevel::Info, "before".to_owned());
        }
        assert_eq!(kept.lines.len(), LINES_MAX);
        let (lines, mut told) = mpsc::channel(1);
        kept.followers.insert(DeskId(1), (DeskHandle { id: DeskId(1), lines }, 0));
        for text in ["first", "lost", "lost too"] {
            kept.append(LogLevel::Warn, text.to_owned());
        }
        assert_eq!(told.try_recv().unwrap().lines[0].text, "first");
        kept.append(LogLevel::Warn, "next".to_owned());
        let news = told.try_recv().unwrap();
        assert_eq!((news.lines[0].text.as_str(), news.skipped), ("next", 2));
        drop(told);
        kept.append(LogLevel::Warn, "nobody".to_owned());
        assert!(kept.followers.is_empty());
    }
}
