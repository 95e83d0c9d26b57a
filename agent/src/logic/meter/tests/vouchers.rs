//! Which vouchers count, and what happens without one.

use super::*;

#[test]
fn a_right_voucher_covers_its_readings_and_leaves_a_record() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 65);
    let news = vouch(lab.page(1), 1);
    lab.hear(news.clone());
    assert_eq!(lab.spans(), [(2, 30, 60)]);
    assert_eq!((lab.page(1).vouched(), lab.page(1).vouched_seq), (Amount(83), 1));
    assert_eq!(lab.records.len(), 1);
    assert!(lab.records[0].countersigned.is_some());
    // Messages may come twice.
    lab.hear(news);
    assert_eq!((lab.warned.len(), lab.records.len()), (0, 1));
    // The third of a unit that was left over is not lost: 60 s are 166.67.
    lab.vouch(1);
    assert_eq!(lab.page(1).vouched(), Amount(166));
    lab.work(1, 30);
    lab.vouch(1);
    assert_eq!(lab.page(1).vouched(), Amount(250));
}

#[test]
fn a_false_voucher_is_refused_and_a_right_one_still_counts() {
    let mut lab = Lab::new(&[paid(1, 1), paid(2, 2)]);
    lab.work(1, 30);
    lab.vouch(1);
    lab.work(1, 30);
    let right = vouch(lab.page(1), 2);
    let with = |cumulative| VoucherNews {
        signed: sign(Voucher { agreement: agreement(1), cumulative: Amount(cumulative) }),
        ..right.clone()
    };
    let other = key(9).sign(right.signed.voucher.digest(&DOMAIN));
    let forged = SignedVoucher { signature: other, ..right.signed };
    let elsewhere = Domain { chain_id: 1, ..DOMAIN };
    let replayed = SignedVoucher {
        signature: meter_key().sign(right.signed.voucher.digest(&elsewhere)),
        ..right.signed
    };
    let nobody = SignedVoucher { signature: EvmSignature([0; 65]), ..right.signed };
    let cases = [
        (with(165), "come to 166"),
        (with(82), "an older one said 83"),
        (VoucherNews { signed: forged, ..right.clone() }, "not signed by the meter"),
        (VoucherNews { signed: replayed, ..right.clone() }, "not signed by the meter"),
        (VoucherNews { signed: nobody, ..right.clone() }, "not signed by the meter"),
        (VoucherNews { seq: 3, ..right.clone() }, "only 2 were made"),
    ];
    for (news, why) in cases {
        lab.hear(news);
        assert!(lab.warned.pop().is_some_and(|warned| warned.contains(why)), "{why}");
        assert_eq!((lab.page(1).vouched(), lab.spans().len()), (Amount(83), 1), "{why}");
    }
    lab.hear(right);
    assert_eq!((lab.page(1).vouched(), lab.warned.len()), (Amount(166), 0));
}

#[test]
fn what_the_contract_does_not_allow_is_not_asked_of_a_voucher() {
    let mut lease = paid(1, 1);
    let payment = lease.payment.as_mut().unwrap();
    payment.rates.egress_gib = Amount(1_000_000_000);
    let mut lab = Lab::new(&[lease]);
    lab.healthy(1);
    lab.meter.count(BTreeMap::from([(crate::logic::policy::tests::lease(1).lease, 10 << 30)]));
    lab.work(1, 30);
    // Ninety seconds since the start of the terms, less ten for a clock that is behind: 222 at 10,000 an hour.
    let right = Voucher { agreement: agreement(1), cumulative: Amount(222) };
    let short = Voucher { cumulative: Amount(221), ..right };
    let news = |voucher| VoucherNews { signed: sign(voucher), seq: 1, countersigned: vec![], ending: false };
    lab.hear(news(short));
    assert_eq!(lab.warned.len(), 1);
    lab.hear(news(right));
    assert_eq!((lab.warned.len(), lab.page(1).vouched()), (1, Amount(222)));
}

