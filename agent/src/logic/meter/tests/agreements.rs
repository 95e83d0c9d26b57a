//! What is accepted, what stays agreed, and how it ends.

use super::*;

#[test]
fn a_payment_that_is_not_what_was_asked_is_refused() {
    let refusal = |change: fn(&mut Payment)| {
        let mut lease = paid(1, 1);
        change(lease.payment.as_mut().unwrap());
        let lab = Lab::new(std::slice::from_ref(&lease));
        assert!(lab.meter.book().pages.is_empty() || lab.meter.bar(lease.lease).is_none());
        lab.meter.bar(lease.lease).map(|bar| {
            assert!(bar.for_good && bar.problem.code == ErrorCode::PaymentRefused);
            bar.problem.message
        })
    };
    assert_eq!(refusal(|_| ()), None);
    assert_eq!(
        refusal(|p| p.rates.cpu_hour = Amount(20_001)),
        Some("What stands on chain is below the rates for what the lease reserves.".into())
    );
    for (change, why) in [
        ((|p| p.terms.provider = EvmAddress([1; 20])) as fn(&mut Payment), "pay somebody else"),
        (|p| p.rates.cpu_hour = Amount(19_999), "below the offer"),
        (|p| p.terms.rate_per_hour = Amount(9_999), "below the rates"),
        (|p| p.reserved.cpu = MilliCpu(499), "more than it pays for"),
        (|p| p.reserved.memory = Bytes::mib(255), "more than it pays for"),
        (|p| p.terms.expiry = p.terms.start, "has expired"),
        (
            |p| p.voucher = Some(sign(Voucher { agreement: agreement(2), cumulative: Amount(1) })),
            "not the meter's",
        ),
    ] {
        assert!(refusal(change).is_some_and(|message| message.contains(why)), "{why}");
    }
}

#[test]
fn payments_elsewhere_than_the_owner_trusts_are_refused() {
    let trusted = |trusted: Trusted| {
        let mut lab = Lab::new(&[]);
        lab.lending.trusted = trusted;
        lab.leases = BTreeMap::from([(lease(1).lease, paid(1, 1))]);
        lab.reboot();
        lab.meter.bar(lease(1).lease).is_none()
    };
    let right = Trusted {
        chain_id: Some(31_337),
        escrow: Some(EvmAddress([7; 20])),
        token: Some(EvmAddress([6; 20])),
    };
    assert!(trusted(Trusted::default()) && trusted(right));
    assert!(!trusted(Trusted { chain_id: Some(1), ..right }));
    assert!(!trusted(Trusted { escrow: Some(EvmAddress([8; 20])), ..right }));
    assert!(!trusted(Trusted { token: Some(EvmAddress::ZERO), ..right }));
}

#[test]
fn what_was_agreed_stays_agreed_when_the_offer_changes() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.lending.offer =
        Some(Offer { payee: EvmAddress([1; 20]), rates: Rates { cpu_hour: Amount(9_000_000), ..rates() } });
    lab.reboot();
    assert_eq!(lab.meter.bar(lease(1).lease), None);
    // And it is held to: the coordinator cannot lower it either.
    lab.leases.values_mut().for_each(|lease| lease.payment.as_mut().unwrap().rates.cpu_hour = Amount(1));
    lab.reboot();
    assert!(lab.meter.bar(lease(1).lease).is_some());
}

#[test]
fn a_book_that_was_lost_goes_on_from_what_the_coordinator_says() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 60);
    let news = vouch(lab.page(1), 2);
    let charged_to = lab.now().wall;
    let payment = lab.leases.values_mut().next().unwrap().payment.as_mut().unwrap();
    (payment.seq, payment.voucher, payment.charged_to) = (2, Some(news.signed), charged_to);
    lab.disk = MoneyBook::default();
    lab.reboot();
    lab.work(1, 30);
    assert_eq!((lab.spans(), lab.page(1).earned()), (vec![(3, 60, 90)], Amount(249)));
}

#[test]
fn a_close_is_signed_once_all_work_is_vouched_for_and_the_lease_is_gone() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 45);
    lab.vouch(1);
    let mut ending = vouch(lab.page(1), lab.page(1).vouched_seq);
    ending.ending = true;
    lab.hear(ending.clone());
    lab.see(&[(1, Soundness::Leaving)]);
    lab.leases.clear();
    lab.assign();
    lab.see(&[]);
    assert_eq!(lab.to_close, [], "fifteen seconds are not vouched for yet");
    let last = VoucherNews { ending: true, ..vouch(lab.page(1), 2) };
    lab.hear(last.clone());
    let total = Voucher { agreement: agreement(1), cumulative: Amount(125) };
    assert_eq!(lab.to_close, [total]);
    lab.hear(last);
    assert_eq!(lab.to_close.len(), 1);
    let signature = own().sign(
        ttalkak_escrow::Close { agreement: total.agreement, cumulative: total.cumulative }.digest(&DOMAIN),
    );
    lab.meter.closed(SignedClose { total, signature }, lab.now());
    lab.write(true);
    assert_eq!(lab.meter.news(lab.now().wall).closes.len(), 1);
    assert!(lab.meter.is_idle());
    lab.mono += Duration::from_secs(25 * 3600);
    assert_eq!(lab.meter.news(lab.now().wall).closes, []);
}

#[test]
fn closes_are_not_signed_for_another_wallet() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.lending.own_wallet = None;
    lab.reboot();
    lab.leases.clear();
    lab.assign();
    let signed = sign(Voucher { agreement: agreement(1), cumulative: Amount(0) });
    lab.hear(VoucherNews { signed, seq: 0, countersigned: vec![], ending: true });
    assert_eq!((lab.to_close.len(), lab.page(1).ending), (0, true));
}

#[test]
fn agreements_that_are_long_over_leave_the_book_and_are_kept_beside_it() {
    let mut lab = Lab::new(&[paid(1, 1)]);
    lab.work(1, 30);
    lab.vouch(1);
    lab.leases.clear();
    lab.see(&[(1, Soundness::Leaving)]);
    lab.mono += Duration::from_secs(31 * 24 * 3600);
    lab.meter.assigned(&BTreeMap::new(), lab.now());
    let Some(Effect::KeepBook { entry, .. }) = lab.meter.flush(lab.now()) else { panic!("nothing to keep") };
    assert_eq!((entry.book.pages.len(), entry.ended.len()), (0, 1));
    assert!(entry.ended[0].voucher.is_some());
}

#[test]
fn each_agreement_gets_its_share_of_a_report() {
    let mut lab = Lab::new(&[]);
    lab.lending.willing_to_lose = Duration::from_secs(86_400);
    lab.leases = (1..=3).map(|n| (lease(n).lease, paid(n, u64::try_from(n).unwrap()))).collect();
    lab.reboot();
    for _ in 0..5_000 {
        let healthy = Soundness::Healthy { seen: lab.mono, doubted: false };
        lab.see(&[(1, healthy), (2, healthy), (3, healthy)]);
        lab.mono += Duration::from_secs(5);
    }
    let readings = lab.meter.news(lab.now().wall).readings;
    assert_eq!(readings.len(), 198);
    for salt in 1..=3 {
        let of = readings.iter().filter(|(_, reading)| reading.agreement == agreement(salt));
        assert_eq!(of.map(|(_, reading)| reading.seq).collect::<Vec<_>>(), (1..=66).collect::<Vec<_>>());
    }
}
