use super::*;
use proptest::prelude::*;
use ttalkak_protocol::money::EvmAddress;
use uuid::Uuid;

const HOUR: Millis = Millis(3_600_000);
const DAY: Millis = Millis(24 * 3_600_000);
const FAR: u64 = 4_000_000_000;

fn in_use(id: u128, cap: u128, charged: u128, rate: u128) -> InUse {
    InUse {
        agreement: AgreementId::new(Uuid::from_u128(id)),
        cap: Amount(cap),
        pending: Amount::ZERO,
        charged: Amount(charged),
        rate_per_hour: Amount(rate),
        expiry: FAR,
    }
}

fn one(agreement: InUse, free: u128, allowed: u128) -> Option<u128> {
    let raises = raises(&[agreement], Amount(free), Amount(allowed), DAY, UnixMillis(0));
    raises.first().map(|raise| raise.by.0)
}

#[test]
fn a_cap_is_filled_up_when_less_than_a_quarter_is_left() {
    assert_eq!(one(in_use(1, 2400, 1800, 100), 10_000, 10_000), None);
    assert_eq!(one(in_use(1, 2400, 1801, 100), 10_000, 10_000), Some(1801));
    let on_its_way = InUse { pending: Amount(1801), ..in_use(1, 2400, 1801, 100) };
    assert_eq!(one(on_its_way, 10_000, 10_000), None);
}

#[test]
fn a_raise_stays_within_the_free_money_and_the_mandate() {
    assert_eq!(one(in_use(1, 0, 0, 100), 700, 10_000), Some(700));
    assert_eq!(one(in_use(1, 0, 0, 100), 10_000, 700), Some(700));
    assert_eq!(one(in_use(1, 0, 0, 100), 0, 700), None);
}

#[test]
fn a_raise_that_buys_less_than_a_minute_is_not_sent() {
    assert_eq!(one(in_use(1, 0, 0, 6000), 99, 10_000), None);
    assert_eq!(one(in_use(1, 0, 0, 6000), 100, 10_000), Some(100));
    assert_eq!(one(in_use(1, 0, 0, 0), 100, 10_000), None, "what costs nothing needs no money");
}

#[test]
fn a_lock_of_a_minute_is_filled_up_before_it_is_used_up() {
    let minute = Millis(60_000);
    let by = |charged| {
        raises(&[in_use(1, 100, charged, 6000)], Amount(10_000), Amount(10_000), minute, UnixMillis(0))
    };
    assert_eq!(by(75), []);
    assert_eq!(by(76).first().map(|raise| raise.by.0), Some(76));
}

#[test]
fn no_more_is_locked_than_can_be_used_before_the_expiry() {
    let soon = InUse { expiry: 3 * 3600, ..in_use(1, 0, 0, 100) };
    assert_eq!(one(soon, 10_000, 10_000), Some(300));
    assert_eq!(one(InUse { expiry: 0, ..soon }, 10_000, 10_000), None);
}

#[test]
fn little_money_is_shared_by_rate_so_that_none_starves_another() {
    let all = [in_use(1, 0, 0, 100), in_use(2, 0, 0, 300)];
    let raises = raises(&all, Amount(400), Amount(10_000), DAY, UnixMillis(0));
    assert_eq!(raises.iter().map(|raise| raise.by.0).collect::<Vec<_>>(), [100, 300]);
}

#[test]
fn time_and_money_are_two_sides_of_a_rate() {
    assert_eq!(cost(Amount(100), HOUR), Amount(100));
    assert_eq!(cost(Amount(1), Millis(1)), Amount(1));
    assert_eq!(lasts(Amount(50), Amount(100)), Millis(1_800_000));
    assert_eq!(lasts(Amount(50), Amount(0)), Millis(u64::MAX));
    assert_eq!(lasts(Amount::MAX, Amount(1)), Millis(u64::MAX));
}

fn mandate(period: u64) -> Mandate {
    Mandate {
        tenant: EvmAddress([1; 20]),
        token: EvmAddress([2; 20]),
        rate_per_hour_max: Amount(100),
        cap: Amount(1000),
        period,
        start: 1000,
        expiry: 5000,
        salt: 1,
    }
}

