//! Ships log lines: takes them from the tasks that read them, numbers and keeps them in a [`LogBook`], hands batches to
//! the link, forgets what is stored. Its own task, so that a flood of lines never delays a decision.

use crate::{
    desk::{DeskHandle, DeskId},
    io::log_tail::LogTails,
    link_event::{LinkCommand, LinkHandle, Session},
    logic::log_book::{LogBook, RawLine},
};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use ttalkak_protocol::{id::LeaseId, link::LogMark};

/// Lines that may wait for this task. A reader that finds it full waits, and with it the engine's own buffer fills.
const LINES_MAX: usize = 4_096;
/// Lines are sent at least so often: soon enough for a person who watches, late enough for full batches.
const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// What the log task can be told.
#[derive(Debug)]
pub enum LogCommand {
    /// A line was read.
    Line(LeaseId, RawLine),
    /// A connection stands.
    Connected(Session, Vec<LogMark>),
    /// The connection is gone.
    Disconnected,
    /// Lines up to these are stored.
    Stored(Vec<LogMark>),
    /// Where the run log of a lease was last written down.
    LastNanos(LeaseId, oneshot::Sender<i64>),
    /// A desk follows the log of a lease.
    Follow(LeaseId, DeskHandle),
    /// It does not any more.
    Unfollow(LeaseId, DeskId),
    /// No more lines come from this lease.
    Close(LeaseId),
}

/// The way to the log task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Logs(mpsc::Sender<LogCommand>);

impl Logs {
    /// Waits for room, then hands over. When the task has ended there is nobody to tell.
    pub async fn tell(&self, command: LogCommand) {
        let _ = self.0.send(command).await;
    }

    /// Where the run log of a lease was last written down; 0 when nowhere.
    pub async fn last_nanos(&self, lease: LeaseId) -> i64 {
        let (answer, asked) = oneshot::channel();
        self.tell(LogCommand::LastNanos(lease, answer)).await;
        asked.await.unwrap_or(0)
    }
}

/// Makes the channel to a log task.
pub fn channel() -> (Logs, mpsc::Receiver<LogCommand>) {
    let (tell, told) = mpsc::channel(LINES_MAX);
    (Logs(tell), told)
}

/// Runs until `shutdown`, then hands over what is still unsent and ends.
pub async fn run(mut told: mpsc::Receiver<LogCommand>, link: LinkHandle, shutdown: CancellationToken) {
    let mut book = LogBook::default();
    let mut tails = LogTails::default();
    let mut session = None;
    let mut flush = tokio::time::interval(FLUSH_EVERY);
    flush.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            command = told.recv() => match command {
                Some(command) => take(command, &mut book, &mut tails, &mut session),
                None => break,
            },
            _ = flush.tick() => {
                send(&mut book, session, &link);
                tails.flush();
            }
            () = shutdown.cancelled() => break,
        }
    }
    told.close();
    while let Some(command) = told.recv().await {
        take(command, &mut book, &mut tails, &mut session);
    }
    send(&mut book, session, &link);
}

fn take(command: LogCommand, book: &mut LogBook, tails: &mut LogTails, session: &mut Option<Session>) {
    match command {
        LogCommand::Line(lease, line) => {
            tails.append(lease, &line);
            book.append(lease, line);
        }
        LogCommand::Follow(lease, desk) => tails.follow(lease, desk),
        LogCommand::Unfollow(lease, desk) => tails.unfollow(lease, desk),
        LogCommand::Connected(now, marks) => {
            book.on_connected(&marks);
            *session = Some(now);
        }
        LogCommand::Disconnected => *session = None,
        LogCommand::Stored(marks) => book.on_stored(&marks),
        LogCommand::LastNanos(lease, answer) => {
            // Whoever asked may have been cancelled.
            let _ = answer.send(book.last_nanos(lease));
        }
        LogCommand::Close(lease) => {
            book.close(lease);
            tails.close(lease);
        }
    }
}

fn send(book: &mut LogBook, session: Option<Session>, link: &LinkHandle) {
    let Some(session) = session else { return };
    while let Some(batch) = book.next_batch() {
        if link.send(LinkCommand::Logs { session, batch: batch.clone() }).is_err() {
            return;
        }
        book.on_sent(&batch);
    }
}
