//! How long money lasts: for one deployment, and for several that draw on the same purse. Whole numbers, floored, so that
//! no span is promised that the money does not cover. Deliberately absent: prices (see the escrow crate's `price`).

use ttalkak_protocol::{money::Amount, unit::Millis};

const MS_PER_HOUR: u128 = 3_600_000;

/// The longest span that is told: a hundred years. Beyond it the number says nothing.
const LONGEST: u64 = 100 * 365 * 24 * 3_600_000;

/// What a deployment has to itself, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// Locked for it on chain and not used yet.
    pub locked: Amount,
    /// Set aside for it, on its way to the chain.
    pub pending: Amount,
    /// What an hour costs.
    pub rate_per_hour: Amount,
}

/// How long one deployment goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runway {
    /// With all the money it may count on: what an owner is told.
    pub money: Millis,
    /// With what is locked on chain alone. Work beyond it is not secured, however much is on its way.
    pub locked: Millis,
}

/// How long this money lasts at this cost; `None` when nothing is charged.
pub fn runway(money: Amount, rate_per_hour: Amount) -> Option<Millis> {
    if rate_per_hour == Amount::ZERO {
        return None;
    }
    // Amounts have 96 bits and an hour 22, so the product fits.
    let lasts = money.0.saturating_mul(MS_PER_HOUR) / rate_per_hour.0;
    Some(Millis(u64::try_from(lasts).unwrap_or(LONGEST).min(LONGEST)))
}

/// How long each deployment of one tenant lasts, in the order given, when all go on and each draws on `free` once its own
/// lock is used up. `free`: no more than the tenant's mandate still allows to lock, since the rest cannot come to help.
/// What is locked for one cannot serve another, so one with a long lock of its own outlives the rest.
/// `None` where nothing is charged.
pub fn runways(free: Amount, drains: &[Drain]) -> Vec<Option<Runway>> {
    let shared = shared_end(free, drains);
    let each = |drain: &Drain| {
        let own = runway(own(drain), drain.rate_per_hour)?;
        let locked = runway(drain.locked, drain.rate_per_hour)?;
        Some(Runway { money: Millis(own.0.max(shared)), locked })
    };
    drains.iter().map(each).collect()
}

/// What each deployment may draw from `free`, in the order given, so that all of them end together: each what it needs
/// beyond its own until the moment at which the purse is empty. One with a long lock of its own draws nothing before that
/// lock is short, so that a small one beside large ones is not starved. Their sum is never above `free`.
pub fn draws(free: Amount, drains: &[Drain]) -> Vec<Amount> {
    let until = shared_end(free, drains);
    drains.iter().map(|drain| Amount(drawn(drain, until))).collect()
}

/// The same where time ends too. Nothing lasts beyond `terms`, the time that the agreement still has; after it nothing can
/// be earned, and a new start makes new ones. `term`: until the deployment's own end date: money that covers it lasts
/// for ever, as the date is kept by others.
pub fn within(runway: Runway, terms: Millis, term: Option<Millis>) -> Runway {
    match term {
        Some(term) if terms >= term => {
            let covered = |span: Millis| if span >= term { Millis(LONGEST) } else { span };
            Runway { money: covered(runway.money), locked: covered(runway.locked) }
        }
        Some(_) | None => Runway { money: runway.money.min(terms), locked: runway.locked.min(terms) },
    }
}

fn own(drain: &Drain) -> Amount {
    Amount(drain.locked.0.saturating_add(drain.pending.0))
}

/// The last millisecond at which `free` still covers what all locks together do not.
fn shared_end(free: Amount, drains: &[Drain]) -> u64 {
    let covered = |span: u64| {
        let drawn = drains.iter().fold(0_u128, |sum, drain| sum.saturating_add(drawn(drain, span)));
        drawn <= free.0
    };
    // More time never draws less, so halving finds the end: 42 steps.
    let (mut good, mut bad) = (0, LONGEST + 1);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if covered(middle) { good = middle } else { bad = middle }
    }
    good
}

