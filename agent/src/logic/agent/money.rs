//! Where money touches the life of a workload: a lease whose payment is wrong is not begun, one whose work is not vouched
//! for is stopped, and it comes back with the voucher. Leases without a payment never get here.

use super::Agent;
use crate::logic::{
    effect::Effect,
    event::Now,
    meter::{Lending, Meter, MoneyBook, MoneyNews},
    workload::{Stage, Workload},
};
use std::time::Duration;
use ttalkak_protocol::{id::LeaseId, unit::UnixMillis};

impl Agent {
    /// As [`Agent::new`], lending for money: with the owner's settings and the book of an earlier run.
    #[must_use]
    pub fn lending(mut self, lending: Lending, book: MoneyBook) -> Self {
        self.meter = Meter::new(lending, book);
        self
    }

    /// What to report about money.
    pub fn money_news(&self, now: UnixMillis) -> MoneyNews {
        self.meter.news(now)
    }

    /// The book as it is now.
    pub fn money_book(&self) -> &MoneyBook {
        self.meter.book()
    }

    /// Whose visitors' bytes count.
    pub fn paid_leases(&self) -> impl Iterator<Item = LeaseId> + '_ {
        self.meter.paid_leases()
    }

    /// Meters what is healthy, and stops or lets go on what that changes.
    pub(super) fn settle_up(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.meter.is_idle() {
            return;
        }
        if self.observe_soundness(now) {
            self.reconcile(now, effects);
            // What was just asked to go is metered to its last moment.
            self.observe_soundness(now);
        }
        effects.extend(self.meter.closes());
    }

    fn observe_soundness(&mut self, now: Now) -> bool {
        let seen = self.workloads.iter().map(|(lease, workload)| (*lease, workload.soundness())).collect();
        self.meter.observe(&seen, now)
    }
}

/// Whether work on it must end because of its payment. What has nothing on the machine is only held.
pub(super) fn is_barred(meter: &Meter, workload: &Workload) -> bool {
    let active = match &workload.stage {
        Stage::Fetching
        | Stage::Building { .. }
        | Stage::Starting
        | Stage::Running(_)
        | Stage::BackingOff { .. }
        | Stage::GivingUp { .. } => true,
        Stage::Waiting { .. } | Stage::Held(_) | Stage::Failed { .. } | Stage::Stopping { .. } => false,
    };
    active && meter.bar(workload.lease.lease).is_some()
}

/// Why it is stopped, for its log.
pub(super) fn told(meter: &Meter, workload: &Workload) -> Option<Effect> {
    let problem = meter.bar(workload.lease.lease)?.problem;
    Some(workload.say(format!("The app is stopped. {} {}", problem.message, problem.next)))
}

/// Holds what waits and may not begin; lets go what may again.
pub(super) fn hold(meter: &Meter, workload: &mut Workload, now: Now) -> Option<Effect> {
    match (meter.bar(workload.lease.lease), &workload.stage) {
        (Some(bar), Stage::Waiting { .. }) => workload.go(Stage::Held(bar), now),
        (Some(bar), Stage::Held(old)) if bar.for_good != old.for_good => workload.go(Stage::Held(bar), now),
        (None, Stage::Held(_)) => {
            workload.wait(None, Duration::ZERO, now);
            return Some(workload.say("The payment is in order; the app is started.".to_owned()));
        }
        (Some(_) | None, _) => {}
    }
    None
}

#[cfg(test)]
mod tests;
