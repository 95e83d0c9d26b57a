//! What holds whatever workloads, clocks, disks and coordinators do.

use super::{
    tests::{Lab, agreement, paid, vouch},
    *,
};
use crate::logic::policy::tests::lease;
use proptest::prelude::*;
use ttalkak_protocol::{link::VoucherNews, unit::UnixMillis};

#[derive(Debug, Clone, Copy)]
enum Step {
    Healthy(u128),
    Doubted(u128),
    Down(u128),
    Leaving(u128),
    Pass(u64),
    JumpWall(i64),
    Vouch(u64),
    Lie(u64),
    DiskFull,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1_u128..4).prop_map(Step::Healthy),
        1 => (1_u128..4).prop_map(Step::Doubted),
        1 => (1_u128..4).prop_map(Step::Down),
        1 => (1_u128..4).prop_map(Step::Leaving),
        8 => (1_u64..12_000).prop_map(Step::Pass),
        1 => (-60_000_i64..60_000).prop_map(Step::JumpWall),
        2 => (1_u64..3).prop_map(Step::Vouch),
        1 => (1_u64..3).prop_map(Step::Lie),
        1 => Just(Step::DiskFull),
        1 => Just(Step::Crash),
    ]
}

/// What really happened, by a clock that nobody can set.
#[derive(Default)]
struct Truth {
    seen: BTreeMap<u128, Soundness>,
    /// Proven healthy time of each agreement's leases together: no reading may claim more.
    proven: BTreeMap<ChainHash, Duration>,
    /// Every reading that anybody was told, by agreement and number.
    told: BTreeMap<(ChainHash, u64), Reading>,
}

/// Leases 1 and 2 are two releases under one agreement, lease 3 has its own.
fn salt(n: u128) -> u64 {
    if n == 3 { 2 } else { 1 }
}

fn play(lab: &mut Lab, truth: &mut Truth, step: Step) {
    match step {
        Step::Healthy(n) => {
            if let Some(Soundness::Healthy { seen, .. }) = truth.seen.get(&n) {
                *truth.proven.entry(agreement(salt(n))).or_default() += lab.mono - *seen;
            }
            truth.seen.insert(n, Soundness::Healthy { seen: lab.mono, doubted: false });
        }
        Step::Doubted(n) => {
            if let Some(Soundness::Healthy { doubted, .. }) = truth.seen.get_mut(&n) {
                *doubted = true;
            }
        }
        Step::Down(n) => drop(truth.seen.insert(n, Soundness::Down)),
        Step::Leaving(n) => {
            // Without a doubt it counts as healthy until it was asked to go.
            if let Some(Soundness::Healthy { seen, doubted: false }) = truth.seen.get(&n) {
                *truth.proven.entry(agreement(salt(n))).or_default() += lab.mono - *seen;
            }
            truth.seen.insert(n, Soundness::Leaving);
        }
        Step::Pass(ms) => lab.mono += Duration::from_millis(ms),
        Step::JumpWall(ms) => lab.jumped += ms,
        Step::Vouch(salt) => lab.vouch(salt),
        Step::Lie(salt) => {
            let page = lab.page(salt);
            let news = vouch(page, page.seq);
            let mut lie = news.signed.voucher;
            if lie.cumulative.0 > 0 {
                lie.cumulative.0 -= 1;
                lab.hear(VoucherNews { signed: super::tests::sign(lie), ..news });
            }
        }
        Step::DiskFull => lab.write(false),
        Step::Crash => {
            lab.reboot();
            truth.seen.clear();
        }
    }
    let seen: Vec<_> = truth.seen.iter().map(|(n, soundness)| (*n, *soundness)).collect();
    let seen: BTreeMap<LeaseId, Soundness> =
        seen.into_iter().map(|(n, soundness)| (lease(n).lease, soundness)).collect();
    lab.meter.observe(&seen, lab.now());
    if !matches!(step, Step::DiskFull) {
        lab.write(true);
    }
}

fn check(lab: &Lab, truth: &mut Truth, latest: UnixMillis) -> Result<(), TestCaseError> {
    for (_, reading) in lab.meter.news(lab.now().wall).readings {
        prop_assert!(reading.from < reading.to);
        prop_assert!(reading.to <= latest, "in the future");
        let old = truth.told.insert((reading.agreement, reading.seq), reading.clone());
        prop_assert!(old.is_none_or(|old| old == reading), "one number, two readings");
    }
    for (key, page) in &lab.meter.book().pages {
        let open = lab.meter.spans.get(key).map_or(Duration::ZERO, |span| span.length(lab.mono));
        let exposed = Duration::from_millis(page.unvouched_ms()) + open;
        prop_assert_eq!(exposed, lab.meter.exposure(*key, lab.now()));
        // The steps of time are at most twelve seconds; a driver is woken right at the bound.
        let bound = lab.lending.willing_to_lose + Duration::from_secs(12);
        prop_assert!(exposed <= bound || lab.meter.missing.contains_key(key), "unpaid work went on");
    }
    Ok(())
}

proptest! {
    // Each signs and checks dozens of vouchers; more of them take the patience of whoever waits.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn spans_never_overlap_gaps_are_never_charged_and_nothing_told_is_forgotten(
        steps in prop::collection::vec(step(), 0..250),
    ) {
        let mut lab = Lab::new(&[paid(1, 1), paid(2, 1), paid(3, 2)]);
        let mut truth = Truth::default();
        let mut latest = lab.now().wall;
        for step in steps {
            play(&mut lab, &mut truth, step);
            latest = latest.max(lab.now().wall);
            check(&lab, &mut truth, latest)?;
        }
        for key in [agreement(1), agreement(2)] {
            let of: Vec<&Reading> = truth.told.range((key, 0)..=(key, u64::MAX)).map(|(_, reading)| reading).collect();
            prop_assert!(of.iter().enumerate().all(|(at, reading)| reading.seq == at as u64 + 1));
            prop_assert!(of.windows(2).all(|pair| pair[0].to <= pair[1].from), "{of:?}");
            let charged: u64 = of.iter().map(|reading| reading.to.since(reading.from).0).sum();
            let proven = truth.proven.get(&key).copied().unwrap_or_default();
            prop_assert!(Duration::from_millis(charged) <= proven, "{charged} ms of {proven:?}");
        }
    }
}
