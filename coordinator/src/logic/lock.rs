//! How much is set aside for a deployment that begins, and whether its tenant can. Pure. Deliberately absent: words for
//! people, and raising what is locked already (`logic::funding`).

use super::price;
use ttalkak_protocol::{money::Amount, unit::Millis};

/// Less than an hour is not worth the transactions, unless the deployment itself is shorter.
const LEAST: Millis = Millis(3_600_000);

/// What a new agreement locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// It does not begin with less.
    pub least: Amount,
    /// More is not needed.
    pub most: Amount,
}

/// What a tenant has and permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// The most that an hour may cost.
    pub rate_max: Amount,
    /// What the mandate still allows to lock.
    pub allowed: Amount,
    /// Deposited, and nothing is set aside from it.
    pub free: Amount,
}

/// Why a deployment cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// An hour costs more than the mandate permits.
    TooDear,
    /// The mandate allows less than is needed.
    Mandate,
    /// Less is free than is needed.
    Funds,
}

/// `lock_for`: how much time a lock should cover; `left`: how long the deployment lasts, when it has an end.
pub fn lock(rate: Amount, lock_for: Millis, left: Option<Millis>) -> Lock {
    let span = left.map_or(lock_for, |left| lock_for.min(left));
    Lock { least: price::cost_of(rate, span.min(LEAST)), most: price::cost_of(rate, span) }
}

impl Lock {
    /// What is set aside of such means.
    pub fn amount(self, means: Means) -> Amount {
        self.most.min(means.free).min(means.allowed)
    }

    /// What is missing; the first thing to mend.
    pub fn falls_short(self, rate: Amount, means: Means) -> Option<Short> {
        if rate > means.rate_max {
            return Some(Short::TooDear);
        }
        if means.allowed < self.least {
            return Some(Short::Mandate);
        }
        (means.free < self.least).then_some(Short::Funds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600_000;

    fn means(rate_max: u128, allowed: u128, free: u128) -> Means {
        Means { rate_max: Amount(rate_max), allowed: Amount(allowed), free: Amount(free) }
    }

    #[test]
    fn an_hour_is_the_least_unless_the_lock_or_the_deployment_is_shorter() {
        let rate = Amount(3600);
        let day = lock(rate, Millis(24 * HOUR), None);
        assert_eq!((day.least, day.most), (Amount(3600), Amount(24 * 3600)));
        assert_eq!(lock(rate, Millis(60_000), None).least, Amount(60));
        let short = lock(rate, Millis(24 * HOUR), Some(Millis(HOUR / 2)));
        assert_eq!((short.least, short.most), (Amount(1800), Amount(1800)));
    }

    #[test]
    fn what_is_missing_is_told_in_the_order_in_which_it_is_mended() {
        let rate = Amount(100);
        let lock = lock(rate, Millis(10 * HOUR), None);
        assert_eq!(lock.falls_short(rate, means(99, 0, 0)), Some(Short::TooDear));
        assert_eq!(lock.falls_short(rate, means(100, 99, 0)), Some(Short::Mandate));
        assert_eq!(lock.falls_short(rate, means(100, 100, 99)), Some(Short::Funds));
        assert_eq!(lock.falls_short(rate, means(100, 100, 100)), None);
    }

    proptest! {
        #[test]
        fn what_does_not_fall_short_sets_aside_at_least_the_least_and_never_more_than_there_is(
            rate in 1_u128..1 << 60, hours in 1_u64..100, allowed in 0_u128..1 << 70, free in 0_u128..1 << 70,
        ) {
            let rate = Amount(rate);
            let lock = lock(rate, Millis(hours * HOUR), None);
            let means = Means { rate_max: rate, allowed: Amount(allowed), free: Amount(free) };
            if lock.falls_short(rate, means).is_none() {
                let amount = lock.amount(means);
                prop_assert!(amount >= lock.least && amount <= means.free && amount <= means.allowed);
            }
        }
    }
}
