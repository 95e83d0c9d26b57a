//! How far the caps of a tenant's agreements are raised, so that deployments go on without a person and without locking
//! more than is needed. Pure. Deliberately absent: the mandate's signature, and the call.

use super::runway::{self, Drain};
use ttalkak_protocol::{
    id::AgreementId,
    money::{Amount, Mandate, Terms},
    unit::{Millis, UnixMillis},
};

/// An agreement in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse {
    /// Which.
    pub agreement: AgreementId,
    /// On chain, final.
    pub cap: Amount,
    /// Raises on their way to the chain.
    pub pending: Amount,
    /// Used so far.
    pub charged: Amount,
    /// The most that an hour may cost.
    pub rate_per_hour: Amount,
    /// No use is charged after this, seconds since 1970.
    pub expiry: u64,
}

/// One cap to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raise {
    /// Whose.
    pub agreement: AgreementId,
    /// By so much.
    pub by: Amount,
    /// To this, raises on their way included.
    pub cap: Amount,
}

const HOUR_MS: u128 = 3_600_000;
/// A raise is a transaction that somebody pays for: it must be worth at least so much time, or half of a shorter lock.
const WORTH: u64 = 60_000;

/// What so much time costs at most; rounded up.
pub fn cost(rate_per_hour: Amount, span: Millis) -> Amount {
    Amount(rate_per_hour.0.saturating_mul(u128::from(span.0)).div_ceil(HOUR_MS))
}

/// How long so much money lasts at a rate; `u64::MAX` when nothing is asked.
pub fn lasts(money: Amount, rate_per_hour: Amount) -> Millis {
    let span = money.0.saturating_mul(HOUR_MS).checked_div(rate_per_hour.0);
    Millis(span.map_or(u64::MAX, |span| u64::try_from(span).unwrap_or(u64::MAX)))
}

/// Whether a mandate permits anything at this time.
pub fn is_current(mandate: &Mandate, now: UnixMillis) -> bool {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    (mandate.start..mandate.expiry).contains(&seconds)
}

/// Whether terms are within a mandate's bounds, as the contract judges it.
pub fn permits(mandate: &Mandate, terms: &Terms) -> bool {
    (mandate.tenant, mandate.token) == (terms.tenant, terms.token)
        && terms.rate_per_hour <= mandate.rate_per_hour_max
        && mandate.start <= terms.start
        && terms.expiry <= mandate.expiry
}

/// What a mandate still allows. `used` counts the period numbered `window`, as the contract keeps both; in another period
/// nothing is used yet. `pending`: on its way to be locked under it.
pub fn allowed(mandate: &Mandate, (used, window): (Amount, u64), pending: Amount, now: UnixMillis) -> Amount {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    let present = seconds.saturating_sub(mandate.start).checked_div(mandate.period).unwrap_or(0);
    let used = if window == present { used } else { Amount::ZERO };
    mandate.cap.saturating_sub(used).saturating_sub(pending)
}

/// When a mandate's cap is fresh again; `None` when it is for good, or the mandate ends before.
pub fn fresh_at(mandate: &Mandate, now: UnixMillis) -> Option<UnixMillis> {
    let seconds = u64::try_from(now.0 / 1000).unwrap_or(0);
    let begun = seconds.saturating_sub(mandate.start).checked_div(mandate.period)?;
    let next = begun.checked_add(1)?.checked_mul(mandate.period)?.checked_add(mandate.start)?;
    let millis = i64::try_from(next.checked_mul(1000)?).ok()?;
    (next < mandate.expiry).then_some(UnixMillis(millis))
}

/// The part of a tenant's free money that one of its agreements may count on: by its share of all rates.
pub fn share(free: Amount, rate: Amount, rates: Amount) -> Amount {
    if rates == Amount::ZERO {
        return Amount::ZERO;
    }
    // 96 bits times 96 bits do not fit: rates are scaled down together, which only ever makes a share smaller.
    let shift = (128 - rates.0.leading_zeros()).saturating_sub(30);
    let (part, whole) = (rate.0.min(rates.0) >> shift, (rates.0 >> shift) + u128::from(shift > 0));
    Amount(free.0.saturating_mul(part) / whole.max(1)).min(free)
}

/// Raises for one tenant. `all`: its agreements in use. `free`: its money that backs nothing. `allowed`: what its mandate
/// still allows to lock. `lock_for`: how much time a lock should cover; below a quarter of it, it is filled up, but with no
/// more than what leaves the others as long a life ([`runway::draws`]).
/// Their sum is never above `free` nor `allowed`.
pub fn raises(all: &[InUse], free: Amount, allowed: Amount, lock_for: Millis, now: UnixMillis) -> Vec<Raise> {
    let purse = free.min(allowed);
    let worth = Millis(WORTH.min(lock_for.0 / 2));
    let drains: Vec<_> = all.iter().map(drain).collect();
    let mut raises = Vec::new();
    for (one, draw) in all.iter().zip(runway::draws(purse, &drains)) {
        let by = missing(one, lock_for, now).min(draw);
        if by == Amount::ZERO || by < cost(one.rate_per_hour, worth) {
            continue;
        }
        let Some(cap) = one.cap.checked_add(one.pending).and_then(|cap| cap.checked_add(by)) else {
            continue;
        };
        raises.push(Raise { agreement: one.agreement, by, cap });
    }
    raises
}

/// What it has to itself, at the most that it may cost.
fn drain(one: &InUse) -> Drain {
    let locked = one.cap.saturating_sub(one.charged);
    Drain { locked, pending: one.pending, rate_per_hour: one.rate_per_hour }
}

/// What is missing for `lock_for`, or for the time until the expiry; zero while more than a quarter is left.
fn missing(one: &InUse, lock_for: Millis, now: UnixMillis) -> Amount {
    let expiry = i64::try_from(one.expiry.saturating_mul(1000)).unwrap_or(i64::MAX);
    let full = cost(one.rate_per_hour, lock_for.min(UnixMillis(expiry).since(now)));
    let locked = Amount(one.cap.0.saturating_add(one.pending.0)).saturating_sub(one.charged);
    if locked.0.saturating_mul(4) >= full.0 { Amount::ZERO } else { full.saturating_sub(locked) }
}

#[cfg(test)]
mod tests;
