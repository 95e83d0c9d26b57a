use super::*;
use ttalkak_protocol::{
    money::{ChainHash, EvmAddress},
    unit::{Bytes, MilliCpu},
};
use uuid::Uuid;

const START: i64 = 1_000_000;

fn at(seconds: i64) -> UnixMillis {
    UnixMillis((START + seconds) * 1000)
}

/// A token of six decimals: one whole processor costs 3.6 tokens an hour, which is 1000 base units a second.
fn metered() -> Metered {
    let rates = Rates { cpu_hour: Amount(3_600_000), ..Rates::default() };
    Metered {
        terms: Terms {
            tenant: EvmAddress([1; 20]),
            provider: EvmAddress([2; 20]),
            token: EvmAddress([3; 20]),
            rate_per_hour: Amount(3_600_000),
            start: START.unsigned_abs(),
            expiry: START.unsigned_abs() + 1_000_000,
            salt: 1,
        },
        rates,
        reserved: Reserved { cpu: MilliCpu(1000), memory: Bytes(0), disk: Bytes(0) },
        cap: Amount(1_000_000),
        charged: Amount::ZERO,
        carry: Carry::ZERO,
        seq: 0,
        charged_to: at(0),
        stands: true,
        ended_at: None,
    }
}

fn lease() -> LeaseId {
    LeaseId::new(Uuid::nil())
}

fn leased() -> Leased {
    Leased { lease: lease(), healthy_at: Some(at(60)), ended_at: None }
}

fn reading(seq: u64, from: i64, to: i64) -> Reading {
    Reading { agreement: ChainHash::ZERO, seq, lease: lease(), from: at(from), to: at(to), egress: Bytes(0) }
}

fn judged(metered: &Metered, leased: &Leased, reading: &Reading, now: i64) -> Verdict {
    judge(metered, Some(leased), reading, at(now))
}

fn charged(verdict: Verdict) -> u128 {
    let Verdict::Charge { charge, .. } = verdict else { panic!("not charged: {verdict:?}") };
    charge.0
}

#[test]
fn ten_healthy_seconds_cost_ten_seconds() {
    assert_eq!(charged(judged(&metered(), &leased(), &reading(1, 60, 70), 71)), 10_000);
}

#[test]
fn a_reading_counts_once_and_in_its_turn() {
    let after = Metered { seq: 3, charged_to: at(100), ..metered() };
    assert_eq!(judged(&after, &leased(), &reading(3, 60, 70), 200), Verdict::Known);
    assert_eq!(judged(&after, &leased(), &reading(5, 100, 110), 200), Verdict::Refused(Refusal::Number(3)));
    assert_eq!(judged(&after, &leased(), &reading(4, 99, 110), 200), Verdict::Refused(Refusal::Overlap));
    assert_eq!(charged(judged(&after, &leased(), &reading(4, 100, 110), 200)), 10_000);
}

#[test]
fn time_before_health_and_after_the_end_is_free() {
    assert_eq!(
        judged(&metered(), &Leased { healthy_at: Some(at(200)), ..leased() }, &reading(1, 100, 210), 220),
        Verdict::Refused(Refusal::Early)
    );
    let ended = Leased { ended_at: Some(at(100)), ..leased() };
    assert_eq!(judged(&metered(), &ended, &reading(1, 60, 116), 200), Verdict::Refused(Refusal::Late));
    assert_eq!(charged(judged(&metered(), &ended, &reading(1, 60, 110), 200)), 50_000);
    let over = Metered { ended_at: Some(at(100)), ..metered() };
    assert_eq!(judged(&over, &leased(), &reading(1, 60, 116), 200), Verdict::Refused(Refusal::Late));
    assert_eq!(judge(&over, None, &reading(1, 60, 116), at(200)), Verdict::Refused(Refusal::Late));
    assert_eq!(judged(&metered(), &leased(), &reading(1, 70, 70), 200), Verdict::Refused(Refusal::Span));
}

#[test]
fn a_clock_that_is_ahead_and_an_agreement_that_is_on_its_way_only_wait() {
    assert_eq!(judged(&metered(), &leased(), &reading(1, 60, 70), 64), Verdict::Later);
    let pending = Metered { stands: false, cap: Amount::ZERO, ..metered() };
    assert_eq!(judged(&pending, &leased(), &reading(1, 60, 70), 71), Verdict::Later);
    let unseen = Leased { healthy_at: None, ..leased() };
    assert_eq!(judged(&metered(), &unseen, &reading(1, 60, 70), 71), Verdict::Later);
}

#[test]
fn a_charge_never_goes_above_what_the_contract_would_pay() {
    let near = Metered { charged: Amount(999_000), cap: Amount(1_000_000), ..metered() };
    let Verdict::Charge { charge, charged, carry } = judged(&near, &leased(), &reading(1, 60, 2000), 2001)
    else {
        panic!("not charged")
    };
    assert_eq!((charge, charged, carry), (Amount(1000), Amount(1_000_000), Carry::ZERO));
    // Much was sent at once: the contract's bound over time holds.
    let sends = Metered { rates: Rates { egress_gib: Amount(1_000_000), ..metered().rates }, ..metered() };
    let burst = Reading { egress: Bytes(1 << 30), ..reading(1, 60, 70) };
    let Verdict::Charge { charged, .. } = judged(&sends, &leased(), &burst, 70) else {
        panic!("not charged")
    };
    assert_eq!(charged, Amount(70_000));
}

#[test]
fn many_short_readings_cost_what_one_long_one_does() {
    let mut metered =
        Metered { rates: Rates { cpu_hour: Amount(1_234_567), ..Rates::default() }, ..metered() };
    let whole = charged(judged(&metered, &leased(), &reading(1, 60, 660), 700));
    for n in 0..600 {
        let one = reading(u64::try_from(n).unwrap() + 1, 60 + n, 61 + n);
        let Verdict::Charge { charged, carry, .. } = judged(&metered, &leased(), &one, 700) else {
            panic!("not charged")
        };
        metered = Metered { charged, carry, seq: one.seq, charged_to: one.to, ..metered };
    }
    assert_eq!(metered.charged.0, whole);
}