#[test]
fn a_mandate_permits_what_the_contract_would() {
    let terms = Terms {
        tenant: EvmAddress([1; 20]),
        provider: EvmAddress([3; 20]),
        token: EvmAddress([2; 20]),
        rate_per_hour: Amount(100),
        start: 1000,
        expiry: 5000,
        salt: 1,
    };
    assert!(permits(&mandate(0), &terms));
    for outside in [
        Terms { tenant: EvmAddress([9; 20]), ..terms },
        Terms { token: EvmAddress([9; 20]), ..terms },
        Terms { rate_per_hour: Amount(101), ..terms },
        Terms { start: 999, ..terms },
        Terms { expiry: 5001, ..terms },
    ] {
        assert!(!permits(&mandate(0), &outside), "{outside:?}");
    }
    let at = |seconds: i64| is_current(&mandate(0), UnixMillis(seconds * 1000));
    assert_eq!([999, 1000, 4999, 5000].map(at), [false, true, true, false]);
}

#[test]
fn a_new_period_makes_the_cap_fresh_again() {
    let at = |period, used, seconds: i64| {
        allowed(&mandate(period), used, Amount(100), UnixMillis(seconds * 1000)).0
    };
    assert_eq!(at(0, (Amount(300), 0), 4000), 600);
    assert_eq!(at(500, (Amount(300), 2), 2400), 600);
    assert_eq!(at(500, (Amount(300), 2), 2500), 900);
    assert_eq!(at(0, (Amount(3000), 0), 4000), 0);
}

#[test]
fn a_small_deployment_beside_large_ones_is_not_starved_on_a_nearly_empty_purse() {
    // By its share of all rates the small one would get a hundredth: less than is worth a call, so it would stop.
    let all = [in_use(1, 1_000_000, 0, 99_000), in_use(2, 1000, 990, 1000)];
    let raises = raises(&all, Amount(5_000), Amount(100_000), HOUR, UnixMillis(0));
    assert_eq!(
        raises.iter().map(|raise| (raise.agreement, raise.by.0)).collect::<Vec<_>>(),
        [(all[1].agreement, 990)]
    );
}

proptest! {
    #[test]
    fn who_is_raised_lasts_as_long_as_the_purse_does_for_all(
        raw in proptest::collection::vec((0_u128..1 << 60, 3_600_000_u128..1 << 50), 1..8),
        free in 0_u128..1 << 60,
    ) {
        let all: Vec<InUse> = raw.iter().zip(0..).map(|((cap, rate), id)| in_use(id, *cap, 0, *rate)).collect();
        let drains: Vec<_> = all.iter().map(drain).collect();
        let together = runway::draws(Amount(free), &drains);
        for raise in raises(&all, Amount(free), Amount::MAX, DAY, UnixMillis(0)) {
            let at = all.iter().position(|one| one.agreement == raise.agreement).unwrap();
            let (one, draw) = (&all[at], together[at]);
            prop_assert!(raise.by <= draw);
            // Filled up for a day, or all that leaves the others as long a life.
            let full = cost(one.rate_per_hour, DAY);
            prop_assert!(raise.by == draw || one.cap.0 + raise.by.0 == full.0);
        }
    }

    #[test]
    fn raises_never_pass_the_money_nor_the_mandate(
        raw in proptest::collection::vec((0_u128..1 << 96, 0_u128..1 << 96, 0_u128..1 << 80), 0..20),
        free in 0_u128..1 << 96,
        allowed in 0_u128..1 << 96,
    ) {
        let all: Vec<InUse> = raw.iter().zip(0..).map(|((cap, charged, rate), id)| in_use(id, *cap, *charged.min(cap), *rate)).collect();
        let raises = raises(&all, Amount(free), Amount(allowed), DAY, UnixMillis(0));
        let sum: u128 = raises.iter().map(|raise| raise.by.0).sum();
        prop_assert!(sum <= free && sum <= allowed);
        for raise in raises {
            prop_assert!(raise.by > Amount::ZERO && raise.cap <= Amount::MAX);
        }
    }

    #[test]
    fn shares_of_a_sum_never_pass_it(free in 0_u128..1 << 96, rates in proptest::collection::vec(0_u128..1 << 90, 1..20)) {
        let all = Amount(rates.iter().sum());
        let sum: u128 = rates.iter().map(|rate| share(Amount(free), Amount(*rate), all).0).sum();
        prop_assert!(sum <= free);
    }
}