/// What a deployment takes from the purse within a span: its cost, rounded up, beyond its own.
fn drawn(drain: &Drain, span_ms: u64) -> u128 {
    let cost = drain.rate_per_hour.0.saturating_mul(u128::from(span_ms)).div_ceil(MS_PER_HOUR);
    cost.saturating_sub(own(drain).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600_000;

    fn drain(locked: u128, rate: u128) -> Drain {
        Drain { locked: Amount(locked), pending: Amount::ZERO, rate_per_hour: Amount(rate) }
    }

    fn money(free: u128, drains: &[Drain]) -> Vec<Option<u64>> {
        runways(Amount(free), drains).into_iter().map(|end| end.map(|end| end.money.0)).collect()
    }

    #[test]
    fn money_lasts_as_long_as_it_covers_the_cost() {
        assert_eq!(runway(Amount(100), Amount(50)), Some(Millis(2 * HOUR)));
        assert_eq!(runway(Amount(1), Amount(3)), Some(Millis(HOUR / 3)));
        assert_eq!(runway(Amount(0), Amount(3)), Some(Millis(0)));
        assert_eq!(runway(Amount(5), Amount(0)), None, "what costs nothing never ends");
        assert_eq!(runway(Amount::MAX, Amount(1)), Some(Millis(LONGEST)));
    }

    #[test]
    fn two_that_draw_on_one_purse_end_together() {
        assert_eq!(money(100, &[drain(0, 30), drain(0, 20)]), [Some(2 * HOUR), Some(2 * HOUR)]);
    }

    #[test]
    fn a_lock_serves_its_own_deployment_alone() {
        // The first lives three hours on its lock and leaves the purse to the second.
        assert_eq!(money(20, &[drain(90, 30), drain(0, 20)]), [Some(3 * HOUR), Some(HOUR)]);
    }

    #[test]
    fn what_is_on_its_way_is_money_and_not_yet_a_lock() {
        let raised = Drain { pending: Amount(40), ..drain(20, 20) };
        let expected = Runway { money: Millis(3 * HOUR), locked: Millis(HOUR) };
        assert_eq!(runways(Amount(0), &[raised]), [Some(expected)]);
    }

    #[test]
    fn what_costs_nothing_has_no_end_and_takes_nothing() {
        assert_eq!(money(20, &[drain(0, 0), drain(0, 20)]), [None, Some(HOUR)]);
        assert_eq!(money(20, &[]), []);
    }

    #[test]
    fn money_that_covers_an_end_date_is_enough_and_less_is_told_as_it_is() {
        let runway = |hours| Runway { money: Millis(hours * HOUR), locked: Millis(HOUR) };
        let end = Some(Millis(5 * HOUR));
        assert_eq!(within(runway(3), Millis(6 * HOUR), end), runway(3));
        assert_eq!(within(runway(5), Millis(6 * HOUR), end).money, Millis(LONGEST));
        assert_eq!(within(runway(9), Millis(4 * HOUR), end).money, Millis(4 * HOUR), "terms that end sooner");
        assert_eq!(within(runway(9), Millis(4 * HOUR), None).money, Millis(4 * HOUR));
    }

    #[test]
    fn a_small_one_draws_until_all_end_together_and_the_large_one_lives_on_its_lock() {
        let all = [drain(1000, 100), drain(0, 10)];
        assert_eq!(draws(Amount(50), &all), [Amount(0), Amount(50)]);
        assert_eq!(draws(Amount(210), &all), [Amount(100), Amount(110)]);
    }

    proptest! {
        #[test]
        fn draws_never_pass_the_purse_and_let_all_end_together(
            free in 0_u128..1 << 96,
            drains in prop::collection::vec((0_u128..1 << 90, 1_u128..1 << 80), 1..6),
        ) {
            let drains: Vec<Drain> = drains.into_iter().map(|(locked, rate)| drain(locked, rate)).collect();
            let draws = draws(Amount(free), &drains);
            prop_assert!(draws.iter().map(|draw| draw.0).sum::<u128>() <= free);
            let until = shared_end(Amount(free), &drains);
            for (draw, each) in draws.iter().zip(&drains) {
                let lasts = runway(Amount(draw.0 + each.locked.0), each.rate_per_hour).unwrap();
                prop_assert!(lasts.0 >= until, "{lasts:?} is before {until}");
                prop_assert!(*draw == Amount::ZERO || lasts.0 <= until + 1 || each.rate_per_hour.0 < MS_PER_HOUR, "more than its part");
            }
        }

        #[test]
        fn nobody_is_promised_more_than_all_the_money_covers(
            free in 0_u128..1 << 96,
            drains in prop::collection::vec((0_u128..1 << 90, 1_u128..1 << 80), 1..6),
        ) {
            let drains: Vec<Drain> = drains.into_iter().map(|(locked, rate)| drain(locked, rate)).collect();
            let ends = money(free, &drains);
            // Until the first one ends all of them go on: the purse covers that.
            let first = ends.iter().flatten().min().copied().unwrap_or(0);
            let drawn: u128 = drains.iter().map(|each| drawn(each, first)).sum();
            prop_assert!(drawn <= free, "{drawn} of {free} by {first} ms");
            // And it is no less than one gets out of its lock.
            for (end, each) in ends.iter().zip(&drains) {
                prop_assert!(*end >= runway(each.locked, each.rate_per_hour).map(|own| own.0));
            }
        }
    }
}
