//! The daemon's side of desks: keeps the newest of each section, lets screens in over a socket (and, when asked for,
//! over HTTP on loopback), hands their asks to whoever answers them. A desk that is slow, hostile or gone costs nothing:
//! every queue has an end, and of a section only the newest is ever told.
//! Deliberately absent: what the sections say and what the calls do.

mod hub;
mod place;
mod session;
#[cfg(unix)]
mod socket;
mod web;

pub use hub::Hub;
pub use place::{PlaceError, socket};
pub use session::{Garbage, serve};
#[cfg(unix)]
pub use socket::{Door, DoorError};
pub use web::{WebDoor, WebError};

use tokio::sync::{mpsc, oneshot};
use ttalkak_protocol::{
    desk::{Call, Fault, LogNews, Reply},
    error::{ErrorCode, Problem},
};

/// Desks at a time: a window, a tray and a browser on each of a few screens.
pub const DESKS_MAX: usize = 16;
/// Asks that may wait for the daemon, of all desks together.
pub const ASKS_MAX: usize = 64;
/// Batches of log lines that may wait for one desk; more are counted and left out.
pub const LINES_MAX: usize = 64;

/// Tells desks apart while they last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeskId(pub u64);

/// Whoever asks, and where its log lines go.
#[derive(Debug, Clone)]
pub struct DeskHandle {
    /// Which desk.
    pub id: DeskId,
    /// Lines of the logs that it follows.
    pub lines: mpsc::Sender<LogNews>,
}

/// A call that waits for its answer.
#[derive(Debug)]
pub struct Asked {
    /// Whose.
    pub desk: DeskHandle,
    /// What is asked.
    pub call: Call,
    /// Where the answer goes. Dropping it refuses the call.
    pub answer: oneshot::Sender<Answer>,
}

impl Asked {
    /// Answers; a desk that is gone hears nothing.
    pub fn reply(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

/// What comes of a call.
pub type Answer = Result<Reply, Refusal>;

/// Why a call was not carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// What happened, and the next move.
    pub problem: Problem,
    /// Which fields of a form are wrong, when that is the reason.
    pub faults: Vec<Fault>,
}

impl Refusal {
    /// With the code's own next move.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Problem::new(code, message).into()
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { problem, faults: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