#[test]
fn work_without_a_voucher_is_barred_in_time_and_goes_on_with_one() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 175);
    assert_eq!(lab.meter.bar(lease(1).lease), None);
    assert_eq!(lab.meter.next_wake(lab.now()), Some(Duration::from_secs(180)));
    lab.mono += Duration::from_secs(5);
    assert!(lab.healthy(1));
    lab.see(&[(1, Soundness::Leaving)]);
    let bar = lab.meter.bar(lease(1).lease).unwrap();
    assert_eq!((bar.problem.code, bar.for_good), (ErrorCode::PaymentMissing, false));
    // A restart changes nothing about it.
    lab.reboot();
    lab.see(&[]);
    assert!(lab.meter.bar(lease(1).lease).is_some());
    // A voucher for a little of it is not enough, and one for most is.
    let news = vouch(lab.page(1), 1);
    lab.hear(news);
    assert!(!lab.see(&[]));
    lab.vouch(1);
    assert!(lab.see(&[]));
    assert_eq!(lab.meter.bar(lease(1).lease), None);
}

#[test]
fn a_false_voucher_does_not_buy_time() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    for _ in 0..18 {
        lab.work(1, 10);
        let news = vouch(lab.page(1), lab.page(1).seq);
        let voucher = Voucher {
            cumulative: news.signed.voucher.cumulative.saturating_sub(Amount(1)),
            ..news.signed.voucher
        };
        lab.hear(VoucherNews { signed: sign(voucher), ..news });
    }
    assert!(lab.meter.bar(lease(1).lease).is_some());
}

#[test]
fn who_asks_for_nothing_loses_nothing_and_never_stops() {
    let mut lease_of_nothing = paid(1, 1);
    let payment = lease_of_nothing.payment.as_mut().unwrap();
    (payment.rates, payment.terms.rate_per_hour) = (Rates::default(), Amount(0));
    let mut lab = Lab::new(&[lease_of_nothing]);
    lab.lending.offer = Some(Offer { rates: Rates::default(), ..lab.lending.offer.unwrap() });
    lab.reboot();
    lab.work(1, 40_000);
    assert_eq!(lab.meter.bar(lease(1).lease), None);
    let (_, page) = lab.meter.book().pages.first_key_value().unwrap();
    assert_eq!((page.unvouched.len(), page.earned()), (FREE_READINGS_MAX, Amount(0)));
}

#[test]
fn a_lost_voucher_comes_with_the_next_assignment() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 60);
    let news = vouch(lab.page(1), 2);
    let payment = lab.leases.values_mut().next().unwrap().payment.as_mut().unwrap();
    (payment.seq, payment.voucher) = (2, Some(news.signed));
    lab.assign();
    assert_eq!((lab.spans(), lab.page(1).vouched()), (vec![], Amount(166)));
    assert_eq!(lab.records.len(), 2);
}

#[test]
fn readings_of_a_lease_that_is_over_do_not_block_the_next_one_for_ever() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 180);
    lab.see(&[(1, Soundness::Leaving)]);
    let stopped = lab.mono;
    // While the lease is wanted nothing is given up, however long it takes.
    assert_eq!(lab.meter.heard(stopped + Duration::from_secs(600), lab.now()), []);
    lab.leases = BTreeMap::from([(lease(2).lease, paid(2, 1))]);
    lab.assign();
    lab.see(&[]);
    assert!(lab.meter.bar(lease(2).lease).is_some());
    assert_eq!(lab.meter.heard(stopped + Duration::from_secs(59), lab.now()), []);
    let effects = lab.meter.heard(stopped + Duration::from_secs(60), lab.now());
    lab.take(effects);
    assert!(lab.warned[0].contains("6 readings of"), "{:?}", lab.warned);
    assert!(lab.see(&[]) && lab.meter.bar(lease(2).lease).is_none());
    lab.work(2, 30);
    assert_eq!(lab.spans(), [(1, 180, 210)]);
}

#[test]
fn a_voucher_that_pays_too_little_is_kept_all_the_same_as_it_is_money() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 60);
    let voucher = Voucher { agreement: agreement(1), cumulative: Amount(100) };
    lab.hear(VoucherNews { signed: sign(voucher), seq: 2, countersigned: vec![], ending: false });
    assert_eq!((lab.page(1).vouched(), lab.spans().len()), (Amount(0), 2));
    assert_eq!(lab.disk.pages[&agreement(1)].best, Some(sign(voucher)));
}
