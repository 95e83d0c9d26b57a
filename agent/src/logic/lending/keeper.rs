//! Keeps a decision over time: since when it holds, and when running work is stopped. A clock that is set moves neither
//! a notice out of sight nor the beginning into the future.

use super::Decision;
use std::mem::discriminant;
use ttalkak_protocol::{
    desk::{LendingState, NextChange, Treatment},
    unit::{Millis, UnixMillis},
};

/// What is moved away without being stopped is moved until then; long enough to mean never.
const DRAIN_FOR: Millis = Millis(30 * 86_400_000);

/// The decision in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeper {
    decision: Decision,
    since: UnixMillis,
    stops_at: Option<UnixMillis>,
}

impl Keeper {
    /// Begins with a decision.
    pub fn new(decision: Decision, now: UnixMillis) -> Self {
        let stops_at = deadline(&decision, now);
        Self { decision, since: now, stops_at }
    }

    /// Takes a new decision. Returns whether anything that others must hear of has changed.
    pub fn step(&mut self, decision: Decision, now: UnixMillis) -> bool {
        let before = (self.state().clone(), self.running(), self.stops_at, self.next());
        if discriminant(&decision.state) != discriminant(&self.decision.state) {
            self.since = now;
        }
        if decision.running != self.decision.running {
            self.stops_at = deadline(&decision, now);
        }
        if let LendingState::Leaving { by } = decision.state {
            self.stops_at = Some(by);
        }
        // A clock that went back would stretch the notice, and one that holds no reason any more has none.
        self.since = self.since.min(now);
        let longest = deadline(&decision, now);
        self.stops_at = match (self.stops_at, longest) {
            (Some(at), Some(longest)) => Some(at.min(longest)),
            (None, longest) => longest,
            (Some(_), None) => None,
        };
        self.decision = decision;
        before != (self.state().clone(), self.running(), self.stops_at, self.next())
    }

    /// Whether it lends, or why not.
    pub fn state(&self) -> &LendingState {
        &self.decision.state
    }

    /// Since when.
    pub fn since(&self) -> UnixMillis {
        self.since
    }

    /// Whether new work is taken.
    pub fn accepting(&self) -> bool {
        self.decision.state == LendingState::Lending
    }

    /// What happens to running work.
    pub fn running(&self) -> Treatment {
        self.decision.running
    }

    /// When running work is stopped, for a screen: nothing for work that is only moved away.
    pub fn stops_at(&self) -> Option<UnixMillis> {
        match self.decision.running {
            Treatment::Stop { .. } => self.stops_at,
            Treatment::Keep | Treatment::Drain => None,
        }
    }

    /// The same for the coordinator, for which moving away has an end, too.
    pub fn leaves_by(&self) -> Option<UnixMillis> {
        self.stops_at
    }

    /// The next change that can be foreseen.
    pub fn next(&self) -> Option<NextChange> {
        self.decision.next.clone()
    }
}

fn deadline(decision: &Decision, now: UnixMillis) -> Option<UnixMillis> {
    if let LendingState::Leaving { by } = decision.state {
        return Some(by);
    }
    match decision.running {
        Treatment::Keep => None,
        Treatment::Drain => Some(now.after(DRAIN_FOR)),
        Treatment::Stop { notice_minutes } => Some(now.after(Millis(u64::from(notice_minutes) * 60_000))),
    }
}
