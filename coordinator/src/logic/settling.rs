//! Which agreements go into the next settlements. Pure: what is due in, batches of ids out. Deliberately absent: call
//! data, and who pays the gas.

use std::collections::BTreeMap;
use ttalkak_protocol::{
    id::AgreementId,
    money::{Amount, EvmAddress},
    unit::{Millis, UnixMillis},
};

/// The most agreements of one batch: what fits into one transaction's gas.
pub const BATCH_MAX: usize = 400;

/// The agent writes its last readings when the workload is gone; an agreement that is over is settled after this, so
/// that they are in.
pub const LAST_READINGS: Millis = Millis(15_000);

/// An agreement that may have something to settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub agreement: AgreementId,
    /// Who is paid.
    pub payee: EvmAddress,
    /// Secured by a voucher, in all.
    pub vouchered: Amount,
    /// Final on chain, or in a batch on its way there.
    pub settled: Amount,
    /// The payee's owner wants nothing below this, over all of its agreements.
    pub threshold: Amount,
    /// Over since; `None` while it may earn more.
    pub ended_at: Option<UnixMillis>,
    /// Its end was asked for on chain already, or is in a batch on its way there.
    pub end_asked: bool,
    /// The provider signed that it is content with exactly what is vouchered.
    pub content: bool,
}

impl Due {
    fn rest(&self) -> Amount {
        self.vouchered.saturating_sub(self.settled)
    }

    /// Over, its last readings are in, and something is left to do on chain before it can be closed. A provider that
    /// signed needs no end on chain: its word closes the agreement at once.
    fn must_end(&self, now: UnixMillis) -> bool {
        let over = self.ended_at.is_some_and(|at| self.content || now.since(at) >= LAST_READINGS);
        over && (self.rest() > Amount::ZERO || !(self.content || self.end_asked))
    }
}

/// Why agreements are settled now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    /// The time of every settlement: whoever has its threshold's worth.
    Scheduled,
    /// These payees ask for theirs, whatever the threshold.
    Claimed(Vec<EvmAddress>),
    /// Neither: only agreements that are over.
    Ends,
}

/// One line of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Which agreement.
    pub agreement: AgreementId,
    /// What is settled in all after it.
    pub cumulative: Amount,
    /// Its end is asked for in the same write.
    pub ending: bool,
}

/// Chooses what is settled now, in batches of at most [`BATCH_MAX`]; agreements of one payee stand together, since each
/// payee costs one payment a batch. Nothing due: no batch.
pub fn plan(dues: &[Due], occasion: &Occasion, now: UnixMillis) -> Vec<Vec<Line>> {
    let mut rests: BTreeMap<EvmAddress, u128> = BTreeMap::new();
    for due in dues {
        *rests.entry(due.payee).or_default() += due.rest().0;
    }
    let wanted = |due: &&Due| {
        let rest = rests.get(&due.payee).copied().unwrap_or(0);
        let asked = match occasion {
            Occasion::Scheduled => rest >= due.threshold.0,
            Occasion::Claimed(payees) => payees.contains(&due.payee),
            Occasion::Ends => false,
        };
        (asked && due.rest() > Amount::ZERO) || due.must_end(now)
    };
    let mut chosen: Vec<&Due> = dues.iter().filter(wanted).collect();
    chosen.sort_by_key(|due| (due.payee, due.agreement));
    let line = |due: &&Due| Line {
        agreement: due.agreement,
        cumulative: due.vouchered.max(due.settled),
        ending: due.must_end(now) && !due.end_asked && !due.content,
    };
    chosen.chunks(BATCH_MAX).map(|batch| batch.iter().map(line).collect()).collect()
}

#[cfg(test)]
mod tests;
