//! Whether a reading counts, and what it costs. Pure: the same function is asked for the first reading and for one that
//! comes again after a lost answer. Deliberately absent: signatures, and the books.

use ttalkak_escrow::{
    ceiling::ceiling,
    price::{Carry, cost},
};
use ttalkak_protocol::{
    id::LeaseId,
    money::{Amount, Rates, Reading, Reserved, Terms},
    unit::{Millis, UnixMillis},
};

/// How far an agent's clock may be ahead of ours. A reading beyond it waits until its time has come.
pub const SKEW: Millis = Millis(5_000);
/// The agent tells of a healthy workload after it was, and its clock may be behind.
pub const EARLY: Millis = Millis(60_000);
/// From the end of a lease until its workload is gone: the link, and the app's own grace.
pub const LETTING_GO: Millis = Millis(15_000);

/// How an agreement stands before a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metered {
    /// What was agreed.
    pub terms: Terms,
    /// At these prices.
    pub rates: Rates,
    /// For this size.
    pub reserved: Reserved,
    /// On chain.
    pub cap: Amount,
    /// So much in all.
    pub charged: Amount,
    /// And so much below a base unit.
    pub carry: Carry,
    /// Of the newest charged reading.
    pub seq: u64,
    /// Its end.
    pub charged_to: UnixMillis,
    /// Whether it stands on chain, and can be earned under.
    pub stands: bool,
    /// Its end was asked for then.
    pub ended_at: Option<UnixMillis>,
}

/// What is known of the lease that a reading names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leased {
    /// Which.
    pub lease: LeaseId,
    /// First said to be healthy then; `None`: never yet.
    pub healthy_at: Option<UnixMillis>,
    /// It ended then.
    pub ended_at: Option<UnixMillis>,
}

/// Why a reading never counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Numbers run 1, 2, 3 …
    #[error("its number is not the one after {0}")]
    Number(u64),
    /// It ends before it begins.
    #[error("its span is none")]
    Span,
    /// It was charged before.
    #[error("it overlaps what was charged")]
    Overlap,
    /// The workload was not healthy yet.
    #[error("it begins before the workload was healthy")]
    Early,
    /// The lease or the agreement was over.
    #[error("it ends after the lease or the agreement")]
    Late,
    /// It costs more than any contract holds.
    #[error("its cost is beyond all bounds")]
    Beyond,
}

/// What comes of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was charged already.
    Known,
    /// Not yet: the agreement is on its way to the chain, or the agent's clock is ahead.
    Later,
    /// So much for it.
    Charge {
        /// For this reading.
        charge: Amount,
        /// In all after it.
        charged: Amount,
        /// Left over after it.
        carry: Carry,
    },
    /// Never.
    Refused(Refusal),
}

/// Judges one reading. `leased`: `None` when the lease was erased with its deployment; the agreement's own end bounds it
/// then.
pub fn judge(metered: &Metered, leased: Option<&Leased>, reading: &Reading, now: UnixMillis) -> Verdict {
    if reading.seq <= metered.seq {
        return Verdict::Known;
    }
    if let Some(refusal) = refusal(metered, leased, reading) {
        return Verdict::Refused(refusal);
    }
    let unseen = leased.is_some_and(|leased| leased.healthy_at.is_none());
    if !metered.stands || unseen || reading.to > now.after(SKEW) {
        return Verdict::Later;
    }
    charge(metered, reading, now)
}

fn refusal(metered: &Metered, leased: Option<&Leased>, reading: &Reading) -> Option<Refusal> {
    let before = |time: UnixMillis| UnixMillis(time.0.saturating_sub(EARLY.0.cast_signed()));
    let healthy_at = leased.and_then(|leased| leased.healthy_at);
    let ends = [leased.and_then(|leased| leased.ended_at), metered.ended_at];
    let over = ends.into_iter().flatten().map(|end| end.after(LETTING_GO)).min();
    if Some(reading.seq) != metered.seq.checked_add(1) {
        Some(Refusal::Number(metered.seq))
    } else if reading.to <= reading.from {
        Some(Refusal::Span)
    } else if reading.from < metered.charged_to {
        Some(Refusal::Overlap)
    } else if healthy_at.is_some_and(|healthy| reading.from < before(healthy)) {
        Some(Refusal::Early)
    } else if over.is_some_and(|over| reading.to > over) {
        Some(Refusal::Late)
    } else {
        None
    }
}

/// Never above what the contract would pay. What is cut off there is lost to the provider, also its remainder.
fn charge(metered: &Metered, reading: &Reading, now: UnixMillis) -> Verdict {
    let Metered { terms, rates, reserved, cap, charged, carry, ended_at, .. } = metered;
    let span = reading.to.since(reading.from);
    let Some((earned, left)) = cost(rates, reserved, span.0, reading.egress, *carry) else {
        return Verdict::Refused(Refusal::Beyond);
    };
    let seconds = |time: UnixMillis| u64::try_from(time.0 / 1000).unwrap_or(0);
    let end = ended_at.map(|end| seconds(end.after(LETTING_GO)));
    let most = ceiling(terms, *cap, seconds(now), end).max(*charged);
    match charged.checked_add(earned).filter(|total| *total <= most) {
        Some(total) => Verdict::Charge { charge: earned, charged: total, carry: left },
        None => Verdict::Charge { charge: most.saturating_sub(*charged), charged: most, carry: Carry::ZERO },
    }
}

#[cfg(test)]
mod tests;
