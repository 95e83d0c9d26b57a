use super::*;
use crate::typed::tests::{any_amount, any_terms};
use proptest::prelude::*;
use ttalkak_protocol::money::EvmAddress;

fn terms(rate: u128, start: u64, expiry: u64) -> Terms {
    let nobody = EvmAddress::ZERO;
    Terms {
        tenant: nobody,
        provider: nobody,
        token: nobody,
        rate_per_hour: Amount(rate),
        start,
        expiry,
        salt: 0,
    }
}

/// The contract's own check: `cumulative <= cap` and `cumulative * 3600 <= ratePerHour * elapsed`, in 256 bits.
fn allowed(terms: &Terms, cap: Amount, now: u64, ended_at: Option<u64>, cumulative: Amount) -> bool {
    let until = now.min(terms.expiry).min(ended_at.unwrap_or(u64::MAX));
    let elapsed = U256::from(until.saturating_sub(terms.start));
    cumulative <= cap
        && U256::from(cumulative.0) * U256::from(3600) <= U256::from(terms.rate_per_hour.0) * elapsed
}

#[test]
fn it_grows_with_time_until_the_cap() {
    let terms = terms(3_600, 100, 10_000);
    let at = |now| ceiling(&terms, Amount(50), now, None).0;
    assert_eq!([0, 99, 100, 101, 149, 150, 151, 9_999].map(at), [0, 0, 0, 1, 49, 50, 50, 50]);
}

#[test]
fn it_freezes_at_expiry_and_at_the_end_whichever_is_first() {
    let terms = terms(3_600, 100, 200);
    let at = |now, ended| ceiling(&terms, Amount::MAX, now, ended).0;
    assert_eq!(at(500, None), 100);
    assert_eq!(at(500, Some(150)), 50);
    assert_eq!(at(120, Some(150)), 20);
    assert_eq!(at(500, Some(50)), 0);
    assert_eq!(at(500, Some(900)), 100);
}

#[test]
fn parts_of_a_unit_are_not_earned_yet() {
    assert_eq!(ceiling(&terms(1, 0, 1 << 39), Amount::MAX, 3_599, None), Amount::ZERO);
    assert_eq!(ceiling(&terms(1, 0, 1 << 39), Amount::MAX, 3_600, None), Amount(1));
}

proptest! {
    #[test]
    fn it_is_the_largest_total_that_the_contract_allows(
        terms in any_terms(),
        cap in any_amount(),
        now in 0_u64..1 << 41,
        ended_at in prop::option::of(1_u64..1 << 40),
    ) {
        let most = ceiling(&terms, cap, now, ended_at);
        prop_assert!(allowed(&terms, cap, now, ended_at, most));
        prop_assert!(!allowed(&terms, cap, now, ended_at, Amount(most.0 + 1)));
    }
}
